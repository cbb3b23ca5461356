"""What the console is told from outside: flags, environment, configuration file.

Precedence is flag, then environment, then file, then default. The file is TOML, is only ever read, and
a mistake in it is an error that names the line. What the program remembers by itself is in ``tui.host.memory``.
Passwords and tokens are in neither.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast

from audio.paths import from_home
from relay.chunk_bytes import LARGEST_CHUNK_BYTES, SMALLEST_CHUNK_BYTES
from tui.i18n import _

APP_NAME = "salesmind"
DEFAULT_SERVER_URL = "http://127.0.0.1:8000"

Echo = Literal["off", "cancel", "half-duplex"]


class SettingsError(Exception):
    """The configuration cannot be used. The sentence names the file and, where known, the line."""

    code = "settings_invalid"


@dataclass(frozen=True, slots=True)
class Profile:
    """A server by name."""

    name: str
    server_url: str
    username: str = ""
    insecure: bool = False


@dataclass(frozen=True, slots=True)
class AudioDefaults:
    """How a conversation starts unless told otherwise; the fields are those of ``relay.config``."""

    source: str | None = None
    """None: a microphone when there is one, else silence and the sample recordings."""
    sink: str | None = None
    """None: a loudspeaker when there is one, else nothing."""
    chunk_bytes: int = 1_920
    voice: str = "marin"
    echo: Echo = "off"
    vad_threshold: float = 0.5
    vad_prefix_ms: int = 300
    vad_silence_ms: int = 500


@dataclass(frozen=True, slots=True)
class ConsoleSettings:
    """Everything the app is started with."""

    profiles: tuple[Profile, ...] = ()
    profile: str | None = None
    """Name of the profile to begin with; None: the last one used, else the first."""
    server_url: str | None = None
    """A server given by flag or environment; stands before every profile."""
    username: str = ""
    insecure: bool = False
    """Accept certificates that cannot be verified, for every server."""
    demo: bool = False
    """Show the demo account on the login screen."""
    language: str | None = None
    conversation_language: Literal["ja", "en"] | None = None
    """Language spoken with the customer; None: that of the screen."""
    theme: str | None = None
    keys: Mapping[str, str] = field(default_factory=dict)
    """Binding id to comma-separated keys, for ``App.set_keymap``."""
    audio: AudioDefaults = AudioDefaults()
    record_directory: Path | None = None
    config_path: Path | None = None
    state_directory: Path = Path()


def config_path(environ: Mapping[str, str] = os.environ) -> Path:
    """Where the configuration file is, or would be."""
    if chosen := environ.get("SALESMIND_CONFIG"):
        return from_home(chosen)
    from platformdirs import user_config_path

    return user_config_path(APP_NAME, appauthor=False) / "config.toml"


def state_directory(environ: Mapping[str, str] = os.environ) -> Path:
    """Where logs, recordings and what the program remembers are kept."""
    if chosen := environ.get("SALESMIND_STATE_DIR"):
        return from_home(chosen)
    from platformdirs import user_state_path

    return user_state_path(APP_NAME, appauthor=False)


def load_settings(
    flags: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] = os.environ,
) -> ConsoleSettings:
    """Flags over environment over file over defaults.

    ``flags`` are named like the options of the configuration file, audio ones with their own names
    (``source``, ``chunk_bytes``...); None means not given. Raises ``SettingsError``.
    """
    path = config_path(environ)
    values = _file_values(path, must_exist="SALESMIND_CONFIG" in environ)
    for name, variable, kind in _ENVIRONMENT:
        if raw := environ.get(variable):
            values[name] = _from_text(raw, kind, variable)
    values.update({k: v for k, v in (flags or {}).items() if v is not None})
    return _build(values, path, state_directory(environ))


_ENVIRONMENT: tuple[tuple[str, str, type], ...] = (
    ("profile", "SALESMIND_PROFILE", str),
    ("server_url", "SALESMIND_SERVER", str),
    ("username", "SALESMIND_USERNAME", str),
    ("insecure", "SALESMIND_INSECURE", bool),
    ("language", "SALESMIND_LANG", str),
    ("theme", "SALESMIND_THEME", str),
    ("source", "SALESMIND_SOURCE", str),
    ("sink", "SALESMIND_SINK", str),
    ("chunk_bytes", "SALESMIND_CHUNK_BYTES", int),
    ("record_directory", "SALESMIND_RECORD_DIR", str),
)

_TOP: dict[str, type | tuple[type, ...]] = {
    "profile": str,
    "username": str,
    "insecure": bool,
    "language": str,
    "conversation_language": str,
    "theme": str,
    "record_directory": str,
    "profiles": list,
    "keys": dict,
    "audio": dict,
}
_PROFILE: dict[str, type | tuple[type, ...]] = {
    "name": str,
    "server_url": str,
    "username": str,
    "insecure": bool,
}
_AUDIO: dict[str, type | tuple[type, ...]] = {
    "source": str,
    "sink": str,
    "chunk_bytes": int,
    "voice": str,
    "echo": str,
    "vad_threshold": (int, float),
    "vad_prefix_ms": int,
    "vad_silence_ms": int,
}
_CHOICES = {
    "language": ("ja", "en"),
    "conversation_language": ("ja", "en"),
    "echo": ("off", "cancel", "half-duplex"),
}
_RANGES: dict[str, tuple[float, float]] = {
    "chunk_bytes": (SMALLEST_CHUNK_BYTES, LARGEST_CHUNK_BYTES),
    "vad_threshold": (0.0, 1.0),
    "vad_prefix_ms": (0, 5_000),
    "vad_silence_ms": (50, 10_000),
}


def _file_values(path: Path, *, must_exist: bool) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        if must_exist:
            sentence = _("{path}: SALESMIND_CONFIG names a file that does not exist.")
            raise SettingsError(sentence.format(path=path)) from None
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(_("{path}: cannot be read: {why}").format(path=path, why=error)) from None
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(_("{path}: not valid TOML: {why}").format(path=path, why=error)) from None
    checker = _Checker(path, text)
    checker.table(document, _TOP, "")
    audio = document.pop("audio", {})
    checker.table(audio, _AUDIO, "audio")
    for profile in document.get("profiles", []):
        if not isinstance(profile, dict):
            checker.fail("profiles", _("must be tables: [[profiles]]."))
        checker.table(profile, _PROFILE, "profiles")
        for required in ("name", "server_url"):
            if required not in profile:
                checker.fail("profiles", _("every profile needs a {name}.").format(name=required))
    document["keys"] = _flat_keys(document.get("keys", {}), checker)
    return {**document, **audio}


class _Checker:
    """Says what is wrong in the file, and on which line."""

    def __init__(self, path: Path, text: str) -> None:
        self.path = path
        self.lines = text.splitlines()

    def fail(self, key: str, what: str) -> None:
        number = next(
            (n for n, line in enumerate(self.lines, 1) if key in line.split("#")[0].split("=")[0]), None
        )
        if number is None:
            raise SettingsError(f"{self.path}: {key}: {what}")
        sentence = _("{path}, line {n}: {key}: {what}")
        raise SettingsError(sentence.format(path=self.path, n=number, key=key, what=what))

    def table(
        self, values: Mapping[str, Any], known: Mapping[str, type | tuple[type, ...]], where: str
    ) -> None:
        for key, value in values.items():
            if key in ("password", "token"):
                self.fail(key, _("secrets are not read from the configuration; you are asked for them."))
            if key not in known:
                sentence = _("unknown option in [{table}]; known are: {names}.")
                if not where:
                    sentence = _("unknown option; known are: {names}.")
                self.fail(key, sentence.format(table=where, names=", ".join(sorted(known))))
            kind = known[key]
            if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
                self.fail(key, _("has the wrong type, {type}.").format(type=type(value).__name__))
            if problem := _value_problem(key, value):
                self.fail(key, problem)


def _value_problem(key: str, value: Any) -> str | None:
    if key in _CHOICES and value not in _CHOICES[key]:
        return _("must be one of {names}.").format(names=", ".join(_CHOICES[key]))
    if key in _RANGES and not _RANGES[key][0] <= value <= _RANGES[key][1]:
        low, high = _RANGES[key]
        return _("must be between {low} and {high}.").format(low=f"{low:g}", high=f"{high:g}")
    if key == "chunk_bytes" and value % 2:
        return _("must be even: PCM16 has two bytes per sample.")
    if key == "server_url" and not str(value).startswith(("http://", "https://")):
        return _("must begin with http:// or https://.")
    return None


def _flat_keys(keys: Mapping[str, Any], checker: _Checker, prefix: str = "") -> dict[str, str]:
    """``[keys.live] mute = "x"`` and ``"live.mute" = "x"`` are the same thing."""
    flat: dict[str, str] = {}
    for name, value in keys.items():
        if isinstance(value, dict):
            flat |= _flat_keys(value, checker, f"{prefix}{name}.")
        elif isinstance(value, str) and value.strip():
            flat[prefix + name] = ",".join(part.strip() for part in value.split(","))
        else:
            checker.fail(name, _('must be keys in quotes, e.g. "f6,m".'))
    return flat


def _from_text(raw: str, kind: type, variable: str) -> Any:
    if kind is bool:
        return raw.strip().lower() not in ("0", "false", "no", "off")
    try:
        return kind(raw)
    except ValueError:
        sentence = _("{variable}: {value} is not a whole number.")
        raise SettingsError(sentence.format(variable=variable, value=repr(raw))) from None


def _build(values: dict[str, Any], path: Path, state: Path) -> ConsoleSettings:
    for key, value in values.items():
        if problem := _value_problem(key, value):
            raise SettingsError(f"{key}: {problem}")
    profiles = tuple(Profile(**profile) for profile in values.get("profiles", ()))
    names = [profile.name for profile in profiles]
    if len(set(names)) < len(names):
        raise SettingsError(_("{path}: two profiles have the same name.").format(path=path))
    wanted = values.get("profile")
    if wanted and wanted not in names:
        if not names:
            raise SettingsError(_("There is no profile {name}: none is configured.").format(name=wanted))
        sentence = _("There is no profile {name}; configured are: {names}.")
        raise SettingsError(sentence.format(name=wanted, names=", ".join(names)))
    record = values.get("record_directory")
    return ConsoleSettings(
        profiles=profiles,
        profile=wanted,
        server_url=values.get("server_url"),
        username=values.get("username", ""),
        insecure=bool(values.get("insecure", False)),
        demo=bool(values.get("demo", False)),
        language=values.get("language"),
        conversation_language=cast('Literal["ja", "en"] | None', values.get("conversation_language")),
        theme=values.get("theme"),
        keys=values.get("keys", {}),
        audio=AudioDefaults(**{name: values[name] for name in _AUDIO if name in values}),
        record_directory=from_home(record) if record else None,
        config_path=path,
        state_directory=state,
    )
