"""How far ahead of real time a client's audio may run."""

from __future__ import annotations

from backend.spin.frames import BYTES_PER_SECOND


class AudioPacing:
    """A leaky bucket measured in seconds of audio: filled by what is sent, drained by the clock.

    The caller brings the clock (seconds, monotonic), so this can be tested with plain numbers.
    """

    def __init__(self, limit_s: float) -> None:
        self.limit_s = limit_s
        self._ahead_s = 0.0
        self._at: float | None = None

    def _drain(self, now: float) -> None:
        if self._at is not None:
            self._ahead_s = max(0.0, self._ahead_s - (now - self._at))
        self._at = now

    def admit(self, size_bytes: int, now: float) -> bool:
        """Count ``size_bytes`` of PCM16 in, or refuse them and count nothing.

        An empty bucket takes a message of any length, so that one longer than the limit can be sent at all.
        """
        self._drain(now)
        seconds = size_bytes / BYTES_PER_SECOND
        if self._ahead_s > 0 and self._ahead_s + seconds > self.limit_s:
            return False
        self._ahead_s += seconds
        return True

    def ahead_s(self, now: float) -> float:
        """How many seconds of audio are ahead of real time."""
        self._drain(now)
        return self._ahead_s

    def pause_s(self, margin_s: float, now: float) -> float:
        """How long until ``margin_s`` seconds of audio fit in again."""
        return max(0.0, self.ahead_s(now) - (self.limit_s - margin_s))
