"""What holds for every judge: nothing passes for lack of evidence, and nothing fails for it."""

from __future__ import annotations

import pytest

from acceptance.checkpoints import CHECKPOINTS
from acceptance.judges.access import judge_access
from acceptance.judges.connection import judge_connection
from acceptance.judges.faults import judge_faults, judge_real_refusal, judge_refused_microphone
from acceptance.judges.mode import judge_mode, judge_mode_beyond
from acceptance.judges.robustness import judge_robustness
from acceptance.judges.streaming import judge_stored, judge_streaming
from acceptance.measurements import (
    AccessMeasurements,
    FaultMeasurements,
    ModeMeasurements,
    RobustnessMeasurements,
)
from relay.stream import Problem, StreamEvent
from tests.acceptance.made_streams import LIMITS, record, started, step, summary, verdicts


@pytest.mark.parametrize("events", [[started()], [started(), summary(1.0)]])
def test_an_empty_conversation_passes_nothing(events: list[StreamEvent]) -> None:
    nothing = record(events)
    answers = [
        *judge_connection(nothing),
        *judge_streaming(nothing, None, LIMITS),
        *judge_mode(nothing, LIMITS),
        *judge_mode_beyond(ModeMeasurements(), LIMITS, can_restart=True),
        *judge_access(AccessMeasurements(), LIMITS, second_user=True, left_out={}),
        *judge_robustness(RobustnessMeasurements(), LIMITS, left_out={}),
        judge_stored(nothing, None),
        judge_real_refusal(nothing, "山田"),
        judge_refused_microphone(nothing),
        *judge_faults(nothing, FaultMeasurements(), LIMITS),
    ]
    assert set(verdicts(answers).values()) == {"not_run"}
    judged = {answer.checkpoint for answer in answers}
    assert judged == {point.id for point in CHECKPOINTS} - {"t2.operator_heard"}


def test_what_a_refused_connection_left_undone_says_why() -> None:
    refused = Problem(t=0.5, where="server", code="upstream_unreachable", message="Gone.", fatal=True)
    events = record([started(), step(0.1, "connecting"), step(0.2, "connected"), refused])
    answers = [*judge_connection(events), *judge_streaming(events, None, LIMITS), *judge_mode(events, LIMITS)]
    undone = [answer for answer in answers if answer.verdict == "not_run"]
    assert len(undone) > 10
    assert {answer.evidence[0].data["code"] for answer in undone} == {"upstream_unreachable"}
