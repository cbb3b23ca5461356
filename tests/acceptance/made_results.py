"""Results as a run leaves them, made without running anything."""

from __future__ import annotations

from typing import Any

from acceptance import verdicts
from acceptance.checkpoints import CHECKPOINTS, TESTS
from acceptance.evidence import answer, finding
from acceptance.record import Moment
from acceptance.results import (
    Answer,
    ConversationRecord,
    Figure,
    RunResult,
    ScenarioOutcome,
    ScenarioRun,
    TestResult,
    Verdict,
    Wording,
)


def made_answer(checkpoint: str, verdict: Verdict, message: str = "made up") -> Answer:
    """An answer with evidence."""
    return answer(
        checkpoint,
        verdict,
        finding(
            "error_shown", "event", Moment("2026-11-22T12:00:05.250+00:00", "t2", 5.25),
            code="some_code", where="server", message=message,
        ),
    )  # fmt: skip


def made_result(
    run_id: str = "20261122T120000Z-0001",
    verdicts_by_id: dict[str, Verdict] | None = None,
    *,
    selected: tuple[int, ...] = (1, 2, 3, 4),
    message: str = "made up",
    **fields: Any,
) -> RunResult:
    """A whole run in which everything passed but what ``verdicts_by_id`` says. ``fields`` replace others."""
    wanted = verdicts_by_id or {}
    answers = {
        point.id: made_answer(point.id, wanted.get(point.id, "pass"), message)
        for point in CHECKPOINTS
        if point.test in selected and wanted.get(point.id) != "not_run"
    }
    span = ("2026-11-22T12:00:01.000+00:00", "2026-11-22T12:00:09.500+00:00")
    met = verdicts.conditions(answers)
    values: dict[str, Any] = {
        "started_at": "2026-11-22T12:00:00.000+00:00",
        "finished_at": "2026-11-22T12:00:44.000+00:00",
        "console_version": "0.1.0",
        "server_url": "http://127.0.0.1:8000",
        "username": "admin",
        "second_user": None,
        "source": "wav:speech.wav",
        "language": "ja",
        "chunk_bytes": 1920,
        "tests": tuple(
            verdicts.of_test(test.number, answers, *(span if test.number in selected else (None, None)))
            for test in TESTS
        ),
        "conditions": met,
        "minimum": verdicts.level(met, "minimum"),
        "ideal": verdicts.level(met, "ideal"),
        "document": verdicts.of_selected(selected, answers, "document"),
        "beyond": verdicts.of_selected(selected, answers, "beyond"),
        "conversations": (
            ConversationRecord(name="t2", test=2, session_id="s2", directory="t2", log="t2.log"),
        ),
        "session_ids": ("s2",),
    }
    return RunResult(id=run_id, selected=selected, **{**values, **fields})


_EVIDENCE = finding("chunks_sent", "measurement", Moment(), n=1)
SCENARIO_QUESTION = Wording(ja="聞こえる", en="audible")


def made_scenario_run(run_id: str, latency_ms: float | None, verdict: Verdict = "pass") -> RunResult:
    """A run of one scenario, tried twice, with one figure."""
    answer = Answer(
        checkpoint="greeting.1.audible", verdict=verdict, evidence=(_EVIDENCE,), question=SCENARIO_QUESTION
    )
    first = Answer(
        checkpoint="greeting.1.audible", verdict="pass", evidence=(_EVIDENCE,), question=SCENARIO_QUESTION
    )
    figure = Figure(name="response_latency_p50", unit="ms", value=latency_ms, n=4, needs=2, noise=50.0)
    tests = tuple(
        TestResult(
            number=number, verdict=one.verdict, beyond="not_applicable", answers=(one,), title=SCENARIO_QUESTION,
            scenario="greeting", attempt=number,
        )
        for number, one in enumerate((first, answer), 1)
    )  # fmt: skip
    outcome = ScenarioOutcome(
        name="greeting", title=SCENARIO_QUESTION, runs=2, passed=1 + (verdict == "pass")
    )
    return made_result(
        run_id,
        tests=tests,
        document=verdict,
        beyond="not_applicable",
        minimum="not_applicable",
        ideal="not_applicable",
        conditions=(),
        selected=(1, 2),
        scenarios=ScenarioRun(scenarios=(outcome,), figures=(figure,)),
    )
