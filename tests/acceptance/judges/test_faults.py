"""Test 4 judged on streams."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from acceptance.judges.faults import judge_faults, judge_real_refusal, judge_refused_microphone
from acceptance.measurements import FaultMeasurements, FaultWindow, RecordingFiles
from relay import stream
from relay.stream import Connection, Notice, Problem, Response, SourceState, StreamEvent, Transcript
from tests.acceptance.made_streams import CONNECTED, LIMITS, lost, record, started, step, summary, verdicts

PROBLEM = Problem(t=1.0, where="audio", code="permission_denied", message="Not allowed.")
FAILED = SourceState(t=1.0, state="failed", spec="mic:x", name="x")


@pytest.mark.parametrize(
    ("events", "verdict"),
    [
        ([FAILED, PROBLEM], "pass"),
        ([FAILED], "fail"),
        ([FAILED, Problem(t=1.0, where="audio", code="x", message=" ")], "fail"),
        ([FAILED, Problem(t=1.0, where="connection", code="x", message="Something else.")], "fail"),
        ([], "not_run"),
    ],
)
def test_a_refused_microphone_must_be_said(events: list[StreamEvent], verdict: str) -> None:
    assert judge_refused_microphone(record([started(), *events, summary(2.0)])).verdict == verdict


BACK: list[StreamEvent] = [
    lost(10.0),
    Connection(t=10.1, state="retrying", attempt=1, delay_s=0.2),
    step(10.4, "gate_open", 2),
    Connection(t=10.4, state="restored", attempt=1),
]
GIVEN_UP: list[StreamEvent] = [
    lost(10.0),
    Problem(t=10.1, where="connection", code="realtime_bad_token", message="Refused.", fatal=True),
    Connection(t=10.1, state="given_up"),
]
ANSWERED = Response(t=11.0, response_id="r", state="done", status="completed")
API_PROBLEM = Problem(t=10.0, where="server", code="invalid_event", message="Refused.")


def of_fault(fault: Any, events: Sequence[StreamEvent]) -> dict[str, str]:
    everything = [*CONNECTED, *events]
    window = FaultWindow(fault, "2026-11-22T12:00:09.500+00:00", len(CONNECTED), len(everything))
    answers = judge_faults(record(everything), FaultMeasurements(windows={fault: window}), LIMITS)
    return {name: verdict for name, verdict in verdicts(answers).items() if verdict != "not_run"}


@pytest.mark.parametrize(
    ("fault", "events", "found"),
    [
        ("reset", BACK, {"t4.network_cut": "pass", "t4.reconnected": "pass"}),
        ("reset", GIVEN_UP, {"t4.network_cut": "pass", "t4.reconnected": "fail"}),
        ("reset", [lost(10.0)], {"t4.network_cut": "fail", "t4.reconnected": "fail"}),
        ("reset", [], {"t4.network_cut": "fail", "t4.reconnected": "fail"}),
        ("corrupt", BACK, {"t4.corrupt": "pass"}),
        ("corrupt", [ANSWERED], {"t4.corrupt": "fail"}),
        ("half_open", BACK, {"t4.half_open": "pass"}),
        ("half_open", [], {"t4.half_open": "fail"}),
        ("slow", [ANSWERED], {"t4.slow": "pass"}),
        ("slow", BACK, {"t4.slow": "fail"}),
        ("slow", [], {"t4.slow": "fail"}),
        ("pause", [ANSWERED], {"t4.pause": "pass"}),
        ("pause", [lost(10.0), ANSWERED], {"t4.pause": "fail"}),
        ("api_error", [API_PROBLEM, ANSWERED], {"t4.api_error": "pass", "t4.survives_api_error": "pass"}),
        ("api_error", [API_PROBLEM], {"t4.api_error": "pass", "t4.survives_api_error": "fail"}),
        ("api_error", [ANSWERED], {"t4.api_error": "fail"}),
    ],
)
def test_what_must_follow_a_fault(fault: str, events: list[StreamEvent], found: dict[str, str]) -> None:
    assert of_fault(fault, events) == found


def test_faults_that_could_not_be_tried_say_why() -> None:
    refused = Problem(
        t=0.5, where="connection", code="server_unreachable", message="Nobody there.", fatal=True
    )
    answers = judge_faults(record([started(), refused]), FaultMeasurements(), LIMITS)
    assert {(answer.verdict, answer.evidence[0].data["code"]) for answer in answers} == {
        ("not_run", "server_unreachable")
    }


def test_a_server_that_answers_no_typed_turn_proves_nothing_about_faults() -> None:
    window = FaultWindow("slow", "2026-11-22T12:00:09.500+00:00", len(CONNECTED), len(CONNECTED))
    measured = FaultMeasurements(windows={"slow": window}, answers_typed_turns=False)
    (slow,) = [a for a in judge_faults(record(CONNECTED), measured, LIMITS) if a.checkpoint == "t4.slow"]
    assert (slow.verdict, slow.evidence[0].code) == ("not_run", "no_turn_before")


SAID = Transcript(t=2.0, item_id="i", role="assistant", text="はい。", final=True)
CUT: list[StreamEvent] = [*CONNECTED, SAID, *BACK]
RESET: dict[Any, FaultWindow] = {
    "reset": FaultWindow("reset", "2026-11-22T12:00:09.500+00:00", len(CONNECTED), len(CUT))
}
SILENT: list[StreamEvent] = [*CONNECTED, *BACK, summary(12.0, chunks_sent=0, bytes_sent=0)]
WHOLE = [*CUT, summary(12.0, assistant_transcripts=["はい。"])]


def kept(
    events: Sequence[StreamEvent], user_seconds: float | None = 4.0, customer_seconds: float | None = 1.0
) -> RecordingFiles:
    return RecordingFiles(
        events=tuple(stream.encode(event) for event in events),
        user_seconds=user_seconds,
        customer_seconds=customer_seconds,
    )


@pytest.mark.parametrize(
    ("events", "recording", "verdict"),
    [
        (WHOLE, kept(WHOLE), "pass"),
        (WHOLE, kept([event for event in WHOLE if event is not SAID]), "fail"),
        (WHOLE, kept(WHOLE, user_seconds=3.0), "fail"),
        (WHOLE, kept(WHOLE, user_seconds=None), "fail"),
        ([*CUT, summary(12.0)], kept([*CUT, summary(12.0)]), "fail"),
        ([*CONNECTED, SAID, summary(12.0)], kept([*CONNECTED, SAID, summary(12.0)]), "not_run"),
        (WHOLE, None, "not_run"),
        (WHOLE, kept(WHOLE, customer_seconds=None), "fail"),
        (WHOLE[:-1], kept(WHOLE[:-1]), "not_run"),
        (SILENT, kept(SILENT, user_seconds=0.0), "not_run"),
    ],
    ids=[
        "whole",
        "event lost",
        "sound lost",
        "no sound",
        "transcript lost",
        "no cut",
        "no recording",
        "no answer sound",
        "killed",
        "nothing to lose",
    ],
)
def test_nothing_may_be_lost_by_a_cut(
    events: list[StreamEvent], recording: RecordingFiles | None, verdict: str
) -> None:
    measured = FaultMeasurements(windows=RESET, recording=recording)
    answers = verdicts(judge_faults(record(events), measured, LIMITS))
    assert answers["t4.nothing_lost"] == verdict


def test_cuts_that_the_proxy_did_not_make_prove_nothing() -> None:
    """A server that closes four times is not a test of what survives a cut."""
    measured = FaultMeasurements(recording=kept(WHOLE))
    (answer,) = [
        a for a in judge_faults(record(WHOLE), measured, LIMITS) if a.checkpoint == "t4.nothing_lost"
    ]
    assert (answer.verdict, answer.evidence[0].code) == ("not_run", "no_cut")


def test_an_answer_that_began_before_the_fault_is_not_its_answer() -> None:
    begun = Response(t=9.0, response_id="r", state="created")
    everything = [*CONNECTED, begun, ANSWERED, summary(12.0)]
    window = FaultWindow("pause", "2026-11-22T12:00:09.500+00:00", len(CONNECTED) + 1, len(everything))
    answers = verdicts(judge_faults(record(everything), FaultMeasurements(windows={"pause": window}), LIMITS))
    assert answers["t4.pause"] == "fail"


@pytest.mark.parametrize("fault", ["reset", "corrupt", "half_open", "api_error", "pause", "slow"])
def test_a_relay_that_died_during_a_fault_accuses_nobody(fault: Any) -> None:
    crashed = Problem(t=10.0, where="relay", code="relay_crashed", message="It ended.", fatal=True)
    assert of_fault(fault, [crashed]) == {}
    assert of_fault(fault, [lost(9.9), crashed]) == {}


def test_what_was_shown_before_the_relay_died_stays_shown() -> None:
    refused = Problem(t=10.2, where="connection", code="realtime_bad_token", message="Refused.", fatal=True)
    crashed = Problem(t=10.4, where="relay", code="relay_crashed", message="It ended.", fatal=True)
    assert of_fault("reset", [lost(10.0), refused, crashed])["t4.network_cut"] == "pass"


def test_a_full_disk_accuses_nobody() -> None:
    full = Problem(t=2.5, where="relay", code="recording_failed", message="No space left on device.")
    cut = [*CUT, full, summary(12.0, assistant_transcripts=["はい。"])]
    measured = FaultMeasurements(windows=RESET, recording=kept(CONNECTED, user_seconds=0.0))
    (answer,) = [a for a in judge_faults(record(cut), measured, LIMITS) if a.checkpoint == "t4.nothing_lost"]
    assert (answer.verdict, answer.evidence[0].data["code"]) == ("not_run", "recording_failed")


ZEROS = Notice(t=1.0, code="digital_silence", message="Zeros.")
REAL = SourceState(t=0.5, state="opened", spec="mic", name="Built-in", rate_hz=48_000)


@pytest.mark.parametrize(
    ("events", "verdict"),
    [
        ([FAILED, PROBLEM], "pass"),
        ([REAL, ZEROS], "pass"),
        ([REAL], "not_run"),
        ([FAILED], "fail"),
        ([], "not_run"),
    ],
)
def test_a_microphone_that_a_person_has_refused(events: list[StreamEvent], verdict: str) -> None:
    answer = judge_real_refusal(record([started(), *events, summary(2.0)]), "山田")
    assert answer.verdict == verdict
    assert answer.answered_by == ("山田" if verdict != "not_run" else None)
