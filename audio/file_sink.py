"""Playing into a WAV file: the whole timeline, including silence, in real time."""

from __future__ import annotations

import asyncio

from audio.errors import AudioError, AudioErrorCode, printable
from audio.paced_sink import PacedSink
from audio.paths import from_home
from audio.ports import SAMPLE_RATE, StreamInfo
from audio.wav import WavWriter


class FileSink(PacedSink):
    """A speaker that writes to a file, which survives a kill (see ``WavWriter``) and is private to its owner."""

    def __init__(self, path: str, block_samples: int) -> None:
        super().__init__(block_samples)
        self._path = from_home(path)
        self._writer: WavWriter | None = None

    async def _open(self) -> StreamInfo:
        try:
            self._writer = await asyncio.to_thread(WavWriter, self._path)
        except FileNotFoundError as error:
            raise AudioError(AudioErrorCode.FILE_NOT_FOUND, path=str(self._path.parent)) from error
        except OSError as error:
            raise self._unwritable(error) from error
        return StreamInfo(printable(self._path.name), SAMPLE_RATE)

    def _play(self, pcm: bytes) -> None:
        if self._writer is None:
            return
        try:
            self._writer.write(pcm)
        except OSError as error:
            raise self._unwritable(error) from error

    async def _close(self) -> None:
        writer, self._writer = self._writer, None
        if writer is None:
            return
        try:
            writer.close()
        except OSError as error:
            # The disk is full or gone: what was written is there, and closing has nothing left to do.
            self._lost = self._lost or self._unwritable(error)

    def _unwritable(self, error: OSError) -> AudioError:
        return AudioError(
            AudioErrorCode.FILE_UNWRITABLE, path=str(self._path), reason=error.strerror or str(error)
        )
