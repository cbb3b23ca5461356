"""Acceptance runs as the runner would tell them, for tests and snapshots."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from acceptance import verdicts
from acceptance.checkpoints import TESTS, checkpoints_of
from acceptance.evidence import answer, finding
from acceptance.plan import plan
from acceptance.progress import (
    Answered,
    CleanedUp,
    ConversationEvent,
    Doing,
    ProgressEvent,
    Question,
    RunFinished,
    Running,
    RunStarted,
    TestFinished,
    TestStarted,
)
from acceptance.record import Moment
from acceptance.request import NO_MEANS, CheckRequest, Credentials
from acceptance.results import Answer, RunResult, Verdict
from relay.stream import StreamEvent

RUN_ID = "20261122T100500Z-3f9a"
SESSION_ID = "00000000-0000-4000-8000-000000000077"
WHEN = "2026-11-22T10:05:0{}.250+00:00"


def started(tests: tuple[int, ...] = (1, 2, 3, 4)) -> RunStarted:
    """The plan, then the tests."""
    request = CheckRequest("http://127.0.0.1:8000", Credentials("admin", "t" * 40), Path("run"), tests=tests)
    return RunStarted(
        at=0.0,
        id=RUN_ID,
        wall_time=WHEN.format(0),
        server_url="http://127.0.0.1:8000",
        username="admin",
        tests=tests,
        checkpoints=tuple(point.id for number in tests for point in checkpoints_of(number)),
        plan=plan(request, NO_MEANS),
    )


def begun(number: int) -> list[ProgressEvent]:
    """A test begins: all its checkpoints are being decided."""
    points = tuple(point.id for point in checkpoints_of(number))
    return [
        TestStarted(at=1.0, test=number),
        Doing(at=1.0, test=number, ja="WebSocketで接続します", en="Connecting by WebSocket"),
        Running(at=1.0, checkpoints=points),
    ]


def passed(checkpoint: str) -> Answer:
    """With the evidence of a session.updated that came."""
    seen = finding("updated", "event", Moment(WHEN.format(1), "t1", 0.19), ms=71)
    also = finding("connected", "event", Moment(WHEN.format(0), "t1", 0.05), seconds="0.02")
    return answer(checkpoint, "pass", seen, also)


def failed(checkpoint: str) -> Answer:
    """With the evidence that something did not come."""
    nothing = finding("absent_within", "absence", Moment(None), what="session.updated", within_s="20")
    return answer(checkpoint, "fail", nothing)


def answers_of(number: int, bad: frozenset[str] = frozenset()) -> dict[str, Answer]:
    """All of a test's checkpoints; the program's own judgement for all but the operator's."""
    nobody = finding("no_operator", "absence", Moment())
    found: dict[str, Answer] = {}
    for point in checkpoints_of(number):
        if point.operator:
            found[point.id] = answer(point.id, "not_applicable", nobody)
        else:
            found[point.id] = failed(point.id) if point.id in bad else passed(point.id)
    return found


def over(number: int, bad: frozenset[str] = frozenset()) -> list[ProgressEvent]:
    """A whole test from its beginning to its result."""
    answers = answers_of(number, bad)
    result = verdicts.of_test(number, answers, WHEN.format(1), WHEN.format(9))
    return [
        *begun(number),
        *(Answered(at=2.0, answer=given) for given in answers.values()),
        TestFinished(at=3.0, result=result),
    ]


def asked(checkpoint: str = "t2.operator_heard", asks: Any = "judgement") -> Question:
    """The operator is asked."""
    return Question(
        at=4.0, checkpoint=checkpoint, ja="音声応答が聞こえましたか", en="Did you hear the answer?", asks=asks
    )


def says(name: str, test: int, events: list[StreamEvent]) -> list[ProgressEvent]:
    """Lines of a conversation that the run holds."""
    return [
        ConversationEvent(at=2.0, name=name, test=test, session_id=SESSION_ID, event=event)
        for event in events
    ]


def result(
    tests: tuple[int, ...] = (1, 2, 3, 4), bad: frozenset[str] = frozenset(), *, aborted: bool = False
) -> RunResult:
    """The result of a run of ``tests``."""
    answers: dict[str, Answer] = {}
    for number in tests:
        answers |= answers_of(number, bad)
    conditions = verdicts.conditions(answers)
    return RunResult(
        id=RUN_ID,
        started_at=WHEN.format(0),
        finished_at=WHEN.format(9),
        console_version="0.1.0",
        server_url="http://127.0.0.1:8000",
        username="admin",
        second_user=None,
        source="wav:sample.ogg",
        language="ja",
        chunk_bytes=1920,
        tests=tuple(
            verdicts.of_test(
                test.number,
                answers,
                WHEN.format(1) if test.number in tests else None,
                WHEN.format(9) if test.number in tests else None,
            )
            for test in TESTS
        ),
        selected=tests,
        conditions=conditions,
        minimum=verdicts.level(conditions, "minimum"),
        ideal=verdicts.level(conditions, "ideal"),
        document=_selected(tests, answers, "document"),
        beyond=_selected(tests, answers, "beyond"),
        session_ids=(SESSION_ID,),
        aborted=aborted,
    )


def _selected(tests: tuple[int, ...], answers: dict[str, Answer], origin: verdicts.Origin) -> Verdict:
    return verdicts.of_selected(tests, answers, origin)


def finished(whole: RunResult) -> list[ProgressEvent]:
    """Everything is closed, and the result."""
    return [
        CleanedUp(at=8.0, session_ids=(SESSION_ID,), realtime_mode=(False,), finished=False),
        RunFinished(at=9.0, result=whole),
    ]


def whole_run(bad: frozenset[str] = frozenset()) -> list[ProgressEvent]:
    """All four tests."""
    events: list[ProgressEvent] = [started()]
    for test in TESTS:
        events += over(test.number, bad)
    return [*events, *finished(result(bad=bad))]
