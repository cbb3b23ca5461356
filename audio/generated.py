"""Generated sources: a tone and silence."""

from __future__ import annotations

import math
import sys
from array import array

from audio.pacing import Pacer
from audio.ports import BYTES_PER_SAMPLE, SAMPLE_RATE, Chunk, StreamInfo

TONE_AMPLITUDE = 3_277
"""-20 dBFS peak: as loud as a voice, far from clipping."""


class SilenceSource:
    """Endless zeros in real time."""

    dropped_chunks = 0

    def __init__(self, chunk_bytes: int) -> None:
        self._zeros = bytes(chunk_bytes)
        self._pacer = Pacer(chunk_bytes // BYTES_PER_SAMPLE)

    async def open(self) -> StreamInfo:
        """Nothing to open."""
        return StreamInfo("silence", SAMPLE_RATE)

    async def read(self) -> Chunk:
        """The next chunk, when it is due."""
        self._pacer.skipped_samples()
        return Chunk(self._zeros, await self._pacer.wait())

    async def close(self) -> None:
        """Nothing to close."""


class ToneSource:
    """An endless sine of ``hz`` at -20 dBFS in real time, without clicks between chunks."""

    dropped_chunks = 0

    def __init__(self, hz: float, chunk_bytes: int) -> None:
        self._hz = hz
        self._chunk_samples = chunk_bytes // BYTES_PER_SAMPLE
        self._pacer = Pacer(self._chunk_samples)
        self._position = 0
        self._table: bytes | None = None
        """A second of the tone, which whole hertz repeat exactly, and a chunk more: computing each chunk when it
        is due took a third of the relay's time."""

    async def open(self) -> StreamInfo:
        """Precompute the samples."""
        if self._hz.is_integer():
            self._table = sine(self._hz, 0, SAMPLE_RATE) * (2 + self._chunk_samples // SAMPLE_RATE)
        return StreamInfo(f"{self._hz:g} Hz", SAMPLE_RATE)

    async def read(self) -> Chunk:
        """The next chunk, when it is due."""
        self._pacer.skipped_samples()
        due = await self._pacer.wait()
        pcm = self._samples(self._position, self._chunk_samples)
        self._position += self._chunk_samples
        return Chunk(pcm, due)

    def _samples(self, first: int, count: int) -> bytes:
        if self._table is None:
            return sine(self._hz, first, count)
        begin = first % SAMPLE_RATE * BYTES_PER_SAMPLE
        return self._table[begin : begin + count * BYTES_PER_SAMPLE]

    async def close(self) -> None:
        """Nothing to close."""


def sine(hz: float, first_sample: int, samples: int) -> bytes:
    """PCM16 of ``samples`` samples of a sine that was at phase 0 at sample 0."""
    step = 2 * math.pi * hz / SAMPLE_RATE
    values = array(
        "h",
        (round(TONE_AMPLITUDE * math.sin(step * n)) for n in range(first_sample, first_sample + samples)),
    )
    if sys.byteorder == "big":  # pragma: no cover - no such machine at hand
        values.byteswap()
    return values.tobytes()
