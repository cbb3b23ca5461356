"""The two interfaces of the room: where PCM16 comes from and where it goes.

Everything here is PCM16 little-endian, 24 000 Hz, mono: 48 bytes per millisecond. What a device or a
file has of its own (rate, channels, sample format) ends at these interfaces.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

SAMPLE_RATE = 24_000
BYTES_PER_SAMPLE = 2
BYTES_PER_MS = 48

PullPcm = Callable[[int], bytes]
"""Asked for n samples, returns exactly ``2 * n`` bytes, with silence where there is nothing to play.

Called from the sink's own thread (a PortAudio callback) or task: it must be quick and must not block.
"""


@dataclass(frozen=True, slots=True)
class StreamInfo:
    """What was really opened."""

    name: str
    """A device's or file's name, for people."""
    rate_hz: int
    """Its own sample rate, before resampling."""
    latency_ms: float = 0.0
    """Output: how long after being pulled a sample is heard. Input: the reverse."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """One chunk of captured audio, always of the size asked for."""

    pcm: bytes
    due: float
    """``time.monotonic()`` at which its last sample was (or should have been) captured."""


class SourceEnded(Exception):
    """A source that is not endless has given its last chunk."""


class Source(Protocol):
    """Where the user's voice comes from. ``read`` paces itself: a chunk comes when it is due."""

    dropped_chunks: int
    """Chunks captured and thrown away because nobody read them in time."""

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
        """The ``AudioError`` that ended the stream in mid-play, if one did."""
        ...

    async def close(self) -> None:
        """Stop pulling and release everything; may be called twice."""
        ...
