"""What a server must bear or refuse, judged on what it answered."""

from __future__ import annotations

from typing import Any

import pytest

from acceptance.judges.robustness import judge_robustness
from acceptance.judges.streaming import judge_stored
from acceptance.measurements import (
    HttpReply,
    RobustnessMeasurements,
    SocketReply,
    StoredMessages,
    WrongLogins,
)
from relay.stream import StreamEvent, Transcript
from tests.acceptance.made_streams import LIMITS, record, started, summary, verdicts

AT = "2026-11-22T12:00:00.000+00:00"


def of(**measured: Any) -> dict[str, str]:
    answers = judge_robustness(RobustnessMeasurements(**measured), LIMITS, left_out={})
    return {name: verdict for name, verdict in verdicts(answers).items() if verdict != "not_run"}


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        (SocketReply(AT, close_code=1009), "pass"),
        (SocketReply(AT, close_code=4413, close_reason="message_too_big"), "pass"),
        (SocketReply(AT, error_code="message_too_big"), "pass"),
        (SocketReply(AT, close_code=1006), "fail"),
        (SocketReply(AT), "not_applicable"),
        (SocketReply(AT, refused="server_unreachable"), None),
    ],
)
def test_a_message_that_is_too_long(reply: SocketReply, verdict: str | None) -> None:
    assert of(oversized=reply).get("t4.oversized") == verdict


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        (SocketReply(AT, sent_s=60.0, took_s=0.1), "fail"),
        (SocketReply(AT, sent_s=14.0, took_s=5.0), "pass"),
        (SocketReply(AT, error_code="audio_ahead_of_real_time", sent_s=60.0, took_s=0.1), "pass"),
        (SocketReply(AT, close_code=1008, sent_s=20.0, took_s=0.1), "pass"),
        (SocketReply(AT, close_code=1006, sent_s=20.0, took_s=0.1), None),
    ],
)
def test_audio_from_the_future(reply: SocketReply, verdict: str | None) -> None:
    assert of(flood=reply).get("t4.audio_flood") == verdict


@pytest.mark.parametrize(
    ("replies", "verdict"),
    [
        ([HttpReply(AT, "a", 400, json=True), HttpReply(AT, "b", 404, json=True)], "pass"),
        ([HttpReply(AT, "a", 400, json=True), HttpReply(AT, "b", 404)], "fail"),
        ([HttpReply(AT, "a", 500, json=True)], "fail"),
        ([HttpReply(AT, "a", 400, json=True), HttpReply(AT, "b", error="server_timeout")], None),
        ([], None),
    ],
)
def test_errors_in_json(replies: list[HttpReply], verdict: str | None) -> None:
    assert of(errors=tuple(replies)).get("t4.json_errors") == verdict


@pytest.mark.parametrize(
    ("replies", "verdict"),
    [
        ([(401, 0.1)] * 20, "fail"),
        ([(401, 0.1)] * 9 + [(429, 0.0)], "pass"),
        ([(401, 0.1), (401, 1.5), (401, 1.5), (401, 2.0)], "pass"),
        ([(401, 0.1)] * 17 + [(401, 1.5)] * 2 + [(401, 0.1)], "fail"),
        ([(None, 0.1)] * 20, None),
        ([(401, 0.1)] * 5, None),
    ],
)
def test_wrong_logins(replies: list[tuple[int | None, float]], verdict: str | None) -> None:
    assert of(wrong_logins=WrongLogins(AT, tuple(replies))).get("t4.wrong_logins") == verdict


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        (SocketReply(AT, error_code="connection_error"), "pass"),
        (SocketReply(AT, close_code=4002), "pass"),
        (SocketReply(AT), "fail"),
        (SocketReply(AT, refused="cut: refused"), None),
    ],
)
def test_a_lost_upstream(reply: SocketReply, verdict: str | None) -> None:
    assert of(upstream_lost=reply).get("t4.upstream_lost") == verdict


def said(role: Any, text: str, item: str) -> Transcript:
    return Transcript(t=1.0, item_id=item, role=role, text=text, final=True)


SHOWN: list[StreamEvent] = [started(), said("user", "在庫は?", "u1"), said("assistant", "合いません。", "a1")]


@pytest.mark.parametrize(
    ("stored", "verdict"),
    [
        (StoredMessages(AT, ("在庫は?",), ("合いません。",)), "pass"),
        (StoredMessages(AT, ("在庫は?",), ()), "fail"),
        (StoredMessages(AT, ("在庫は?", "在庫は?"), ("合いません。",)), "fail"),
        (StoredMessages(AT, error="server_timeout"), "not_run"),
        (None, "not_run"),
    ],
)
def test_stored_messages_are_what_was_shown(stored: StoredMessages | None, verdict: str) -> None:
    assert judge_stored(record([*SHOWN, summary(3.0)]), stored).verdict == verdict


def test_stored_messages_of_nothing_prove_nothing() -> None:
    empty = StoredMessages(AT, (), ())
    assert judge_stored(record([started(), summary(3.0)]), empty).verdict == "not_run"
    assert judge_stored(record(SHOWN), StoredMessages(AT, ("在庫は?",), ())).verdict == "not_run"
