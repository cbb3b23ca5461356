"""What a run prints: everything once, what is being done apart from what was found."""

from __future__ import annotations

from typing import Any

import pytest
from click import unstyle

from acceptance.progress import CleanedUp, ProgressEvent, RunFinished, RunStarted, TestFinished, TestStarted
from acceptance.results import Verdict
from tests.acceptance.made_results import made_result
from tui import i18n
from tui.cli.check_text import RunPrinter, result_lines
from tui.wording.cells import cells


def printed(events: list[ProgressEvent]) -> tuple[list[str], list[str]]:
    """What goes to people meanwhile, and the result."""
    progress: list[str] = []
    result: list[str] = []
    show = RunPrinter(progress.append, result.append)
    for event in events:
        show(event)
    return [unstyle(line) for line in progress], [unstyle(line) for line in result]


def run_of(result: Any, *, finished: int, mode: bool | None = False) -> list[ProgressEvent]:
    """The events of a run in which the first ``finished`` of the selected tests came to their end."""
    start = RunStarted(
        at=0.0, id=result.id, wall_time=result.started_at, server_url=result.server_url, username="admin",
        tests=result.selected, checkpoints=(), plan=(),
    )  # fmt: skip
    tests = [test for test in result.tests if test.number in result.selected][:finished]
    progress: list[ProgressEvent] = []
    for test in tests:
        progress += [TestStarted(at=1.0, test=test.number), TestFinished(at=2.0, result=test)]
    cleaned = CleanedUp(at=3.0, session_ids=("s2",), realtime_mode=(mode,), finished=False)
    return [start, *progress, cleaned, RunFinished(at=4.0, result=result)]


def test_the_result_is_printed_test_by_test_and_once() -> None:
    result = made_result(verdicts_by_id={"t3.killed": "fail"})
    events = run_of(result, finished=4)
    _, lines = printed(events)
    assert lines == [unstyle(line) for line in result_lines(result)]
    _, first = printed(events[:3])
    assert first[0] == "Test 1: Basic WebSocket connection  PASS"


def test_a_run_that_was_aborted_prints_what_it_had() -> None:
    result = made_result(selected=(1, 2), verdicts_by_id={"t2.chunk_rate": "not_run"}, aborted=True)
    _, lines = printed(run_of(result, finished=1))
    assert lines == [unstyle(line) for line in result_lines(result)]
    assert "The run was aborted before it finished." in lines


def test_what_did_not_pass_stands_together_at_the_end() -> None:
    lines = [unstyle(line) for line in result_lines(made_result(verdicts_by_id={"t3.killed": "fail"}))]
    start = lines.index("What did not pass")
    assert lines[start + 1].split()[0] == "FAIL"
    assert lines[start + 2] == ""
    assert "What did not pass" not in [unstyle(line) for line in result_lines(made_result())]


@pytest.mark.parametrize(("mode", "told"), [(True, True), (False, False), (None, False)])
def test_a_server_that_still_says_true_is_named(mode: bool | None, told: bool) -> None:
    progress, _ = printed(run_of(made_result(), finished=4, mode=mode))
    assert any("realtime_mode true for session s2" in line for line in progress) is told


@pytest.mark.parametrize("language", ["ja", "en"])
def test_questions_begin_in_the_same_column(language: i18n.Language) -> None:
    verdicts: dict[str, Verdict] = {
        "t1.order": "fail",
        "t2.operator_heard": "not_applicable",
        "t3.killed": "not_run",
    }
    i18n.set_language(language)
    try:
        lines = [unstyle(line) for line in result_lines(made_result(verdicts_by_id=verdicts))]
    finally:
        i18n.set_language("en")
    answers = [line.strip() for line in lines if " [" in line]
    starts = {cells(line) - cells(line.split(maxsplit=1)[1]) for line in answers if "NOT RUN" not in line}
    assert len(starts) == 1


def test_no_color_is_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[" in "".join(result_lines(made_result()))
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in "".join(result_lines(made_result()))
