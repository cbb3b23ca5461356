"""Sound files as a stream of PCM16, 24 000 Hz, mono, a second or so at a time.

A WAV that is in the relay's format already is read with the standard library, so that it costs no numpy;
everything else goes through soundfile and soxr, which are imported then.
"""

from __future__ import annotations

import wave
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from audio.errors import AudioError, AudioErrorCode
from audio.ports import BYTES_PER_SAMPLE, SAMPLE_RATE

if TYPE_CHECKING:
    import soundfile

BLOCK_S = 1.0
"""Seconds of sound that one ``read`` gives, but for the last."""
MIN_RATE_HZ = 1_000
MAX_RATE_HZ = 768_000
"""Beyond these a header is wrong; converting from them takes many seconds, and memory."""

_WAVE_FAILURES = (wave.Error, EOFError, OSError, RuntimeError)
"""What the ``wave`` module raises for odd files; RuntimeError for a chunk that leads out of its place."""


class Decoder(Protocol):
    """A sound file being read from front to back. Blocking: not for the event loop."""

    rate_hz: int
    """The file's own rate."""

    def read(self) -> bytes:
        """The next stretch of PCM16; empty at the end. Raises ``AudioError`` with ``FILE_UNREADABLE``."""
        ...

    def rewind(self) -> None:
        """To the beginning. Raises ``AudioError`` with ``FILE_UNREADABLE``."""
        ...

    def close(self) -> None:
        """Close the file; may be called twice."""
        ...


def open_decoder(path: Path, *, loop: bool = False) -> Decoder:
    """A decoder for the file. With ``loop`` it has no end.

    Raises ``AudioError``: ``FILE_NOT_FOUND``, or ``FILE_UNREADABLE`` if it is no sound, or has none in it.
    """
    if not path.exists():
        raise AudioError(AudioErrorCode.FILE_NOT_FOUND, path=str(path))
    if not path.is_file():
        raise _unreadable(path, "it is not a file")
    decoder = _relay_format_wav(path) or _SoundFileDecoder(path, loop=loop)
    return _Loop(decoder, path) if loop else decoder


def _unreadable(path: Path, reason: str) -> AudioError:
    return AudioError(AudioErrorCode.FILE_UNREADABLE, path=str(path), reason=reason.strip().rstrip("."))


def _relay_format_wav(path: Path) -> Decoder | None:
    """A plain reader if the file needs no conversion; None for everything that soundfile must look at."""
    try:
        reader = wave.open(str(path), "rb")  # noqa: SIM115 - closed by the decoder
    except _WAVE_FAILURES:
        return None
    if (reader.getframerate(), reader.getnchannels(), reader.getsampwidth()) == (
        SAMPLE_RATE,
        1,
        BYTES_PER_SAMPLE,
    ):
        return _WavDecoder(reader, path)
    reader.close()
    return None


class _WavDecoder:
    rate_hz = SAMPLE_RATE

    def __init__(self, reader: wave.Wave_read, path: Path) -> None:
        self._reader = reader
        self._path = path

    def read(self) -> bytes:
        try:
            pcm = self._reader.readframes(int(BLOCK_S * SAMPLE_RATE))
        except _WAVE_FAILURES as error:
            raise _unreadable(self._path, str(error) or "it is damaged") from error
        # A file cut off in the middle of a sample.
        return pcm[: len(pcm) - len(pcm) % BYTES_PER_SAMPLE]

    def rewind(self) -> None:
        self._reader.rewind()

    def close(self) -> None:
        self._reader.close()


class _SoundFileDecoder:
    def __init__(self, path: Path, *, loop: bool) -> None:
        import soundfile

        from audio.resample import Resampler

        self._path = path
        self._loop = loop
        try:
            self._file: soundfile.SoundFile = soundfile.SoundFile(path)
        except (soundfile.SoundFileError, OSError, ValueError, TypeError) as error:
            # TypeError: a .raw file, whose rate and channels nobody can know.
            raise _unreadable(path, _reason(error)) from error
        self.rate_hz: int = self._file.samplerate
        if not MIN_RATE_HZ <= self.rate_hz <= MAX_RATE_HZ:
            self._file.close()
            raise _unreadable(path, f"it says that its rate is {self.rate_hz} Hz")
        self._resampler = (
            None if self.rate_hz == SAMPLE_RATE else Resampler(self.rate_hz, SAMPLE_RATE, "offline")
        )
        self._ended = False

    def read(self) -> bytes:
        import soundfile

        from audio.pcm import from_float
        from audio.resample import floats_to_mono

        if self._ended:
            return b""
        wanted = int(BLOCK_S * self.rate_hz)
        pcm = b""
        # The resampler may keep all of a short stretch; only the end of the file may look like an end.
        while not pcm and not self._ended:
            try:
                frames = self._file.read(wanted, dtype="float32", always_2d=True)
            except (soundfile.SoundFileError, OSError) as error:
                raise _unreadable(self._path, _reason(error)) from error
            self._ended = len(frames) < wanted
            pcm = from_float(floats_to_mono(frames))
            if self._resampler is not None:
                # In a loop the filter runs on into the next round, so that the seam makes no click.
                pcm = self._resampler.feed(pcm, last=self._ended and not self._loop)
        return pcm

    def rewind(self) -> None:
        import soundfile

        try:
            self._file.seek(0)
        except (soundfile.SoundFileError, OSError) as error:
            raise _unreadable(self._path, _reason(error)) from error
        self._ended = False

    def close(self) -> None:
        self._file.close()


class _Loop:
    """The same file again and again without a gap."""

    def __init__(self, decoder: Decoder, path: Path) -> None:
        self._decoder = decoder
        self._path = path
        self.rate_hz = decoder.rate_hz

    MAX_SILENT_ROUNDS = 1_000
    """So many rounds without one sample: the file is empty, not merely shorter than the filter."""

    def read(self) -> bytes:
        for _ in range(self.MAX_SILENT_ROUNDS):
            pcm = self._decoder.read()
            if pcm:
                return pcm
            self._decoder.rewind()
        raise _unreadable(self._path, "there is no sound in it")

    def rewind(self) -> None:
        self._decoder.rewind()

    def close(self) -> None:
        self._decoder.close()


def _reason(error: Exception) -> str:
    """What the library says, without the path that the sentence names already."""
    described = getattr(error, "error_string", "") or str(error)
    return str(described)
