"""The player's commands and messages: one JSON object per line, on its standard input and output."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class PlayerCode(StrEnum):
    """Reasons for no audio, besides the codes of ``audio.errors``."""

    NO_TRACKS = "no_tracks"
    TRACKS_UNREADABLE = "tracks_unreadable"
    PLAYER_GONE = "player_gone"


class _Command(msgspec.Struct, frozen=True, kw_only=True, tag_field="command"):
    pass


class Open(_Command, frozen=True, kw_only=True, tag="open"):
    """Always the first. Answered by ``Opened`` or ``Failed``."""

    directory: str
    """Of the recording."""
    sink: str
    """As ``audio.open.make_sink`` takes it."""


class Play(_Command, frozen=True, kw_only=True, tag="play"):
    """Play on from ``t`` seconds of the recording, ``speed`` times as fast, at once."""

    t: float
    speed: float = 1.0


class Pause(_Command, frozen=True, kw_only=True, tag="pause"):
    """Be silent at once."""


class Seek(_Command, frozen=True, kw_only=True, tag="seek"):
    """Go to ``t`` seconds, playing or not as before."""

    t: float


class _Said(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind"):
    pass


class Opened(_Said, frozen=True, kw_only=True, tag="opened"):
    """The sink plays; ``name`` is the device's or the file's, for people."""

    name: str
    seconds: float
    """Of the longer track."""


class Failed(_Said, frozen=True, kw_only=True, tag="failed"):
    """There is no audio, or no longer any: ``code`` is one of ``audio.errors``, or a ``PlayerCode``."""

    code: str
    message: str
    """English, for a log."""
    params: dict[str, str] = {}


Command = Open | Play | Pause | Seek
Said = Opened | Failed

_commands: msgspec.json.Decoder[Command] = msgspec.json.Decoder(Command)
_said: msgspec.json.Decoder[Said] = msgspec.json.Decoder(Said)


def decode_command(line: bytes) -> Command:
    """Raises ``msgspec.MsgspecError``."""
    return _commands.decode(line)


def decode_said(line: bytes) -> Said:
    """Raises ``msgspec.MsgspecError``."""
    return _said.decode(line)
