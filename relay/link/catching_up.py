"""Sending kept speech before new speech, without running too far ahead of real time."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from relay.config import BYTES_PER_SECOND
from relay.link.out_chunk import OutChunk

LONGEST_AHEAD_S = 8.0
"""A SalesMind server accepts audio up to 10 s ahead of real time."""
_SILENCE_S = 1.0
"""While there is a backlog, longer silences are cut to this, so that it catches up."""


class CatchingUp:
    """One per gate opening. Times are seconds of the monotonic clock."""

    def __init__(self, opened_at: float = 0.0, backlog: Iterable[OutChunk] = ()) -> None:
        self._opened_at = opened_at
        self._backlog: deque[OutChunk] = deque(backlog)
        self._sent_bytes = 0
        self._silent_bytes = 0

    @property
    def behind(self) -> bool:
        """Whether kept or later speech has not been sent yet."""
        return bool(self._backlog)

    @property
    def seconds(self) -> float:
        """The length of the backlog."""
        return sum(len(chunk.pcm) for chunk in self._backlog) / BYTES_PER_SECOND

    def due(self, captured: OutChunk, now: float) -> list[OutChunk]:
        """What to send now that ``captured`` has arrived."""
        self._silent_bytes = 0 if captured.audible else self._silent_bytes + len(captured.pcm)
        if not self._backlog:
            self._sent_bytes += len(captured.pcm)
            return [captured]
        if self._silent_bytes <= _SILENCE_S * BYTES_PER_SECOND:
            self._backlog.append(captured)
        limit = (now - self._opened_at + LONGEST_AHEAD_S) * BYTES_PER_SECOND
        chunks: list[OutChunk] = []
        while self._backlog and self._sent_bytes < limit:
            chunks.append(self._backlog.popleft())
            self._sent_bytes += len(chunks[-1].pcm)
        return chunks
