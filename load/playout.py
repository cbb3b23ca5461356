"""Whether a listener would hear an answer without holes: pure; the caller brings the clock (seconds, monotonic)."""

from __future__ import annotations

BYTES_PER_SECOND = 48_000


class Playout:
    """A loudspeaker that begins with the first audio of an answer and plays on as long as there is some."""

    def __init__(self) -> None:
        self._empty_at: float | None = None

    def begin(self) -> None:
        """Another answer."""
        self._empty_at = None

    def arrived(self, size_bytes: int, at: float) -> float:
        """Audio of this answer came. Returns for how long (s) there had been nothing to play; 0 for the first."""
        empty_at = at if self._empty_at is None else self._empty_at
        self._empty_at = max(empty_at, at) + size_bytes / BYTES_PER_SECOND
        return max(0.0, at - empty_at)
