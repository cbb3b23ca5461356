"""What follows from what a conversation said. Nothing is good without evidence."""

from __future__ import annotations

import pytest

from relay.stream import Latency, Problem, Step, StepName, StreamEvent, Transcript
from tui.doctor.conversation import Heard


def step(name: StepName, detail: str | None = None) -> StreamEvent:
    return Step(t=0, step=name, connection=1, detail=detail)


OPENED = [step("connecting"), step("connected"), step("created", "relay")]
GREETED = [*OPENED, step("created", "gpt-realtime"), step("update_sent")]
READY = [*GREETED, step("updated"), step("gate_open")]
SAID = Transcript(t=1, item_id="u", role="user", text="こんにちは\n2026 forged", final=True)
ANSWER = Transcript(t=2, item_id="a", role="assistant", text="はい。", final=True)
LATENCY = Latency(t=2, turn=1, item_id="a", response_latency_ms=450.0, basis="speech")
LOST = Problem(t=1, where="server", code="upstream_unreachable", message="", params={"message": "HTTP 401"})


@pytest.mark.parametrize(
    ("events", "states"),
    [
        ([], ["failed", "not_tried", "not_tried"]),
        ([step("connecting"), step("closed")], ["failed", "not_tried", "not_tried"]),
        (OPENED, ["ok", "failed", "not_tried"]),
        ([*OPENED, LOST], ["ok", "failed", "not_tried"]),
        ([*OPENED, step("updated")], ["ok", "failed", "not_tried"]),
        (GREETED, ["ok", "failed", "not_tried"]),
        (READY, ["ok", "ok", "failed"]),
        ([*READY, SAID, ANSWER], ["ok", "ok", "failed"]),
        ([*READY, ANSWER, LATENCY], ["ok", "ok", "failed"]),
        ([*READY, SAID, ANSWER, LATENCY], ["ok", "ok", "ok"]),
    ],
)
def test_what_was_not_heard_is_not_good(events: list[StreamEvent], states: list[str]) -> None:
    heard = Heard()
    for event in events:
        heard.take(event)
    findings = list(heard.findings(spoken=True))
    assert [finding.state for finding in findings] == states
    assert all("\n" not in finding.found for finding in findings)
    assert [finding.check for finding in heard.findings(spoken=False)] == ["websocket", "upstream"]


def test_the_servers_own_words_are_told() -> None:
    heard = Heard()
    for event in [*OPENED, LOST]:
        heard.take(event)
    assert "HTTP 401" in list(heard.findings(spoken=False))[1].found
