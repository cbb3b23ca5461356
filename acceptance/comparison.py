"""Comparing two runs, or a run with the median of several: other verdicts, and figures that got worse. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Literal

import msgspec

from acceptance.results import Answer, Figure, RunResult, Verdict, Wording, combine

Direction = Literal["better", "worse", "changed"]
"""worse: now fails, or passed and is no longer known to; better: now passes; changed: neither."""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A checkpoint whose verdict changed. Null: that run did not know the checkpoint."""

    checkpoint: str
    before: Verdict | None
    after: Verdict | None
    question: Wording | None = None
    """What was asked; null: a checkpoint of the procedure."""

    @property
    def direction(self) -> Direction:
        """Whether the change is for the better or worse."""
        if self.after == "fail":
            return "worse"
        if self.after == "pass":
            return "better"
        return "worse" if self.before == "pass" else "changed"


class FigureChange(msgspec.Struct, frozen=True, kw_only=True):
    """A figure that both sides have. Less is better."""

    name: str
    unit: str
    before: float
    """Of several runs: their median."""
    after: float
    noise: float = 0.0
    """A difference up to this says nothing."""

    @property
    def worse_by(self) -> float:
        """How much larger it is now, as a share of what it was; infinite where it was zero."""
        if self.after <= self.before:
            return 0.0
        return (self.after - self.before) / self.before if self.before > 0 else float("inf")


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """What changed from one run to a later one."""

    before: str
    """Id of the earlier run; of several, the newest of them."""
    after: str
    tests: tuple[int, ...]
    """Numbers of the tests selected in both runs; only these are compared."""
    changes: tuple[Change, ...]
    scenarios: tuple[str, ...] = ()
    """Names of the scenarios that both ran; only these are compared."""
    figures: tuple[FigureChange, ...] = ()
    runs: int = 1
    """How many earlier runs it was compared with."""

    @property
    def worse(self) -> tuple[Change, ...]:
        """The changes for the worse."""
        return tuple(change for change in self.changes if change.direction == "worse")

    def regressions(self, tolerance: float) -> tuple[FigureChange, ...]:
        """The figures that are worse by more than ``tolerance``, a share such as 0.2, and by more than noise."""
        return tuple(
            figure
            for figure in self.figures
            if figure.worse_by > tolerance and figure.after - figure.before > figure.noise
        )


def compare(before: RunResult, after: RunResult) -> Comparison:
    """The changes in order of the later run's checkpoints, then checkpoints it no longer knows."""
    return compare_with((before,), after)


def compare_with(before: Sequence[RunResult], after: RunResult) -> Comparison:
    """The same against several runs, newest first: verdicts with the newest, figures with the median.

    The median is of those runs that tried the same scenarios.

    Raises ``ValueError`` if there is none.
    """
    if not before:
        raise ValueError("nothing to compare with")
    newest = before[0]
    tests = tuple(number for number in after.selected if number in newest.selected)
    scenarios = tuple(name for name in _scenarios(after) if name in _scenarios(newest))
    limits = _limits(newest) & _limits(after)
    old, new = (_answers(result, tests, scenarios, limits) for result in (newest, after))
    changes = []
    for name in [*new, *(name for name in old if name not in new)]:
        then, now = _verdict(old.get(name)), _verdict(new.get(name))
        if then != now:
            question = (new.get(name) or old[name])[0].question
            changes.append(Change(checkpoint=name, before=then, after=now, question=question))
    procedure = after.scenarios is None
    return Comparison(
        before=newest.id,
        after=after.id,
        tests=tests if procedure else (),
        changes=tuple(changes),
        scenarios=scenarios,
        figures=_figures(before, after),
        runs=len(before),
    )


def ran_the_same(one: RunResult, other: RunResult) -> bool:
    """Whether both tried the same scenarios: only then do their figures say anything of each other."""
    return one.scenarios is not None and sorted(_scenarios(one)) == sorted(_scenarios(other))


def _scenarios(result: RunResult) -> list[str]:
    return [] if result.scenarios is None else [one.name for one in result.scenarios.scenarios]


def _limits(result: RunResult) -> set[str]:
    """The limits that a run of scenarios was held to."""
    if result.scenarios is None:
        return set()
    return {answer.checkpoint for test in result.tests if test.scenario is None for answer in test.answers}


def _answers(
    result: RunResult, tests: tuple[int, ...], scenarios: tuple[str, ...], limits: set[str]
) -> dict[str, list[Answer]]:
    """By checkpoint; several attempts at one scenario answer the same."""
    found: dict[str, list[Answer]] = {}
    for test in result.tests:
        for answer in test.answers:
            if result.scenarios is None:
                chosen = test.number in tests
            elif test.scenario is None:
                chosen = answer.checkpoint in limits
            else:
                chosen = test.scenario in scenarios
            if chosen:
                found.setdefault(answer.checkpoint, []).append(answer)
    return found


def _verdict(answers: Sequence[Answer] | None) -> Verdict | None:
    return combine([answer.verdict for answer in answers]) if answers else None


def _figures(before: Sequence[RunResult], after: RunResult) -> tuple[FigureChange, ...]:
    known: dict[str, list[float]] = {}
    for result in before:
        for figure in _of(result) if ran_the_same(result, after) else ():
            if figure.value is not None:
                known.setdefault(figure.name, []).append(figure.value)
    return tuple(
        FigureChange(
            name=figure.name,
            unit=figure.unit,
            before=median(known[figure.name]),
            after=figure.value,
            noise=figure.noise,
        )
        for figure in _of(after)
        if figure.name in known and figure.value is not None
    )


def _of(result: RunResult) -> tuple[Figure, ...]:
    return () if result.scenarios is None else result.scenarios.figures
