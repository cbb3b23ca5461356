"""Results as a run leaves them, made without running anything."""

from __future__ import annotations

from typing import Any

from acceptance import verdicts
from acceptance.checkpoints import CHECKPOINTS, TESTS
from acceptance.evidence import answer, finding
from acceptance.record import Moment
from acceptance.results import Answer, ConversationRecord, RunResult, Verdict


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
