"""Listing microphones and speakers, and finding the one asked for."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from audio import portaudio
from audio.errors import AudioError, AudioErrorCode, printable
from audio.portaudio import Direction

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Device:
    """A sound device as PortAudio sees it."""

    id: str
    """The ID for ``mic:ID`` and ``speaker:ID``. Valid until devices come or go."""
    name: str
    host_api: str
    """ALSA, Core Audio, Windows WASAPI and so on: the same hardware is listed once under each."""
    inputs: int
    """Input channels; 0: not a microphone."""
    outputs: int
    """Output channels; 0: not a speaker."""
    default_input: bool
    default_output: bool
    rate_hz: int
    """Its default rate. It may accept others."""


def list_devices() -> list[Device]:
    """All devices present now; may be empty. Blocks for some 100 ms.

    Devices plugged in since are seen as long as no stream is open in this process. Raises ``AudioError`` with
    ``LIBRARY_MISSING`` or ``DEVICE_FAILED``.
    """
    return portaudio.run_sync(lambda: query(portaudio.load(refresh=True)))


def query(sounddevice: Any) -> list[Device]:
    """The devices in PortAudio's present list. On PortAudio's thread."""
    try:
        host_apis = sounddevice.query_hostapis()
        listed = _listed(sounddevice, host_apis)
        default_input, default_output = sounddevice.default.device
    except sounddevice.PortAudioError as error:
        raise portaudio.translate(error, "input", "PortAudio", 0) from error
    return [
        Device(
            id=str(index),
            name=printable(str(info["name"])),
            host_api=str(host_apis[info["hostapi"]]["name"]),
            inputs=int(info["max_input_channels"]),
            outputs=int(info["max_output_channels"]),
            default_input=index == default_input,
            default_output=index == default_output,
            rate_hz=round(info["default_samplerate"]),
        )
        for index, info in listed
    ]


def _listed(sounddevice: Any, host_apis: Any) -> list[tuple[int, Any]]:
    """Each device's index and description, one by one.

    The library reads names as UTF-8, refuses the whole list over an invalid one, and cannot open that device either.
    """
    listed = []
    for index in sorted(index for api in host_apis for index in api["devices"]):
        try:
            listed.append((index, sounddevice.query_devices(index)))
        except UnicodeDecodeError:
            _log.warning("Sound device %d is left out: its name is not UTF-8.", index)
    return listed


def find(sounddevice: Any, direction: Direction, wanted: str | None) -> Device:
    """``choose`` from the current list; if that fails, the next search refreshes the list."""
    try:
        return choose(query(sounddevice), direction, wanted)
    except AudioError:
        portaudio.mark_outdated()
        raise


def choose(devices: list[Device], direction: Direction, wanted: str | None) -> Device:
    """The device that ``wanted`` means: an id, a whole name, or part of one, ignoring case.

    Among several matches the default comes first, then the first in the list. None means
    the default, or the first if there is no default. Raises ``AudioError``: ``NO_DEVICE`` (or
    ``PERMISSION_DENIED``) if there is no device of this direction, ``DEVICE_NOT_FOUND`` otherwise.
    """
    candidates = [d for d in devices if (d.inputs if direction == "input" else d.outputs) > 0]
    if not candidates:
        raise portaudio.no_device(direction)
    candidates.sort(key=lambda d: not (d.default_input if direction == "input" else d.default_output))
    if wanted is None:
        return candidates[0]
    sought = wanted.casefold()
    for matches in (
        [d for d in candidates if d.id == wanted],
        [d for d in candidates if d.name.casefold() == sought],
        [d for d in candidates if sought in d.name.casefold()],
    ):
        if matches:
            return matches[0]
    available = ", ".join(f"{d.id} {d.name}" for d in sorted(candidates, key=lambda d: int(d.id)))
    raise AudioError(AudioErrorCode.DEVICE_NOT_FOUND, direction=direction, wanted=wanted, available=available)
