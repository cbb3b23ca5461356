"""Limits of a run: how they are written, and whether figures pass them. Pure."""

from __future__ import annotations

import re

import msgspec

from load.figures import Figures

MEASURES = ("session", "connect", "gate", "answer", "gap", "lateness")
PERCENTILES = ("p50", "p95", "p99", "largest")
COUNTS = ("errors", "gaps", "transcripts_lost_percent")
NAMES = (*(f"{measure}_{percentile}" for measure in MEASURES for percentile in PERCENTILES), *COUNTS)
_WRITTEN = re.compile(r"\s*([a-z_0-9]+)\s*>\s*([0-9]+(?:\.[0-9]+)?)\s*", re.ASCII)


class BadLimit(ValueError):
    """Not a limit."""


class Limit(msgspec.Struct, frozen=True):
    """A figure may be this much and no more."""

    name: str
    most: float

    def __str__(self) -> str:
        return f"{self.name}>{self.most:g}"


class Passed(msgspec.Struct, frozen=True):
    """A limit that was passed, and by what."""

    limit: Limit
    value: float


def read_limit(text: str) -> Limit:
    """``answer_p95>1500`` as a limit. Raises ``BadLimit``."""
    written = _WRITTEN.fullmatch(text)
    if written is None or written[1] not in NAMES:
        raise BadLimit(text)
    return Limit(written[1], float(written[2]))


def value_of(name: str, figures: Figures) -> float | None:
    """The figure of that name; None where there is nothing to judge."""
    match name:
        case "errors":
            return figures.failures
        case "gaps":
            gaps = figures.spreads.get("gap")
            return gaps.n if gaps else 0
        case "transcripts_lost_percent":
            return figures.transcripts_lost_percent
    measure, _, percentile = name.rpartition("_")
    spread = next((spread for key, spread in figures.spreads.items() if key == measure), None)
    value: float | None = None if spread is None else getattr(spread, percentile)
    return value


def passed(limits: tuple[Limit, ...], figures: Figures) -> list[Passed]:
    """Those of ``limits`` that ``figures`` pass; what cannot be judged is not passed."""
    values = ((limit, value_of(limit.name, figures)) for limit in limits)
    return [Passed(limit, value) for limit, value in values if value is not None and value > limit.most]


LIMITS_OF_THE_KNEE = (Limit("answer_p95", 2000.0), Limit("gate_p95", 5000.0), Limit("errors", 0.0))
"""What ``--find-limit`` steps up to unless other limits are given."""
