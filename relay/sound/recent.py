"""The latest stretch of a PCM16 stream, for the meters."""

from __future__ import annotations

from collections import deque

from audio.ports import BYTES_PER_MS


class RecentAudio:
    """The last blocks that together last at least ``ms``; less at the start."""

    def __init__(self, ms: int = 100) -> None:
        self._wanted = ms * BYTES_PER_MS
        self._blocks: deque[bytes] = deque()
        self._bytes = 0

    def add(self, pcm: bytes) -> None:
        """Append ``pcm`` and drop blocks that are no longer needed."""
        self._blocks.append(pcm)
        self._bytes += len(pcm)
        while self._bytes - len(self._blocks[0]) >= self._wanted:
            self._bytes -= len(self._blocks.popleft())

    def pcm(self) -> bytes:
        """The kept audio; empty before the first block."""
        return b"".join(self._blocks)
