"""Sound files as a stream of PCM16, 24 000 Hz, mono, a second or so at a time.

A WAV already in the relay's format is read here, without numpy; everything else goes through
soundfile and soxr (``sound_file``), which are imported then.
"""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO, Protocol

from audio.errors import AudioError, AudioErrorCode, unreadable
from audio.file_view import FileView
from audio.ogg import chain
from audio.ports import BYTES_PER_SAMPLE, SAMPLE_RATE
from audio.wav_reading import WavLayout, corrected_head, read_layout

BLOCK_BYTES = SAMPLE_RATE * BYTES_PER_SAMPLE
"""Length of one ``read`` of a WAV: a second."""


class Decoder(Protocol):
    """A sound file being read from front to back. Blocking: not for the event loop."""

    rate_hz: int
    """The file's own rate."""

    @property
    def channels_cancel(self) -> bool:
        """Whether the channels read so far are in antiphase, so that their mean is nearly silent."""
        ...

    def read(self) -> bytes:
        """The next block of PCM16; empty at the end. Raises ``AudioError`` with ``FILE_UNREADABLE``."""
        ...

    def rewind(self) -> None:
        """To the beginning. Raises ``AudioError`` with ``FILE_UNREADABLE``."""
        ...

    def close(self) -> None:
        """Close the file; may be called twice."""
        ...


def open_decoder(path: Path, *, loop: bool = False) -> Decoder:
    """A decoder for the file; with ``loop`` it never ends.

    Raises ``AudioError``: ``FILE_NOT_FOUND``, or ``FILE_UNREADABLE`` if it is not an audio file or contains no audio.
    """
    try:
        if not path.exists():
            raise AudioError(AudioErrorCode.FILE_NOT_FOUND, path=str(path))
        if not path.is_file():
            raise unreadable(path, "it is not a file")
        file = path.open("rb")
    except OSError as error:
        raise unreadable(path, error.strerror or str(error)) from error
    try:
        decoder = _open(file, path, loop=loop)
    except OSError as error:
        file.close()
        raise unreadable(path, error.strerror or str(error)) from error
    except AudioError:
        file.close()
        raise
    return _Loop(decoder, path) if loop else decoder


def _open(file: BinaryIO, path: Path, *, loop: bool) -> Decoder:
    layout = read_layout(file)
    if layout is not None and layout.is_pcm and _is_relay_format(layout):
        return _WavDecoder(file, layout, path)
    if layout is not None and not layout.is_right:
        head = corrected_head(file, layout)
        return _Views(file, [FileView(file, 0, layout.data_at + layout.data_bytes, head)], path, loop=loop)
    parts = chain(file)
    return _Views(file, [FileView(file, begin, end) for begin, end in parts], path, loop=loop)


def _is_relay_format(layout: WavLayout) -> bool:
    return (layout.rate_hz, layout.channels, layout.bits) == (SAMPLE_RATE, 1, 8 * BYTES_PER_SAMPLE)


class _WavDecoder:
    rate_hz = SAMPLE_RATE
    channels_cancel = False

    def __init__(self, file: BinaryIO, layout: WavLayout, path: Path) -> None:
        self._file = file
        self._path = path
        self._begin = layout.data_at
        self._left = self._bytes = layout.data_bytes
        self.rewind()

    def read(self) -> bytes:
        try:
            pcm = self._file.read(min(BLOCK_BYTES, self._left))
        except OSError as error:
            raise unreadable(self._path, error.strerror or str(error)) from error
        self._left -= len(pcm)
        # Whole samples, also of a file that is cut off while it is read.
        return pcm[: len(pcm) - len(pcm) % BYTES_PER_SAMPLE]

    def rewind(self) -> None:
        self._file.seek(self._begin)
        self._left = self._bytes

    def close(self) -> None:
        self._file.close()


class _Views:
    """One or more parts of a file, each an audio file of its own, without gaps."""

    def __init__(self, file: BinaryIO, views: list[FileView], path: Path, *, loop: bool) -> None:
        self._file = file
        self._views = views
        self._path = path
        self._loop = loop and len(views) == 1
        self._at = 0
        self._decoder = self._open(0)
        self.rate_hz = self._decoder.rate_hz

    @property
    def channels_cancel(self) -> bool:
        return self._decoder.channels_cancel

    def read(self) -> bytes:
        while not (pcm := self._decoder.read()):
            if self._at + 1 >= len(self._views):
                break
            self._at += 1
            self._decoder = self._open(self._at)
        return pcm

    def rewind(self) -> None:
        if len(self._views) > 1:
            self._at = 0
            self._decoder = self._open(0)
        else:
            self._decoder.rewind()

    def close(self) -> None:
        self._decoder.close()
        self._file.close()

    def _open(self, number: int) -> Decoder:
        from audio.sound_file import SoundFileDecoder

        view = self._views[number]
        view.seek(0)
        return SoundFileDecoder(view, self._path, loop=self._loop)


class _Loop:
    """The same file over and over without a gap."""

    def __init__(self, decoder: Decoder, path: Path) -> None:
        self._decoder = decoder
        self._path = path
        self.rate_hz = decoder.rate_hz

    @property
    def channels_cancel(self) -> bool:
        return self._decoder.channels_cancel

    MAX_SILENT_ROUNDS = 1_000
    """After this many rounds without a sample the file is empty, not just shorter than the filter."""

    def read(self) -> bytes:
        for _ in range(self.MAX_SILENT_ROUNDS):
            pcm = self._decoder.read()
            if pcm:
                return pcm
            self._decoder.rewind()
        raise unreadable(self._path, "there is no sound in it")

    def rewind(self) -> None:
        self._decoder.rewind()

    def close(self) -> None:
        self._decoder.close()
