"""Test 3 judged on streams and readings."""

from __future__ import annotations

import pytest

from acceptance.judges.mode import judge_mode, judge_mode_beyond
from acceptance.measurements import Killed, ModeMeasurements, ModeReading, TwoConnections
from relay.stream import ModePhase, RealtimeMode, StreamEvent
from tests.acceptance.made_streams import LIMITS, lost, record, started, step, summary, verdicts


@pytest.mark.parametrize(
    ("after_closing_one", "verdict"),
    [
        ([True, True], "pass"),
        ([True, False], "fail"),
        ([True, None, True], "not_run"),
        ([True], "not_run"),
        ([None, False], "fail"),
        ([], "not_run"),
    ],
)
def test_two_connections_are_judged_on_readings_without_a_gap(
    after_closing_one: list[bool | None], verdict: str
) -> None:
    def reading(t: float, value: bool | None) -> ModeReading:
        return ModeReading(
            "2026-11-22T12:00:00.000+00:00", t, value, None if value is not None else "timeout"
        )

    both = TwoConnections(
        before=reading(0.0, False),
        both=(reading(1.0, True),),
        one_closed=tuple(reading(2.0 + n, value) for n, value in enumerate(after_closing_one)),
    )
    measured = ModeMeasurements(two_connections=both)
    answers = judge_mode_beyond(measured, LIMITS, can_restart=False)
    assert verdicts(answers)["t3.two_connections"] == verdict


def test_what_does_not_apply_says_why() -> None:
    answers = judge_mode_beyond(ModeMeasurements(), LIMITS, can_restart=False)
    left_out = {a.checkpoint: a.evidence[0].code for a in answers if a.verdict == "not_applicable"}
    assert left_out == {"t3.restarted": "server_not_ours"}


def connected(number: int, at: float, ended: StreamEvent) -> list[StreamEvent]:
    return [step(at, "connecting", number), step(at + 0.1, "connected", number), ended]


def mode(t: float, phase: ModePhase, value: bool | None, error: str | None = None) -> RealtimeMode:
    return RealtimeMode(t=t, value=value, phase=phase, error=error)


def of_stream(events: list[StreamEvent]) -> dict[str, str]:
    in_order = sorted(events, key=lambda event: event.t)
    return verdicts(judge_mode(record([started(), *in_order]), LIMITS))


BEFORE = mode(0.0, "before", False)


def test_after_is_after_the_last_connection() -> None:
    """Reconnected at 5 s, closed at 13 s, false 20 ms later: 20 ms, not 8 s."""
    events = [
        BEFORE,
        *connected(1, 1.0, lost(4.8)),
        mode(1.2, "during", True),
        mode(4.9, "during", False),
        *connected(2, 5.0, step(13.0, "closing", 2)),
        mode(5.2, "during", True),
        mode(13.02, "after", False),
        summary(13.1),
    ]
    judged = {answer.checkpoint: answer for answer in judge_mode(
        record([started(), *sorted(events, key=lambda event: event.t)]), LIMITS
    )}  # fmt: skip
    assert {answer.verdict for answer in judged.values()} == {"pass"}
    assert judged["t3.mode_after"].evidence[0].data["took_s"] == 0.02


def test_a_socket_that_was_never_read_while_open_shows_nothing() -> None:
    short = [BEFORE, *connected(1, 1.0, lost(1.11)), mode(1.5, "during", False), summary(9.0)]
    assert of_stream(short) == {
        "t3.mode_before": "pass", "t3.mode_during": "not_run", "t3.mode_after": "not_run",
    }  # fmt: skip
    read_once = [BEFORE, *connected(1, 1.0, lost(1.4)), mode(1.3, "during", False), summary(9.0)]
    assert of_stream(read_once)["t3.mode_during"] == "not_run", "it had five seconds to become true"
    long = [BEFORE, *connected(1, 1.0, step(8.0, "closing")), mode(6.2, "during", False), summary(9.0)]
    assert of_stream(long)["t3.mode_during"] == "fail"


def test_a_reading_without_an_answer_is_no_reading() -> None:
    open_ = connected(1, 1.0, step(3.0, "closing"))
    answered = [
        BEFORE,
        *open_,
        mode(1.2, "during", True),
        mode(3.1, "after", None, "server_timeout"),
        summary(9.0),
    ]
    assert of_stream(answered)["t3.mode_after"] == "not_run"
    refused = [mode(0.0, "before", None, "server_fault"), *open_, summary(9.0)]
    assert of_stream(refused)["t3.mode_before"] == "not_run"
    without_the_field = [mode(0.0, "before", None), *open_, summary(9.0)]
    assert of_stream(without_the_field)["t3.mode_before"] == "fail"


def reading(t: float, value: bool | None) -> ModeReading:
    error = None if value is not None else "server_timeout"
    return ModeReading("2026-11-22T12:00:00.000+00:00", t, value, error)


@pytest.mark.parametrize(
    ("after", "verdict"),
    [
        ([reading(5.0, True), reading(18.0, True)], "fail"),
        ([reading(5.0, True)], "not_run"),
        ([reading(18.0, None)], "not_run"),
        ([reading(5.0, True), reading(6.0, False)], "pass"),
        ([], "not_run"),
    ],
)
def test_a_flag_has_its_time_to_fall(after: list[ModeReading], verdict: str) -> None:
    killed = Killed(
        before=reading(0.0, False), connected=(reading(1.0, True),), killed_t=2.0, after=tuple(after)
    )
    answers = judge_mode_beyond(ModeMeasurements(killed=killed), LIMITS, can_restart=False)
    assert verdicts(answers)["t3.killed"] == verdict
