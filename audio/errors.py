"""Audio errors: a stable code each, and a sentence that says what to do.

The codes and the names of their ``params`` are for programs (the console translates by them); the
English sentence is for logs and for callers without a translation.
"""

from __future__ import annotations

import unicodedata
from enum import StrEnum
from pathlib import Path


class AudioErrorCode(StrEnum):
    """Every audio error. Stable: codes may be added, none is renamed or reused."""

    LIBRARY_MISSING = "library_missing"
    """PortAudio is not installed. Params: ``command``."""
    NO_DEVICE = "no_device"
    """There is no device of this direction. Params: ``direction``."""
    DEVICE_NOT_FOUND = "device_not_found"
    """The requested device does not exist. Params: ``direction``, ``wanted``, ``available``."""
    PERMISSION_DENIED = "permission_denied"
    """This program is not allowed to use the device. Params: ``device``."""
    DEVICE_BUSY = "device_busy"
    """Another program is using the device. Params: ``device``."""
    RATE_REFUSED = "rate_refused"
    """The device supports neither 24 000 Hz nor its own default rate. Params: ``device``, ``rate``."""
    DEVICE_FAILED = "device_failed"
    """The device could not be opened for another reason. Params: ``device``, ``reason``."""
    DIGITAL_SILENCE = "digital_silence"
    """A warning, the source continues: a second of exact zeros. Params: ``device``."""
    NO_FRAMES = "no_frames"
    """The device or sender is open but has delivered nothing for two seconds. Params: ``device``."""
    CHANNELS_CANCEL = "channels_cancel"
    """A warning, the source continues: the mean of its channels is nearly silent. Params: ``name`` (file or device)."""
    DEVICE_LOST = "device_lost"
    """The device was disconnected during the stream. Params: ``device``."""
    FILE_NOT_FOUND = "file_not_found"
    """There is no such file, or no such directory to write it in. Params: ``path``."""
    FILE_UNREADABLE = "file_unreadable"
    """The file cannot be opened, or contains no readable audio. Params: ``path``, ``reason``."""
    FILE_UNWRITABLE = "file_unwritable"
    """The file cannot be created, or writing failed midway. Params: ``path``, ``reason``."""
    CONNECT_FAILED = "connect_failed"
    """Nothing answers at the TCP address. Params: ``address``, ``reason``."""
    CONNECTION_LOST = "connection_lost"
    """The TCP peer hung up or was cut off. Params: ``address``, ``reason``."""
    BAD_SPEC = "bad_spec"
    """A malformed source or sink specification. Params: ``spec``, ``reason``."""
    AEC_MISSING = "aec_missing"
    """Echo cancellation is requested but not installed. Params: ``command``."""


_SENTENCES: dict[AudioErrorCode, str] = {
    AudioErrorCode.LIBRARY_MISSING: (
        "The PortAudio library is not installed. Install it with: {command} "
        "- or choose a recording (wav:FILE) instead of the microphone."
    ),
    AudioErrorCode.NO_DEVICE: (
        "There is no audio {direction} device. Connect one, or choose a file or tcp:HOST:PORT instead."
    ),
    AudioErrorCode.DEVICE_NOT_FOUND: (
        "There is no audio {direction} device {wanted!r}. Choose one of these: {available}"
    ),
    AudioErrorCode.PERMISSION_DENIED: (
        "The system does not allow this program to use {device!r}. "
        "Allow the terminal program to use the microphone, or join the audio group, and try again."
    ),
    AudioErrorCode.DEVICE_BUSY: (
        "{device!r} is in use by another program. Close that program, or choose another device."
    ),
    AudioErrorCode.RATE_REFUSED: (
        "{device!r} accepts neither 24000 Hz nor {rate} Hz. Choose another device, or change its rate."
    ),
    AudioErrorCode.DEVICE_FAILED: "{device!r} could not be opened: {reason}. Choose another device.",
    AudioErrorCode.DIGITAL_SILENCE: (
        "{device!r} delivers only digital silence. Check that it is not muted and that the terminal "
        "program is allowed to use the microphone."
    ),
    AudioErrorCode.NO_FRAMES: (
        "Nothing has come from {device!r} for two seconds. Check the device or sender, or choose another one."
    ),
    AudioErrorCode.CHANNELS_CANCEL: (
        "The channels of {name!r} are in antiphase: mixed to mono, they cancel out. "
        "Use only one of them, or reverse the polarity of one."
    ),
    AudioErrorCode.DEVICE_LOST: "{device!r} was disconnected. Reconnect it, or choose another device.",
    AudioErrorCode.FILE_NOT_FOUND: "There is no {path!r}. Check the path.",
    AudioErrorCode.FILE_UNREADABLE: (
        "{path!r} cannot be read as audio: {reason}. Use a WAV, FLAC, Ogg, Opus, MP3 or AIFF file."
    ),
    AudioErrorCode.FILE_UNWRITABLE: (
        "{path!r} cannot be written: {reason}. Check the space and the permissions."
    ),
    AudioErrorCode.CONNECT_FAILED: (
        "Cannot connect to {address}: {reason}. Start the other side first, and check the address."
    ),
    AudioErrorCode.CONNECTION_LOST: (
        "The connection to {address} was lost: {reason}. Restart the other side."
    ),
    AudioErrorCode.BAD_SPEC: "{spec!r} cannot be used: {reason}",
    AudioErrorCode.AEC_MISSING: (
        "Echo cancellation is not installed. Install it with: {command} - or wear headphones and switch it off."
    ),
}


class AudioError(Exception):
    """An audio error. ``code`` says what failed, ``params`` with what, ``str()`` what to do, in English."""

    def __init__(self, code: AudioErrorCode, **params: str) -> None:
        self.code = code
        self.params: dict[str, str] = {name: printable(value) for name, value in params.items()}
        super().__init__(_SENTENCES[code].format(**self.params))


def unreadable(path: Path, reason: str) -> AudioError:
    """The error for a file at ``path`` that yields no audio because of ``reason``."""
    return AudioError(AudioErrorCode.FILE_UNREADABLE, path=str(path), reason=reason.strip().rstrip("."))


def printable(text: str) -> str:
    """``text`` in a form that can be shown and encoded: a file or device name may contain any bytes.

    Bytes that are not UTF-8, invisible characters and terminal controls become U+FFFD.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or unicodedata.category(c) == "Zs" else "\ufffd" for c in text)
