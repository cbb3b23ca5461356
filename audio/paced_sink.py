"""Sinks without a device of their own: a task pulls a block whenever one is due.

They play in real time like a speaker would, so that "what was heard" means the same with every sink.
"""

from __future__ import annotations

import asyncio
import contextlib

from audio.errors import AudioError
from audio.pacing import Pacer
from audio.ports import BYTES_PER_SAMPLE, SAMPLE_RATE, PullPcm, StreamInfo


class PacedSink:
    """Pulls a block when it is due and gives it to ``_play``. What it is given to is the subclass's matter.

    When the event loop stood still for more than half a second, the time that was missed is silence, as it
    would be on a speaker that nobody fed: nothing is pulled for it.
    """

    def __init__(self, block_samples: int) -> None:
        self._block_samples = block_samples
        self._task: asyncio.Task[None] | None = None
        self._lost: AudioError | None = None

    @property
    def lost(self) -> AudioError | None:
        """Why playing stopped in mid-stream, if it did."""
        return self._lost

    async def open(self, pull: PullPcm) -> StreamInfo:
        """Open what is played to and start pulling. Raises ``AudioError``."""
        info = await self._open()
        self._task = asyncio.create_task(self._run(pull), name=f"sink {info.name}")
        return info

    async def close(self) -> None:
        """Stop pulling and release everything; may be called twice, and before ``open``."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await self._close()

    async def _run(self, pull: PullPcm) -> None:
        pacer = Pacer(self._block_samples)
        try:
            while self._lost is None:
                missed = pacer.skipped_samples()
                if missed:
                    self._play(bytes(missed * BYTES_PER_SAMPLE))
                self._play(pull(self._block_samples))
                await pacer.wait()
        except AudioError as error:
            self._lost = error

    async def _open(self) -> StreamInfo:
        raise NotImplementedError

    def _play(self, pcm: bytes) -> None:
        """Play ``pcm`` at once and without blocking. Raises ``AudioError`` to end the stream."""
        raise NotImplementedError

    async def _close(self) -> None:
        raise NotImplementedError


class NullSink(PacedSink):
    """Plays to nobody, two blocks at a time: nobody hears how finely, and each time costs waking up."""

    def __init__(self, block_samples: int) -> None:
        super().__init__(2 * block_samples)

    async def _open(self) -> StreamInfo:
        return StreamInfo("none", SAMPLE_RATE)

    def _play(self, pcm: bytes) -> None:
        pass

    async def _close(self) -> None:
        pass
