"""The soundcheck's commands and messages: one JSON object per line, on its standard input and output.

Devices are named by their id (``audio.devices.Device.id``), which is valid until the next ``Listed``.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

import msgspec

from audio.devices import Device
from audio.portaudio import Direction

RECORD_S = 4.0
"""Seconds that are recorded before they are played back: a sentence."""


class SoundcheckCode(StrEnum):
    """Reasons for no sound, besides the codes of ``audio.errors``."""

    HELD_HERE = "held_here"
    """The device is busy while others are listened to: it may be one of them under another name. Params: ``device``."""
    OUTPUT_STUCK = "output_stuck"
    """The output is open but does not take what is to be played. Params: ``device``."""
    SOUNDCHECK_GONE = "soundcheck_gone"
    """The process ended unexpectedly."""


class _Command(msgspec.Struct, frozen=True, kw_only=True, tag_field="command"):
    pass


class ListDevices(_Command, frozen=True, kw_only=True, tag="list"):
    """Release everything and look for devices again. Answered by ``Listed``, or ``Failed`` without a device."""


class Listen(_Command, frozen=True, kw_only=True, tag="listen"):
    """Listen to these inputs from now on, and to no others. Each is answered by ``Opened`` or ``Failed``."""

    inputs: tuple[str, ...]


class RecordAndPlay(_Command, frozen=True, kw_only=True, tag="record"):
    """Record from an input, then play that on an output. Replaces a trial in progress."""

    input: str
    output: str
    seconds: float = RECORD_S


class PlayTone(_Command, frozen=True, kw_only=True, tag="tone"):
    """Play a tone on an output. Replaces a trial in progress."""

    output: str


class _Said(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind"):
    pass


class Listed(_Said, frozen=True, kw_only=True, tag="listed"):
    """The devices present now."""

    devices: tuple[Device, ...]


class Opened(_Said, frozen=True, kw_only=True, tag="opened"):
    """This input is listened to."""

    device: str
    rate_hz: int


class Levels(_Said, frozen=True, kw_only=True, tag="levels"):
    """RMS and peak of the last 100 ms, in dBFS, by the input's id; -120: exact zeros."""

    levels: dict[str, tuple[float, float]]


class Failed(_Said, frozen=True, kw_only=True, tag="failed"):
    """This device cannot be used, or no longer; None: none can. ``code``: ``audio.errors``, or ``SoundcheckCode``."""

    device: str | None
    direction: Direction
    code: str
    params: dict[str, str] = {}


Stage = Literal["recording", "playing", "done"]


class Trial(_Said, frozen=True, kw_only=True, tag="trial"):
    """How far a trial has come. ``peak_dbfs``: of what was recorded; None for a tone."""

    stage: Stage
    output: str
    input: str | None = None
    seconds: float = 0.0
    """The length of this stage."""
    peak_dbfs: float | None = None


Command = ListDevices | Listen | RecordAndPlay | PlayTone
Said = Listed | Opened | Levels | Failed | Trial

_commands: msgspec.json.Decoder[Command] = msgspec.json.Decoder(Command)
_said: msgspec.json.Decoder[Said] = msgspec.json.Decoder(Said)


def decode_command(line: bytes) -> Command:
    """Raises ``msgspec.MsgspecError``."""
    return _commands.decode(line)


def decode_said(line: bytes) -> Said:
    """Raises ``msgspec.MsgspecError``."""
    return _said.decode(line)
