"""The settings: each declared once, where its value is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from relay.chunk_bytes import LARGEST_CHUNK_BYTES, SMALLEST_CHUNK_BYTES
from tui.i18n import N_
from tui.settings.declaration import Between, Even, HttpUrl, Option, option, options_of, required

DEFAULT_SERVER_URL = "http://127.0.0.1:8000"
CHUNK_BYTES = Between(SMALLEST_CHUNK_BYTES, LARGEST_CHUNK_BYTES)
"""From 2 ms of audio up to the limit in `relay.config`."""

Echo = Literal["off", "cancel", "half-duplex"]
SpokenLanguage = Literal["ja", "en"]
Origin = Literal["flag", "environment", "file", "default"]
"""What a setting's value comes from, strongest first."""


@dataclass(frozen=True, slots=True)
class Profile:
    """A server by name."""

    name: str = required(N_("Name of the profile, for --profile and the login screen."))
    server_url: str = required(N_("Address of the server."), HttpUrl(), metavar="URL")
    username: str = option("", N_("Account on this server."))
    insecure: bool = option(False, N_("Accept this server's certificate even if it cannot be verified."))


@dataclass(frozen=True, slots=True)
class AudioDefaults:
    """A conversation's defaults; the fields are those of ``relay.config``."""

    source: str | None = option(
        None,
        N_(
            "Source of your voice: mic[:DEVICE], wav:PATH[?loop], tcp:HOST:PORT, tone[:HZ] or silence. Unset: "
            "the microphone if there is one, otherwise the sample recordings."
        ),
        variable="SALESMIND_SOURCE",
        flag="--source",
        metavar="SPEC",
    )
    sink: str | None = option(
        None,
        N_(
            "Where to play the customer: speaker[:DEVICE], wav:PATH, tcp:HOST:PORT or none. Unset: the "
            "loudspeaker if there is one."
        ),
        variable="SALESMIND_SINK",
        flag="--sink",
        metavar="SPEC",
    )
    chunk_bytes: int = option(
        1_920,
        N_("Bytes of PCM16 per message; must be even. 1920 bytes are 40 ms."),
        CHUNK_BYTES,
        Even(),
        variable="SALESMIND_CHUNK_BYTES",
        flag="--chunk-bytes",
    )
    voice: str = option("marin", N_("Voice of the customer."), flag="--voice", metavar="NAME")
    echo: Echo = option("off", N_("How to handle loudspeaker echo."), flag="--echo")
    gain_db: float = option(
        0.0,
        N_("How much louder than captured your voice is sent, in dB."),
        Between(-40, 40),
        variable="SALESMIND_GAIN_DB",
    )
    vad_threshold: float = option(
        0.5, N_("Level that counts as speech, 0 to 1."), Between(0.0, 1.0), flag="--vad-threshold"
    )
    vad_prefix_ms: int = option(
        300,
        N_("Milliseconds of audio to keep from before speech starts."),
        Between(0, 5_000),
        flag="--vad-prefix-ms",
    )
    vad_silence_ms: int = option(
        500,
        N_("Milliseconds of silence that end a turn."),
        Between(50, 10_000),
        flag="--vad-silence-ms",
    )


@dataclass(frozen=True, slots=True)
class RecordingSettings:
    """Which conversations are recorded, where, and for how long they are kept."""

    on: bool = option(
        True,
        N_("Record the conversations of the console: events and the audio of both sides."),
        variable="SALESMIND_RECORDING",
        flag="--no-recording",
    )
    directory: Path | None = option(
        None,
        N_(
            "Directory for recordings; if set, `salesmind talk` records there too. Unset: `recordings` in the "
            "state directory."
        ),
        variable="SALESMIND_RECORD_DIR",
        metavar="DIR",
        formerly="record_directory",
    )
    keep_days: int = option(
        30,
        N_("Days after which the console deletes recordings that are not marked; 0: never."),
        Between(0, 36_500),
        variable="SALESMIND_KEEP_DAYS",
    )
    keep_gb: float = option(
        5.0,
        N_(
            "Limit for recordings in gigabytes; above it, the console deletes the oldest ones that are not "
            "marked. 0: no limit."
        ),
        Between(0, 100_000),
        variable="SALESMIND_KEEP_GB",
    )


@dataclass(frozen=True, slots=True)
class ConnectionSettings:
    """How long a conversation waits for its server; the fields are those of ``relay.config``, in seconds."""

    patience_s: float = option(
        75.0,
        N_(
            "Seconds for which `salesmind talk` retries a lost connection. The live screen retries until you "
            "leave it."
        ),
        Between(0, 86_400),
        variable="SALESMIND_PATIENCE_S",
    )
    renew_after_s: float = option(
        3_300.0,
        N_(
            "Age in seconds at which a connection is replaced between two turns, because the Realtime API ends "
            "it after 60 minutes. 0: never."
        ),
        Between(0, 86_400),
        variable="SALESMIND_RENEW_AFTER_S",
    )
    answer_within_s: float = option(
        30.0,
        N_(
            "Seconds that a server may answer nothing at all, because it is busy, before the connection is given up."
        ),
        Between(1, 600),
        variable="SALESMIND_ANSWER_WITHIN_S",
    )
    line_answer_within_s: float = option(
        5.0,
        N_(
            "Seconds that a connection may answer nothing while the server answers on another one. Raise this "
            "if several servers share the address and one of them may be busy."
        ),
        Between(2, 600),
        variable="SALESMIND_LINE_ANSWER_WITHIN_S",
    )


@dataclass(frozen=True, slots=True)
class ConsoleSettings:
    """All settings of the app."""

    profiles: tuple[Profile, ...] = ()
    profile: str | None = option(
        None,
        N_("Server profile selected at the start. Unset: the last one used, or else the first."),
        variable="SALESMIND_PROFILE",
        flag="--profile",
        metavar="NAME",
    )
    server_url: str | None = option(
        None,
        N_("SalesMind server to use; takes precedence over every profile."),
        HttpUrl(),
        variable="SALESMIND_SERVER",
        flag="--server",
        metavar="URL",
        in_file=False,
    )
    username: str = option(
        "", N_("Account on the server."), variable="SALESMIND_USERNAME", flag="--username", metavar="NAME"
    )
    insecure: bool = option(
        False,
        N_("Accept certificates from any server, even if they cannot be verified."),
        variable="SALESMIND_INSECURE",
        flag="--insecure",
    )
    demo: bool = False
    """Show the demo account on the login screen."""
    language: Literal["ja", "en"] | None = option(
        None,
        N_("Language of the interface. Unset: the locale's."),
        variable="SALESMIND_LANG",
        flag="--lang",
    )
    conversation_language: SpokenLanguage | None = option(
        None,
        N_("Language spoken with the customer. Unset: the interface's."),
        flag="--language",
    )
    theme: str | None = option(None, N_("Colour theme of the console."), variable="SALESMIND_THEME")
    plain: bool = option(
        False,
        N_("Draw signals with ASCII only, for terminals and fonts without braille."),
        variable="SALESMIND_PLAIN",
        flag="--plain",
    )
    low_bandwidth: bool | None = option(
        None,
        N_(
            "Write less to the terminal: figures about every second, signals every five, no motion. Unset: only "
            "over SSH, when the line turns out to be slow."
        ),
        variable="SALESMIND_LOW_BANDWIDTH",
        flag="--low-bandwidth",
    )
    terminal_title: bool = option(
        True,
        N_("Show server and connection in the title of the terminal window."),
        variable="SALESMIND_TITLE",
    )
    alert: Literal["off", "bell", "notification"] = option(
        "off",
        N_(
            "When a connection is lost or an acceptance run fails: ring the terminal's bell, or also ask for a "
            "desktop notification (OSC 9)."
        ),
        variable="SALESMIND_ALERT",
    )
    keys: Mapping[str, str] = field(default_factory=dict)
    """Binding id to comma-separated keys, for ``App.set_keymap``."""
    audio: AudioDefaults = AudioDefaults()
    recording: RecordingSettings = RecordingSettings()
    connection: ConnectionSettings = ConnectionSettings()
    config_path: Path | None = None
    origins: Mapping[str, Origin] = field(default_factory=dict)
    """Where each setting comes from, by its key; one that is not here is a default."""
    state_directory: Path = Path()

    @property
    def recordings_directory(self) -> Path:
        """Where the recordings are."""
        return self.recording.directory or self.state_directory / "recordings"


TOP_OPTIONS: tuple[Option, ...] = tuple(options_of(ConsoleSettings))
AUDIO_OPTIONS: tuple[Option, ...] = tuple(options_of(AudioDefaults, "audio"))
PROFILE_OPTIONS: tuple[Option, ...] = tuple(options_of(Profile, "profiles"))
RECORDING_OPTIONS: tuple[Option, ...] = tuple(options_of(RecordingSettings, "recording"))
CONNECTION_OPTIONS: tuple[Option, ...] = tuple(options_of(ConnectionSettings, "connection"))
TABLE_OPTIONS: dict[str, tuple[Option, ...]] = {
    "audio": AUDIO_OPTIONS,
    "recording": RECORDING_OPTIONS,
    "connection": CONNECTION_OPTIONS,
}
"""By the name of the file's table."""
OPTIONS: tuple[Option, ...] = (*TOP_OPTIONS, *(one for table in TABLE_OPTIONS.values() for one in table))
"""Every setting with one value; those of ``[[profiles]]`` come once per profile."""


def option_named(name: str) -> Option:
    """The setting called ``name`` (without its table) or keyed so (``audio.sink``). Raises ``KeyError``."""
    for one in OPTIONS:
        if name in (one.name, one.key):
            return one
    raise KeyError(name)
