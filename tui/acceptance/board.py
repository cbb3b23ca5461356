"""The state of an acceptance run in progress, folded from its events. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import msgspec

from acceptance import verdicts
from acceptance.checkpoints import CHECKPOINTS, TESTS, checkpoints_of
from acceptance.progress import (
    Answered,
    CleanedUp,
    Doing,
    PlanStep,
    ProgressEvent,
    Question,
    RunFinished,
    Running,
    RunStarted,
    TestFinished,
    TestStarted,
)
from acceptance.results import Answer, ConditionResult, RunResult, TestResult, Verdict

Mark = Literal["pass", "fail", "not_run", "not_applicable", "running"]
"""A verdict, or ``running``."""


@dataclass(frozen=True, slots=True)
class Board:
    """Everything known at one moment. Start with ``Board()``."""

    run_id: str | None = None
    plan: tuple[PlanStep, ...] = ()
    selected: tuple[int, ...] = tuple(test.number for test in TESTS)
    answers: Mapping[str, Answer] = field(default_factory=dict)
    running: frozenset[str] = frozenset()
    """Checkpoints being decided."""
    test: int | None = None
    """The test being run."""
    doing: Doing | None = None
    question: Question | None = None
    """The open question to the operator."""
    tests: Mapping[int, TestResult] = field(default_factory=dict)
    """Finished tests."""
    cleaned_up: CleanedUp | None = None
    result: RunResult | None = None
    """Set when the run has finished."""

    @property
    def over(self) -> bool:
        """Whether the run has finished."""
        return self.result is not None

    def mark(self, checkpoint_id: str) -> Mark:
        """A checkpoint's mark. One that was answered and is being decided again keeps its answer."""
        given = self.answers.get(checkpoint_id)
        if given is not None and given.verdict != "not_run":
            return given.verdict
        return "running" if checkpoint_id in self.running else "not_run"

    def test_mark(self, number: int) -> Mark:
        """A test's mark, by the document's own checkpoints."""
        return "running" if self.test == number else self.verdict_of(number, "document")

    def verdict_of(self, number: int, origin: verdicts.Origin) -> Verdict:
        """One verdict over the checkpoints of a test that has been run."""
        return verdicts.over(checkpoints_of(number), self.answers, origin)

    def overall(self, origin: verdicts.Origin) -> Verdict:
        """One verdict over the selected tests."""
        return verdicts.of_selected(self.selected, self.answers, origin)

    @property
    def conditions(self) -> tuple[ConditionResult, ...]:
        """The document's success conditions."""
        return verdicts.conditions(self.answers)

    def level(self, wanted: Literal["minimum", "ideal"]) -> Verdict:
        """The verdict over the success conditions of one level."""
        return verdicts.level(self.conditions, wanted)

    @property
    def to_run_again(self) -> tuple[int, ...]:
        """The tests of the last run in which something failed or could not be run."""
        if self.result is None:
            return ()
        bad: tuple[Verdict, ...] = ("fail", "not_run")
        tests = [test for test in self.result.tests if test.number in self.result.selected]
        return tuple(test.number for test in tests if test.verdict in bad or test.beyond in bad)


def fold(board: Board, events: Iterable[ProgressEvent]) -> Board:
    """Apply ``events`` to ``board``."""
    for event in events:
        board = _after(board, event)
    return board


def stopped(board: Board) -> Board:
    """Mark the run as finished, even if it never said so."""
    return replace(board, running=frozenset(), test=None, doing=None, question=None)


def with_notes(result: RunResult, notes: Mapping[int, str]) -> RunResult:
    """``result`` with the operator's notes (備考), by number of the test."""
    tests = tuple(
        msgspec.structs.replace(test, note=notes.get(test.number, test.note)) for test in result.tests
    )
    return msgspec.structs.replace(result, tests=tests)


def _after(board: Board, event: ProgressEvent) -> Board:
    match event:
        case RunStarted():
            return Board(run_id=event.id, plan=event.plan, selected=event.tests)
        case TestStarted():
            return replace(board, test=event.test)
        case Doing():
            return replace(board, doing=event)
        case Running():
            return replace(board, running=board.running | set(event.checkpoints))
        case Answered():
            return _answered(board, event.answer)
        case Question():
            return replace(board, question=event, running=board.running | {event.checkpoint})
        case TestFinished():
            return _test_over(board, event.result)
        case CleanedUp():
            return replace(stopped(board), cleaned_up=event)
        case RunFinished():
            answers = {answer.checkpoint: answer for test in event.result.tests for answer in test.answers}
            return replace(stopped(board), result=event.result, answers=answers)
        case _:
            return board


def _answered(board: Board, answer: Answer) -> Board:
    question = board.question
    if question is not None and question.checkpoint == answer.checkpoint:
        question = None
    return replace(
        board,
        answers={**board.answers, answer.checkpoint: answer},
        running=board.running - {answer.checkpoint},
        question=question,
    )


def _test_over(board: Board, result: TestResult) -> Board:
    mine = {point.id for point in CHECKPOINTS if point.test == result.number}
    return replace(
        board,
        test=None if board.test == result.number else board.test,
        tests={**board.tests, result.number: result},
        running=board.running - mine,
    )
