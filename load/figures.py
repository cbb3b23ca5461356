"""What a run came to: pure. Percentiles are nearest-rank, and None where there are too few values for one."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

import msgspec

from load.lines import Count, Measure, Second

LATE_P99_MS = 50.0
"""A generator later than this at p99 measures itself."""
LEAST_VALUES = {50: 1, 95: 20, 99: 100}
"""Below this, the percentile would be the largest value, whatever that is."""


class Usage(msgspec.Struct, frozen=True):
    """The server's processes together, where they run on this machine."""

    cores: float
    """CPU seconds per second."""
    memory_mib: float


class Row(msgspec.Struct, frozen=True):
    """One second of a run, all crowds together."""

    t: float
    """Seconds since the run began."""
    wanted: int
    """Users that there should be."""
    users: int
    """In a conversation."""
    samples: dict[Measure, list[float]] = {}
    counts: dict[Count, int] = {}
    errors: dict[str, int] = {}
    server: Usage | None = None


class Spread(msgspec.Struct, frozen=True):
    """One measure, in ms."""

    n: int
    p50: float | None
    p95: float | None
    p99: float | None
    largest: float | None


class Figures(msgspec.Struct, frozen=True):
    """Some rows together."""

    seconds: float
    users: int
    """The most at a time."""
    spreads: dict[Measure, Spread]
    counts: dict[Count, int]
    errors: dict[str, int]
    cores: float | None
    """The server's mean; None if it does not run on this machine."""
    memory_mib: float | None
    """The server's most."""

    @property
    def failures(self) -> int:
        """Errors of every kind, and readings of ``realtime_mode`` that were wrong."""
        wrong = self.counts.get("mode_not_true", 0) + self.counts.get("mode_not_false", 0)
        return sum(self.errors.values()) + wrong

    @property
    def transcripts_lost_percent(self) -> float | None:
        """Of the turns spoken, those that had no transcript; None without turns.

        A turn just spoken when the rows end has none yet, so it is of use for long runs.
        """
        turns = self.counts.get("turns", 0)
        return max(0.0, 100 * (1 - self.counts.get("transcripts", 0) / turns)) if turns else None

    @property
    def late(self) -> bool:
        """Whether this machine was too late itself for the rest to mean anything."""
        spread = self.spreads.get("lateness")
        worst = None if spread is None else (spread.largest if spread.p99 is None else spread.p99)
        return worst is not None and worst > LATE_P99_MS


def percentile(values: Sequence[float], percent: int) -> float | None:
    """The nearest-rank percentile of ``values``; None if there are fewer than it needs."""
    if len(values) < LEAST_VALUES.get(percent, 1):
        return None
    return sorted(values)[max(0, -(-len(values) * percent // 100) - 1)]


def spread(values: Sequence[float]) -> Spread:
    """The percentiles of ``values``."""
    return Spread(
        len(values),
        percentile(values, 50),
        percentile(values, 95),
        percentile(values, 99),
        max(values, default=None),
    )


def row(
    t: float, wanted: int, talking: dict[int, int], seconds: Iterable[Second], server: Usage | None
) -> Row:
    """The crowds' reports since the last row as one. ``talking``, users by crowd, is brought up to date with them.

    A crowd may have reported twice meanwhile, or not at all.
    """
    samples: defaultdict[Measure, list[float]] = defaultdict(list)
    counts: Counter[Count] = Counter()
    errors: Counter[str] = Counter()
    for second in seconds:
        talking[second.crowd] = second.users
        for measure, values in second.samples.items():
            samples[measure] += values
        counts.update(second.counts)
        errors.update(second.errors)
    return Row(round(t, 2), wanted, sum(talking.values()), dict(samples), dict(counts), dict(errors), server)


def figures(rows: Sequence[Row]) -> Figures:
    """What ``rows`` come to."""
    samples: defaultdict[Measure, list[float]] = defaultdict(list)
    counts: Counter[Count] = Counter()
    errors: Counter[str] = Counter()
    for each in rows:
        for measure, values in each.samples.items():
            samples[measure] += values
        counts.update(each.counts)
        errors.update(each.errors)
    usages = [each.server for each in rows if each.server is not None]
    return Figures(
        seconds=round(rows[-1].t - rows[0].t, 2) if rows else 0.0,
        users=max((each.users for each in rows), default=0),
        spreads={measure: spread(values) for measure, values in samples.items()},
        counts=dict(counts),
        errors=dict(errors),
        cores=round(sum(usage.cores for usage in usages) / len(usages), 3) if usages else None,
        memory_mib=max((usage.memory_mib for usage in usages), default=None),
    )
