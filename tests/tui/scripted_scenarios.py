"""Runs of scenarios as the runner would tell them, for tests and snapshots."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from acceptance.evidence import worded
from acceptance.progress import (
    Answered,
    ConversationEvent,
    Doing,
    ProgressEvent,
    RunFinished,
    Running,
    RunStarted,
    TestFinished,
    TestStarted,
)
from acceptance.record import Moment
from acceptance.results import (
    Answer,
    ConversationRecord,
    Figure,
    RunResult,
    ScenarioOutcome,
    ScenarioRun,
    TestResult,
    combine,
)
from relay.stream import StreamEvent
from scenarios.model import Scenario
from scenarios.reading import read_scenario
from scenarios.runner import checkpoints_of
from scenarios.shipped import shipped
from scenarios.words import EVIDENCE
from tui.host.scenarios import Shelf

RUN_ID = "20261122T100500Z-3f9a"
WHEN = "2026-11-22T10:05:01.250+00:00"
SCENARIOS: tuple[Scenario, ...] = tuple(
    replace(read_scenario(path), path=Path("/scenarios") / path.name) for path in shipped()
)
SHELF = Shelf(SCENARIOS)
BARGE_IN = next(one for one in SCENARIOS if one.name == "barge-in")
LATE = "barge-in.2.stopped_within_ms"


def started() -> RunStarted:
    """The run of the barge-in scenario alone."""
    return RunStarted(
        at=0.0, id=RUN_ID, wall_time=WHEN, server_url="http://127.0.0.1:8000", username="admin", tests=(1,),
        checkpoints=tuple(checkpoints_of(BARGE_IN)), plan=(),
    )  # fmt: skip


def begun(number: int = 1) -> list[ProgressEvent]:
    """An attempt begins: all its expectations are being decided."""
    return [
        TestStarted(at=1.0, test=number),
        Running(at=1.0, checkpoints=tuple(checkpoints_of(BARGE_IN)), test=number),
        Doing(
            at=1.0,
            test=number,
            ja="1. 録音 sample:en-01-greeting を話します",
            en="1. Speaks sample:en-01-greeting",
        ),
    ]


def answers(*, late: bool = True) -> dict[str, Answer]:
    """All expectations; ``late``: the answer took too long to stop."""
    found: dict[str, Answer] = {}
    for id_, question in checkpoints_of(BARGE_IN).items():
        bad = late and id_ == LATE
        evidence = worded(
            EVIDENCE["stopped"], "stopped", "measurement", Moment(WHEN, "1-barge-in", 6.4),
            ms=1_890 if bad else 90, limit_ms=1_500,
        )  # fmt: skip
        found[id_] = Answer(
            checkpoint=id_, verdict="fail" if bad else "pass", evidence=(evidence,), question=question
        )
    return found


def answered(*ids: str) -> list[ProgressEvent]:
    """These expectations are answered."""
    given = answers()
    return [Answered(at=2.0, answer=given[id_], test=1) for id_ in ids]


def says(events: list[StreamEvent]) -> list[ProgressEvent]:
    """Lines of the conversation."""
    return [
        ConversationEvent(at=2.0, name="1-barge-in", test=1, session_id="s", event=event) for event in events
    ]


def result(*, late: bool = True, aborted: bool = False) -> RunResult:
    """The result of a run of the barge-in scenario."""
    given = tuple(answers(late=late).values())
    verdict = combine([answer.verdict for answer in given])
    test = TestResult(
        number=1, verdict=verdict, beyond="not_applicable", answers=given, started_at=WHEN, finished_at=WHEN,
        title=BARGE_IN.title, scenario="barge-in",
    )  # fmt: skip
    figure = Figure(name="response_latency_p50", unit="ms", value=812.0, n=2, needs=2)
    outcome = ScenarioOutcome(name="barge-in", title=BARGE_IN.title, runs=1, passed=int(verdict == "pass"))
    return RunResult(
        id=RUN_ID, started_at=WHEN, finished_at=WHEN, console_version="0.2.0", server_url="http://127.0.0.1:8000",
        username="admin", second_user=None, source="", language="en", chunk_bytes=1_920, tests=(test,), selected=(1,),
        conditions=(), minimum="not_applicable", ideal="not_applicable", document=verdict, beyond="not_applicable",
        conversations=(ConversationRecord(name="1-barge-in", test=1, session_id="s", directory="1-barge-in"),),
        directory="/runs/1", aborted=aborted, scenarios=ScenarioRun(scenarios=(outcome,), figures=(figure,)),
    )  # fmt: skip


def whole_run(*, late: bool = True) -> list[ProgressEvent]:
    """From its beginning to its result."""
    found = result(late=late)
    return [
        started(),
        *begun(),
        *(Answered(at=2.0, answer=answer, test=1) for answer in answers(late=late).values()),
        TestFinished(at=3.0, result=found.tests[0]),
        RunFinished(at=4.0, result=found),
    ]
