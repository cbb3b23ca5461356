"""What a crowd measures between two lines of its report."""

from __future__ import annotations

import secrets
from collections import Counter, defaultdict

from load.lines import Count, Measure, Second


class Tally:
    """Filled by all users of a process, emptied once a second."""

    def __init__(self) -> None:
        self._crowd = secrets.randbits(48)
        self.users = 0
        """In a conversation now."""
        self._samples: defaultdict[Measure, list[float]] = defaultdict(list)
        self._counts: Counter[Count] = Counter()
        self._errors: Counter[str] = Counter()

    def sample(self, measure: Measure, ms: float) -> None:
        """One measurement in ms."""
        self._samples[measure].append(round(ms, 2))

    def count(self, what: Count) -> None:
        """One more of these."""
        self._counts[what] += 1

    def error(self, code: str) -> None:
        """One more failure."""
        self._errors[code] += 1

    def take(self) -> Second:
        """Everything since the last time."""
        second = Second(self.users, self._crowd, dict(self._samples), dict(self._counts), dict(self._errors))
        self._samples.clear()
        self._counts.clear()
        self._errors.clear()
        return second
