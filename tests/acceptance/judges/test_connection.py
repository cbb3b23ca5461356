"""Test 1 judged on streams: the defects of a console, which no server can have."""

from __future__ import annotations

from acceptance.judges.connection import judge_connection
from relay.stream import Problem, StreamEvent
from tests.acceptance.made_streams import (
    CLOSED,
    CONNECTED,
    lost,
    message,
    meters,
    record,
    started,
    step,
    summary,
    verdicts,
)

WHOLE = [*CONNECTED, *CLOSED]


def test_a_connection_as_it_should_be() -> None:
    answers = judge_connection(record(WHOLE))
    assert set(verdicts(answers).values()) == {"pass"}
    updated = next(answer for answer in answers if answer.checkpoint == "t1.session_updated")
    assert updated.evidence[0].data["ms"] == 100.0
    assert updated.evidence[0].at == "2026-11-22T12:00:00.500+00:00"
    assert updated.evidence[0].t == 0.5


def test_a_second_session_update_is_caught() -> None:
    """Reconnecting is no excuse, and neither does it accuse: one per connection."""
    twice = verdicts(judge_connection(record([*CONNECTED, message(0.8, "out", "session.update"), *CLOSED])))
    assert twice == {**verdicts(judge_connection(record(WHOLE))), "t1.session_update_once": "fail"}
    again = [*CONNECTED, message(2.0, "out", "session.update", connection=2), *CLOSED]
    assert verdicts(judge_connection(record(again)))["t1.session_update_once"] == "pass"


def test_audio_before_the_gate_breaks_the_order() -> None:
    early = [*CONNECTED[:6], meters(0.35, 1, gate=False), *CONNECTED[6:]]
    assert verdicts(judge_connection(record(early)))["t1.order"] == "fail"


def test_audio_sent_in_the_instant_before_the_close_does_not_count() -> None:
    """The server closes as soon as it has confirmed; the console had sent a chunk before it could know."""
    closed = [*CONNECTED[:11], meters(0.52, 1), lost(0.53), summary(0.6)]
    assert verdicts(judge_connection(record(closed)))["t1.audio_ready"] == "fail"


def test_a_connection_that_was_lost_early_is_not_the_one_that_is_measured() -> None:
    """The second one answers after 100 ms; from the first's question to the second's answer it is 5.1 s."""
    first = [*CONNECTED[:8], lost(0.45)]
    second: list[StreamEvent] = [
        step(5.0, "connecting", 2),
        step(5.1, "connected", 2),
        message(5.3, "in", "session.created", 2),
        step(5.3, "created", 2),
        message(5.4, "out", "session.update", 2),
        step(5.4, "update_sent", 2),
        message(5.5, "in", "session.updated", 2),
        step(5.5, "updated", 2),
        step(5.5, "gate_open", 2),
        meters(5.7, 5),
        step(5.9, "closing", 2),
        summary(6.0),
    ]
    answers = {answer.checkpoint: answer for answer in judge_connection(record([*first, *second]))}
    assert {answer.verdict for answer in answers.values()} == {"pass"}
    assert answers["t1.session_updated"].evidence[0].data["ms"] == 100.0
    assert answers["t1.audio_ready"].evidence[0].data["seconds"] == 0.5


def test_a_relay_that_died_accuses_no_server() -> None:
    """Killed, failed or interrupted: what had not come by then was not waited for."""
    crashed = Problem(t=0.25, where="relay", code="relay_crashed", message="It ended.", fatal=True)
    for end in ([crashed], [summary(0.3, exit_code=130)], []):
        answers = judge_connection(record([*CONNECTED[:4], *end]))
        found = verdicts(answers)
        assert found.pop("t1.websocket_accepted") == "pass"
        assert set(found.values()) == {"not_run"}
    assert {answer.evidence[0].data["code"] for answer in judge_connection(record([started(), crashed]))} == {
        "relay_crashed"
    }
