"""The state of the scenarios on screen, folded from the events of runs. Pure.

Each run replaces what it runs again; what an earlier run found of the others stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from acceptance.progress import (
    Answered,
    Doing,
    ProgressEvent,
    RunFinished,
    Running,
    RunStarted,
    TestFinished,
    TestStarted,
)
from acceptance.results import Answer, RunResult, Verdict, combine
from scenarios.model import Scenario
from scenarios.runner import checkpoints_of
from tui.acceptance.board import Mark


@dataclass(frozen=True, slots=True)
class ScenarioBoard:
    """Everything known at one moment. ``begun`` starts a run."""

    scenarios: tuple[Scenario, ...] = ()
    names: Mapping[int, str] = field(default_factory=dict)
    """Of the scenarios that the run tries, by number of the test."""
    answers: Mapping[str, Answer] = field(default_factory=dict)
    running: frozenset[str] = frozenset()
    """Expectations being decided."""
    active: frozenset[str] = frozenset()
    """Names of the scenarios being held."""
    doing: Doing | None = None
    results: Mapping[str, RunResult] = field(default_factory=dict)
    """The run that last tried a scenario, by its name."""
    result: RunResult | None = None
    """Of the last run; None while one is in progress."""

    def scenario(self, name: str) -> Scenario:
        """The one of that name. Raises ``StopIteration``."""
        return next(one for one in self.scenarios if one.name == name)

    def mark(self, id_: str) -> Mark:
        """An expectation's mark."""
        given = self.answers.get(id_)
        if given is not None and given.verdict != "not_run":
            return given.verdict
        return "running" if id_ in self.running else "not_run"

    def scenario_mark(self, name: str) -> Mark:
        """A scenario's mark, over all its expectations."""
        return "running" if name in self.active else self.verdict_of(name)

    def verdict_of(self, name: str) -> Verdict:
        """The verdict over all expectations of a scenario."""
        ids = checkpoints_of(self.scenario(name))
        return combine([self.answers[id_].verdict if id_ in self.answers else "not_run" for id_ in ids])

    @property
    def to_run_again(self) -> tuple[Scenario, ...]:
        """Those that were run and did not pass."""
        return tuple(
            one for one in self.scenarios if one.name in self.results and self.verdict_of(one.name) != "pass"
        )


def begun(board: ScenarioBoard, names: Mapping[int, str]) -> ScenarioBoard:
    """A run of ``names`` begins: what was known of these is no more."""
    again = {id_ for name in names.values() for id_ in checkpoints_of(board.scenario(name))}
    return replace(
        board,
        names=dict(names),
        answers={id_: answer for id_, answer in board.answers.items() if id_ not in again},
        running=frozenset(),
        active=frozenset(),
        doing=None,
        result=None,
    )


def fold(board: ScenarioBoard, events: Iterable[ProgressEvent]) -> ScenarioBoard:
    """Apply ``events`` to ``board``."""
    for event in events:
        board = _after(board, event)
    return board


def stopped(board: ScenarioBoard) -> ScenarioBoard:
    """The run is over, even if it never said so."""
    return replace(board, running=frozenset(), active=frozenset(), doing=None)


def _after(board: ScenarioBoard, event: ProgressEvent) -> ScenarioBoard:
    match event:
        case RunStarted():
            return replace(board, result=None)
        case TestStarted(test=number) if number in board.names:
            return replace(board, active=board.active | {board.names[number]})
        case Doing():
            return replace(board, doing=event)
        case Running():
            return replace(board, running=board.running | set(event.checkpoints))
        case Answered(answer=answer):
            answers = {**board.answers, answer.checkpoint: answer}
            return replace(board, answers=answers, running=board.running - {answer.checkpoint})
        case TestFinished(result=result):
            ids = {answer.checkpoint for answer in result.answers}
            active = board.active - {result.scenario or ""}
            return replace(board, active=active, running=board.running - ids)
        case RunFinished(result=result):
            tried = {test.scenario: result for test in result.tests if test.scenario is not None}
            return replace(stopped(board), result=result, results={**board.results, **tried})
        case _:
            return board
