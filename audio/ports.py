"""The room's two interfaces: sources and sinks of PCM16.

Everything here is PCM16 little-endian, 24 000 Hz, mono: 48 bytes per millisecond. Everything specific to a device or a
file (rate, channels, sample format) ends at these interfaces.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

SAMPLE_RATE = 24_000
BYTES_PER_SAMPLE = 2
BYTES_PER_MS = 48

PullPcm = Callable[[int], bytes]
"""Asked for n samples, returns exactly ``2 * n`` bytes, padded with silence.

Called from the sink's own thread (a PortAudio callback) or task: it must be quick and must not block.
"""


@dataclass(frozen=True, slots=True)
class StreamInfo:
    """What was actually opened."""

    name: str
    """The device's or file's display name."""
    rate_hz: int
    """Its own sample rate, before resampling."""
    latency_ms: float = 0.0
    """Output: how long after being pulled a sample is heard. Input: the reverse."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """One chunk of captured audio, always of the requested size."""

    pcm: bytes
    due: float
    """``time.monotonic()`` at which its last sample was (or should have been) captured."""


class SourceEnded(Exception):
    """A finite source has delivered its last chunk."""


class Source(Protocol):
    """Where the user's voice comes from. ``read`` is paced: it returns a chunk when it is due."""

    dropped_chunks: int
    """Chunks captured but dropped because they were not read in time."""

    async def open(self) -> StreamInfo:
        """Open the device, file or socket. Raises ``audio.errors.AudioError``."""
        ...

    async def read(self) -> Chunk:
        """The next chunk. Raises ``SourceEnded``, or ``AudioError`` when the device is lost."""
        ...

    async def close(self) -> None:
        """Release everything; may be called twice, and before ``open``."""
        ...


class Sink(Protocol):
    """Where the customer's voice goes. The sink pulls at its own pace, a block at a time."""

    async def open(self, pull: PullPcm) -> StreamInfo:
        """Start pulling. Raises ``audio.errors.AudioError``."""
        ...

    @property
    def lost(self) -> Exception | None:
        """The ``AudioError`` that ended playback, if any."""
        ...

    async def close(self) -> None:
        """Stop pulling and release everything; may be called twice."""
        ...
