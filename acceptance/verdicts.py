"""From answers to verdicts: per test, per success condition, over the document and beyond it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from acceptance.checkpoints import CHECKPOINTS, CONDITIONS, Checkpoint, checkpoints_of
from acceptance.results import Answer, ConditionResult, TestResult, Verdict, combine

Origin = Literal["document", "beyond"]


def complete(checkpoints: Iterable[Checkpoint], answers: Mapping[str, Answer]) -> tuple[Answer, ...]:
    """An answer for every checkpoint, in order; what has none is not run."""
    return tuple(answers.get(point.id, Answer(checkpoint=point.id)) for point in checkpoints)


def over(checkpoints: Iterable[Checkpoint], answers: Mapping[str, Answer], origin: Origin) -> Verdict:
    """One verdict over the checkpoints of that origin."""
    chosen = [point for point in checkpoints if point.origin == origin]
    return combine([answer.verdict for answer in complete(chosen, answers)])


def of_test(
    number: int, answers: Mapping[str, Answer], started_at: str | None, finished_at: str | None
) -> TestResult:
    """The result of one test."""
    points = checkpoints_of(number)
    return TestResult(
        number=number,
        verdict=over(points, answers, "document"),
        beyond=over(points, answers, "beyond"),
        answers=complete(points, answers),
        started_at=started_at,
        finished_at=finished_at,
    )


def conditions(answers: Mapping[str, Answer]) -> tuple[ConditionResult, ...]:
    """The document's success conditions."""
    return tuple(
        ConditionResult(
            id=condition.id,
            level=condition.level,
            verdict=combine(
                [answers[name].verdict if name in answers else "not_run" for name in condition.checkpoints]
            ),
        )
        for condition in CONDITIONS
    )


def level(results: Iterable[ConditionResult], wanted: Literal["minimum", "ideal"]) -> Verdict:
    """The verdict over all conditions of one level."""
    return combine([result.verdict for result in results if result.level == wanted])


def of_selected(selected: Iterable[int], answers: Mapping[str, Answer], origin: Origin) -> Verdict:
    """The verdict over the selected tests' checkpoints of that origin."""
    numbers = set(selected)
    return over([point for point in CHECKPOINTS if point.test in numbers], answers, origin)
