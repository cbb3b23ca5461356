"""What waits to be sent: speech kept from before, and speech that the line does not take yet. Pure.

Kept speech goes first, without running too far ahead of real time. A live source does not wait for a line that takes
too little: its chunks wait here, and when too many do, the oldest are dropped and counted.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from relay.config import BYTES_PER_SECOND
from relay.link.out_chunk import OutChunk

LONGEST_AHEAD_S = 8.0
"""A SalesMind server accepts audio up to 10 s ahead of real time."""
LONGEST_WAIT_S = 2.0
"""How long the sound of a live source waits on a line that is too slow for it; then the oldest is dropped."""
LONGEST_STALL_S = 30.0
"""How much waits while the line takes nothing at all: it may take everything at once when it goes on."""
STALLED_AFTER_S = 1.5
"""A line that has taken nothing for this long stands still."""
_SILENCE_S = 1.0
"""While something waits, longer silences are cut to this, so that it catches up."""


class SendQueue:
    """One per run, begun anew at each opening of the gate. Times are seconds of the monotonic clock."""

    def __init__(self) -> None:
        self._opened_at = 0.0
        self._waiting: deque[OutChunk] = deque()
        self._waiting_bytes = 0
        self._sent_bytes = 0
        self._silent_bytes = 0
        self._allowed_bytes = 0.0
        self._moved_at = 0.0
        self.dropped_chunks = 0
        """Dropped because they had waited too long, over the whole run."""

    @property
    def behind(self) -> bool:
        """Whether anything waits."""
        return bool(self._waiting)

    @property
    def seconds(self) -> float:
        """The length of what waits."""
        return self._waiting_bytes / BYTES_PER_SECOND

    def begin(self, opened_at: float, backlog: Iterable[OutChunk] = ()) -> None:
        """The gate opened; ``backlog`` is sent before anything new."""
        self._waiting = deque(backlog)
        self._waiting_bytes = sum(len(chunk.pcm) for chunk in self._waiting)
        self._opened_at = self._moved_at = opened_at
        self._sent_bytes = self._silent_bytes = 0
        self._allowed_bytes = self._waiting_bytes + LONGEST_WAIT_S * BYTES_PER_SECOND

    def stalled_s(self, now: float) -> float:
        """For how long the line has taken nothing; 0.0 if it has not been for ``STALLED_AFTER_S``."""
        still_s = now - self._moved_at if self.behind else 0.0
        return still_s if still_s >= STALLED_AFTER_S else 0.0

    def add(self, captured: OutChunk, now: float) -> None:
        """A chunk was captured."""
        self._silent_bytes = 0 if captured.audible else self._silent_bytes + len(captured.pcm)
        if not self.behind:
            self._moved_at = now  # the time in which there was nothing to send is no standstill
        elif self._silent_bytes > _SILENCE_S * BYTES_PER_SECOND:
            return
        self._waiting.append(captured)
        self._waiting_bytes += len(captured.pcm)
        self._drop_beyond(LONGEST_STALL_S * BYTES_PER_SECOND)

    def next(self, now: float, *, live: bool) -> OutChunk | None:
        """The chunk to hand to a line that takes more; None if none waits, or it would be too far ahead.

        What a file delivers is never dropped: the file is read later instead.
        """
        if (
            not self._waiting
            or self._sent_bytes >= (now - self._opened_at + LONGEST_AHEAD_S) * BYTES_PER_SECOND
        ):
            return None
        # What a standstill held up may catch up; a line that is merely slow adds nothing to what is allowed.
        still_s = now - self._moved_at
        self._allowed_bytes = max(self._allowed_bytes, (LONGEST_WAIT_S + still_s) * BYTES_PER_SECOND)
        if live:
            self._drop_beyond(self._allowed_bytes)
        chunk = self._remove()
        self._sent_bytes += len(chunk.pcm)
        self._moved_at = now
        may_wait = self._waiting_bytes + LONGEST_WAIT_S * BYTES_PER_SECOND
        self._allowed_bytes = min(self._allowed_bytes, may_wait)
        return chunk

    def take_rest(self) -> list[OutChunk]:
        """Take what waits, because the connection is gone."""
        rest = list(self._waiting)
        self._waiting.clear()
        self._waiting_bytes = 0
        return rest

    def _drop_beyond(self, most_bytes: float) -> None:
        while self._waiting_bytes > most_bytes and len(self._waiting) > 1:
            self._remove()
            self.dropped_chunks += 1

    def _remove(self) -> OutChunk:
        chunk = self._waiting.popleft()
        self._waiting_bytes -= len(chunk.pcm)
        return chunk
