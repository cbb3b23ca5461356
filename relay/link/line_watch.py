"""Noticing that the connection is slower than the source: a device then loses audio, a file is sent late."""

from __future__ import annotations

from relay.codes import RelayCode
from relay.config import BYTES_PER_SECOND
from relay.output import Output

LATE_S = 1.0
"""How late a file must be to be reported."""
_SAY_AGAIN_S = 10.0
"""Interval of repeated reports."""


class LineWatch:
    """Reports it at the start and repeatedly while it lasts. Times are seconds of the monotonic clock."""

    def __init__(self, output: Output, chunk_bytes: int) -> None:
        self._output = output
        self._chunk_s = chunk_bytes / BYTES_PER_SECOND
        self._dropped = 0
        self._said_at: float | None = None
        self._began: float | None = None
        self._sent_s = 0.0

    def restart(self) -> None:
        """Restart for another source or connection: a file's schedule starts anew."""
        self._began = None
        self._sent_s = 0.0

    def sent(self, due: float, handed: float, *, live: bool, dropped_chunks: int) -> None:
        """A chunk that was due at ``due`` was handed over; ``dropped_chunks``: lost so far because they were not
        read in time."""
        if live:
            self._say_dropped(dropped_chunks, handed)
        elif self._began is None:
            self._began = due - self._chunk_s
        self._sent_s += self._chunk_s
        if not live and self._began is not None:
            self._say_late(handed - self._began - self._sent_s, handed)

    def _say_dropped(self, dropped_chunks: int, now: float) -> None:
        lost = dropped_chunks - self._dropped
        if lost <= 0 or not self._may_say(now):
            return
        self._dropped = dropped_chunks
        seconds = f"{lost * self._chunk_s:.1f}"
        self._output.notice(
            RelayCode.AUDIO_DROPPED,
            f"The line does not take what the source gives: {seconds} s of sound were dropped.",
            seconds=seconds,
            chunks=str(lost),
        )

    def _say_late(self, late_s: float, now: float) -> None:
        if late_s < LATE_S or not self._may_say(now):
            return
        seconds = f"{late_s:.1f}"
        self._output.notice(
            RelayCode.SOURCE_LATE,
            f"The line does not take what the source gives: the file is sent {seconds} s late.",
            seconds=seconds,
        )

    def _may_say(self, now: float) -> bool:
        if self._said_at is not None and now - self._said_at < _SAY_AGAIN_S:
            return False
        self._said_at = now
        return True
