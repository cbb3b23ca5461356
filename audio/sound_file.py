"""Audio files that need converting, with soundfile and soxr, which this module imports."""

from __future__ import annotations

from pathlib import Path

import soundfile

from audio.errors import unreadable
from audio.file_view import FileView
from audio.pcm import from_float
from audio.ports import SAMPLE_RATE
from audio.resample import Mixer, Resampler

BLOCK_S = 1.0
"""Seconds of audio per ``read``, except the last."""
MIN_RATE_HZ = 1_000
MAX_RATE_HZ = 768_000
"""Rates beyond these mean a wrong header; converting them would take many seconds, and memory."""
_SNIFFED_BYTES = 512


class SoundFileDecoder:
    """Decodes ``file``, which has ``path`` as its name and is closed with the decoder. See ``decode.Decoder``.

    With ``loop`` the filter's end runs on into the next round. Raises ``AudioError`` with ``FILE_UNREADABLE``.
    """

    def __init__(self, file: FileView, path: Path, *, loop: bool) -> None:
        self._path = path
        self._loop = loop
        self._file = file
        try:
            self._sound = soundfile.SoundFile(file)
        except (soundfile.SoundFileError, OSError, ValueError, TypeError) as error:
            file.seek(0)
            raise unreadable(path, _what_else_it_is(file.read(_SNIFFED_BYTES)) or _reason(error)) from error
        self.rate_hz: int = self._sound.samplerate
        if not MIN_RATE_HZ <= self.rate_hz <= MAX_RATE_HZ:
            self._sound.close()
            raise unreadable(path, f"it says that its rate is {self.rate_hz} Hz")
        self._mixer = Mixer(self.rate_hz)
        self._resampler = (
            None if self.rate_hz == SAMPLE_RATE else Resampler(self.rate_hz, SAMPLE_RATE, "offline")
        )
        self._ended = False

    @property
    def channels_cancel(self) -> bool:
        """Whether the channels read so far are in antiphase."""
        return self._mixer.cancels

    def read(self) -> bytes:
        """The next block of PCM16; empty at the end."""
        if self._ended:
            return b""
        wanted = int(BLOCK_S * self.rate_hz)
        pcm = b""
        # The resampler may keep all of a short stretch; only the end of the file may look like an end.
        while not pcm and not self._ended:
            try:
                frames = self._sound.read(wanted, dtype="float32", always_2d=True)
            except (soundfile.SoundFileError, OSError) as error:
                raise unreadable(self._path, _reason(error)) from error
            self._ended = len(frames) < wanted
            pcm = from_float(self._mixer.mix(frames))
            if self._resampler is not None:
                # In a loop the filter runs on into the next round, so that the seam makes no click.
                pcm = self._resampler.feed(pcm, last=self._ended and not self._loop)
        return pcm

    def rewind(self) -> None:
        """To the beginning."""
        try:
            self._sound.seek(0)
        except (soundfile.SoundFileError, OSError) as error:
            raise unreadable(self._path, _reason(error)) from error
        self._ended = False

    def close(self) -> None:
        """Close the file; may be called twice."""
        self._sound.close()
        self._file.close()


def _what_else_it_is(beginning: bytes) -> str | None:
    """What a file without audio is, if easily recognised: the library's message would mislead."""
    if not beginning:
        return "it is empty"
    text = beginning.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<!doctype html", b"<html", b"<head", b"<body")):
        return "it is a web page, not a sound file"
    if text.startswith((b"<?xml", b"{", b"[", b"%pdf", b"pk\x03\x04")):
        return "it is a document or an archive, not a sound file"
    return None


def _reason(error: Exception) -> str:
    """The library's message, without the file name, which our sentence already has."""
    described = str(getattr(error, "error_string", "") or error)
    # The MP3 decoder's word for anything that it does not know. The file is open: it exists.
    if "does not exist" in described or "nknown format" in described or "not recognised" in described:
        return "it holds no sound in a format that is known"
    return described
