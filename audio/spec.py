"""The notation for sources and sinks on the command line, in the configuration and in the picker.

Sources::

    mic                  the default microphone
    mic:3                the device with this id        (ids are listed by ``audio.devices``)
    mic:part of a name   the device whose name holds this, whatever the case
    wav:PATH             a sound file, once, then the source ends
    wav:PATH?loop        the same, again and again without a gap
    tcp:HOST:PORT        raw s16le, 24 000 Hz, mono, from a server;  tcp:[::1]:7000 for IPv6
    tone  tone:HZ        a sine of 440 Hz, or of HZ, at -20 dBFS
    silence              zeros

Sinks: ``speaker[:...]`` like ``mic``, ``wav:PATH``, ``tcp:HOST:PORT``, ``none`` (to nobody, in real time).

Only one ``?loop`` or ``?once`` at the very end is an option, so a file whose name ends that way is
written ``wav:odd name?loop?once``. A sink's path is taken as it stands.

Parsing touches nothing: no file and no device.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from audio.errors import AudioError, AudioErrorCode
from audio.ports import SAMPLE_RATE

DEFAULT_TONE_HZ = 440.0
MIN_TONE_HZ = 20.0
MAX_TONE_HZ = SAMPLE_RATE / 2 - 1

SOURCE_FORMS = "mic[:DEVICE], wav:PATH[?loop], tcp:HOST:PORT, tone[:HZ] or silence"
SINK_FORMS = "speaker[:DEVICE], wav:PATH, tcp:HOST:PORT or none"


@dataclass(frozen=True, slots=True)
class DeviceSpec:
    """A microphone or a speaker; ``wanted`` is an id, a part of a name, or None for the default."""

    wanted: str | None = None

    def text(self, scheme: str) -> str:
        """The specification of this device as ``mic`` or ``speaker``."""
        return scheme if self.wanted is None else f"{scheme}:{self.wanted}"


@dataclass(frozen=True, slots=True)
class FileSpec:
    """A sound file. ``loop`` means something to a source only."""

    path: str
    loop: bool = False

    def __str__(self) -> str:
        if self.loop:
            return f"wav:{self.path}?loop"
        ambiguous = self.path.endswith(("?loop", "?once"))
        return f"wav:{self.path}?once" if ambiguous else f"wav:{self.path}"


@dataclass(frozen=True, slots=True)
class TcpSpec:
    """A TCP server that sends or receives raw PCM16, 24 000 Hz, mono."""

    host: str
    port: int

    @property
    def address(self) -> str:
        """``HOST:PORT``, an IPv6 host in brackets."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"tcp:{self.address}"


@dataclass(frozen=True, slots=True)
class ToneSpec:
    """A sine of ``hz``."""

    hz: float = DEFAULT_TONE_HZ

    def __str__(self) -> str:
        return f"tone:{self.hz!r}"


@dataclass(frozen=True, slots=True)
class SilenceSpec:
    """Endless zeros."""

    def __str__(self) -> str:
        return "silence"


@dataclass(frozen=True, slots=True)
class NoneSpec:
    """A sink that discards audio."""

    def __str__(self) -> str:
        return "none"


SourceSpec = DeviceSpec | FileSpec | TcpSpec | ToneSpec | SilenceSpec
SinkSpec = DeviceSpec | FileSpec | TcpSpec | NoneSpec


def parse_source(text: str) -> SourceSpec:
    """Parse ``text``. Raises ``AudioError`` with ``BAD_SPEC``."""
    scheme, given, rest = text.partition(":")
    argument = rest if given else None
    match scheme:
        case "mic":
            return _device(text, argument)
        case "wav":
            return _source_file(text, argument)
        case "tcp":
            return _tcp(text, argument)
        case "tone":
            return ToneSpec() if argument is None else ToneSpec(_frequency(text, argument))
        case "silence" if argument is None:
            return SilenceSpec()
    raise _bad(text, f"a source is {SOURCE_FORMS}.")


def parse_sink(text: str) -> SinkSpec:
    """Parse ``text``. Raises ``AudioError`` with ``BAD_SPEC``."""
    scheme, given, rest = text.partition(":")
    argument = rest if given else None
    match scheme:
        case "speaker":
            return _device(text, argument)
        case "wav":
            return FileSpec(_path(text, argument))
        case "tcp":
            return _tcp(text, argument)
        case "none" if argument is None:
            return NoneSpec()
    raise _bad(text, f"a sink is {SINK_FORMS}.")


def _bad(text: str, reason: str) -> AudioError:
    return AudioError(AudioErrorCode.BAD_SPEC, spec=text, reason=reason)


def _device(text: str, argument: str | None) -> DeviceSpec:
    if argument is None:
        return DeviceSpec()
    wanted = argument.strip()
    if not wanted:
        raise _bad(
            text, "write the device's id or a part of its name after the colon, or leave the colon out."
        )
    return DeviceSpec(wanted)


def _path(text: str, argument: str | None) -> str:
    if not argument:
        raise _bad(text, "write the file's path after wav:")
    if "\0" in argument:
        raise _bad(text, "a path holds no NUL character.")
    return argument


def _source_file(text: str, argument: str | None) -> FileSpec:
    path, loop = argument, False
    if argument is not None and argument.endswith("?loop"):
        path, loop = argument.removesuffix("?loop"), True
    elif argument is not None:
        path = argument.removesuffix("?once")
    return FileSpec(_path(text, path), loop)


def _tcp(text: str, argument: str | None) -> TcpSpec:
    host, colon, port_text = (argument or "").rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    if bracketed:
        host = host[1:-1]
    if not colon or not host or any(c.isspace() or c in "[]\0" for c in host):
        raise _bad(text, "write tcp:HOST:PORT, for instance tcp:127.0.0.1:7000.")
    if ":" in host and not bracketed:
        raise _bad(text, "an IPv6 address stands in brackets, for instance tcp:[::1]:7000.")
    if not (
        port_text.isascii() and port_text.isdigit() and len(port_text) <= 5 and 1 <= int(port_text) <= 65_535
    ):
        raise _bad(text, "the port is a number from 1 to 65535.")
    return TcpSpec(host, int(port_text))


def _frequency(text: str, argument: str) -> float:
    try:
        hz = float(argument)
    except ValueError:
        hz = math.nan
    if not MIN_TONE_HZ <= hz <= MAX_TONE_HZ:
        raise _bad(text, f"a tone has {MIN_TONE_HZ:.0f} to {MAX_TONE_HZ:.0f} Hz.")
    return hz
