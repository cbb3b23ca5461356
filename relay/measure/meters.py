"""Rates, lateness and the expected geometry, computed from the times passed in (seconds)."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from relay.codes import RelayCode
from relay.config import BYTES_PER_SECOND
from relay.conversation_state import percentile
from relay.measure.spread import Spread

WINDOW_S = 3.0
"""Trailing window of every rate: 17 chunks even in the slow 8192-byte geometry."""

MISLABELLED_RATES: tuple[tuple[int, RelayCode], ...] = (
    (44_100, RelayCode.CHUNK_RATE_SUGGESTS_44100),
    (48_000, RelayCode.CHUNK_RATE_SUGGESTS_48000),
)
"""Sample rates that a source may actually have while it is sent as 24 kHz."""

_RATE_TOLERANCE = 0.03


def expected_chunk_rate(chunk_bytes: int) -> float:
    """Chunks per second for PCM16 mono 24 kHz: 5.86 for 8192 bytes, 25 for 1920."""
    return BYTES_PER_SECOND / chunk_bytes


def suspected_rate(measured: float, expected: float) -> tuple[int, RelayCode] | None:
    """The sample rate (Hz) and notice code that explain a chunk rate, or None.

    8192-byte chunks of a 44.1 kHz microphone labelled as 24 kHz come 10.77 times a second, which the
    test summary calls "10 chunks/sec"; 24 kHz audio would give 5.86.
    """
    for rate_hz, code in MISLABELLED_RATES:
        if abs(measured / expected / (rate_hz / 24_000) - 1) <= _RATE_TOLERANCE:
            return rate_hz, code
    return None


class RateMeter:
    """Events per second over a trailing window, without the jitter of counting whole events.

    The rate is the number of events after the oldest kept one over the time since; it falls when the
    events stop.
    """

    def __init__(self, window_s: float = WINDOW_S) -> None:
        self.window_s = window_s
        self._events: deque[tuple[float, float]] = deque()
        self._opened_at: float | None = None

    def open(self, at: float) -> None:
        """(Re)start measuring at ``at``, which may be in the future, e.g. because the gate opened."""
        self._events.clear()
        self._opened_at = at

    def add(self, at: float, amount: float = 1.0) -> None:
        """One event (or ``amount`` of them) at ``at``. Events before measuring starts do not count."""
        if self._opened_at is not None and at < self._opened_at:
            return
        self._events.append((at, amount))
        self._trim(at)

    def rate(self, now: float) -> float | None:
        """Events per second; None until a second has passed since ``open``."""
        if self._opened_at is None or now - self._opened_at < 1.0:
            return None
        self._trim(now)
        if not self._events:
            return 0.0
        first = self._events[0][0]
        last = self._events[-1][0]
        counted = sum(amount for _, amount in self._events) - self._events[0][1]
        n_intervals = len(self._events) - 1
        if n_intervals == 0:
            return self._events[0][1] / min(self.window_s, now - self._opened_at)
        usual = (last - first) / n_intervals
        # Until the next event is overdue the span ends at the last one; then it grows, and the rate falls.
        span = last - first if now - last <= 2 * usual else now - first
        return counted / span if span > 0 else None

    def amount(self, now: float) -> float | None:
        """Plain amount per second over the window, for bursts; None until a second has passed."""
        if self._opened_at is None or now - self._opened_at < 1.0:
            return None
        self._trim(now)
        return sum(amount for _, amount in self._events) / min(self.window_s, now - self._opened_at)

    def _trim(self, now: float) -> None:
        while self._events and self._events[0][0] < now - self.window_s:
            self._events.popleft()


@dataclass(frozen=True, slots=True)
class Lateness:
    """How late chunks were handed to the socket, in ms, nearest-rank percentiles; None before any."""

    p50_ms: float | None = None
    p99_ms: float | None = None
    max_ms: float | None = None


class LatenessMeter:
    """Lateness of every chunk against its schedule: of the trailing window, and of the whole run."""

    def __init__(self, window_s: float = WINDOW_S) -> None:
        self.window_s = window_s
        self._window: deque[tuple[float, float]] = deque()
        self._run = Spread()

    def add(self, due: float, handed: float) -> None:
        """A chunk that was due at ``due`` was handed over at ``handed``. Early counts as on time."""
        late_ms = max(0.0, (handed - due) * 1_000)
        self._run.add(late_ms)
        self._window.append((handed, late_ms))
        while self._window[0][0] < handed - self.window_s:
            self._window.popleft()

    def window(self) -> Lateness:
        """Over the chunks of the trailing window."""
        values = sorted(late for _, late in self._window)
        return Lateness(percentile(values, 50), percentile(values, 99), values[-1] if values else None)

    def run(self) -> Lateness:
        """Over every chunk of the run; percentiles to three digits."""
        return Lateness(self._run.percentile(50), self._run.percentile(99), self._run.largest)


class RateWatch:
    """Reports once per source that the chunk rate suggests a mislabelled sample rate."""

    def __init__(self, expected: float, sustained_s: float = WINDOW_S) -> None:
        self._expected = expected
        self._sustained_s = sustained_s
        self._since: float | None = None
        self._suspect: tuple[int, RelayCode] | None = None
        self._told = False

    def source_changed(self) -> None:
        """Start over for another source."""
        self._since = None
        self._suspect = None
        self._told = False

    def observe(self, measured: float | None, now: float) -> tuple[int, RelayCode] | None:
        """The suspected sample rate (Hz) and notice code, once the rate has matched for a whole window."""
        suspect = None if measured is None else suspected_rate(measured, self._expected)
        if suspect != self._suspect:
            self._suspect = suspect
            self._since = now
        if suspect is None or self._told or self._since is None or now - self._since < self._sustained_s:
            return None
        self._told = True
        return suspect
