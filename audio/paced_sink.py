"""Sinks without a device of their own: a timer pulls a block whenever one is due.

They play in real time like a speaker, so that "heard" means the same for every sink.
"""

from __future__ import annotations

import asyncio

from audio.errors import AudioError
from audio.pacing import Pacer
from audio.ports import BYTES_PER_SAMPLE, SAMPLE_RATE, PullPcm, StreamInfo


class PacedSink:
    """Pulls a block when it is due and passes it to ``_play``, which subclasses implement.

    If the event loop stalls for more than half a second, the missed time is silence, as it
    would be on a starved speaker: nothing is pulled for it. A timer, not a task: a task costs the
    relay three times as much per wake-up.
    """

    def __init__(self, block_samples: int) -> None:
        self._block_samples = block_samples
        self._pacer = Pacer(block_samples)
        self._timer: asyncio.Handle | None = None
        self._lost: AudioError | None = None

    @property
    def lost(self) -> AudioError | None:
        """Why playback stopped early, if it did."""
        return self._lost

    async def open(self, pull: PullPcm) -> StreamInfo:
        """Open the target and start pulling. Raises ``AudioError``."""
        info = await self._open()
        self._timer = asyncio.get_running_loop().call_soon(self._block_due, pull)
        return info

    async def close(self) -> None:
        """Stop pulling and release everything; may be called twice, and before ``open``."""
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()
        await self._close()

    def _block_due(self, pull: PullPcm) -> None:
        try:
            missed = self._pacer.skipped_samples()
            if missed:
                self._play(bytes(missed * BYTES_PER_SAMPLE))
            self._play(pull(self._block_samples))
        except AudioError as error:
            self._lost = error
            return
        due = self._pacer.next_due()
        self._pacer.take()
        self._timer = asyncio.get_running_loop().call_at(due, self._block_due, pull)

    async def _open(self) -> StreamInfo:
        raise NotImplementedError

    def _play(self, pcm: bytes) -> None:
        """Play ``pcm`` at once and without blocking. Raises ``AudioError`` to end the stream."""
        raise NotImplementedError

    async def _close(self) -> None:
        raise NotImplementedError


class NullSink(PacedSink):
    """Discards audio four blocks at a time, since each wake-up costs CPU and nobody listens."""

    def __init__(self, block_samples: int) -> None:
        super().__init__(4 * block_samples)

    async def _open(self) -> StreamInfo:
        return StreamInfo("none", SAMPLE_RATE)

    def _play(self, pcm: bytes) -> None:
        pass

    async def _close(self) -> None:
        pass
