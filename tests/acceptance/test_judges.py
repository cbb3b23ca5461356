"""What the judges say of streams, as plain values: the defects of a console, which no server can have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acceptance.checkpoints import CHECKPOINTS, checkpoint
from acceptance.evidence import WORDS
from acceptance.judges.connection import judge_connection
from acceptance.judges.faults import judge_faults, judge_refused_microphone
from acceptance.judges.mode import judge_mode, judge_mode_beyond
from acceptance.judges.streaming import judge_streaming
from acceptance.measurements import (
    FaultMeasurements,
    FaultWindow,
    ModeMeasurements,
    ModeReading,
    RecordingFiles,
    TwoConnections,
)
from acceptance.record import Record
from acceptance.request import Limits
from acceptance.results import Answer
from relay import stream
from relay.stream import (
    Connection,
    Meters,
    ModeReports,
    Notice,
    Problem,
    ProtocolEvent,
    Response,
    SourceState,
    Speech,
    Started,
    Step,
    StreamEvent,
    Summary,
    Transcript,
)

LIMITS = Limits()


def started() -> Started:
    return Started(
        t=0.0, version="1", server_url="http://x", session_id="s", source="silence", sink="none",
        chunk_bytes=1920, expected_chunk_rate=25.0, wall_time="2026-11-22T12:00:00.000+00:00",
    )  # fmt: skip


def meters(t: float, chunks: int, *, gate: bool = True) -> Meters:
    return Meters(
        t=t, gate_open=gate, muted=False, mic_rms_dbfs=None, mic_peak_dbfs=None, speaker_rms_dbfs=None,
        speaker_peak_dbfs=None, chunks_sent=chunks, bytes_sent=chunks * 1920, chunk_rate=25.0, window_s=3.0,
        lateness_p99_ms=None, lateness_max_ms=None, dropped_chunks=0, audio_received_ms=0,
        received_ms_per_s=None, playback_buffer_ms=0,
    )  # fmt: skip


def summary(t: float, **changes: Any) -> Summary:
    fields: dict[str, Any] = {
        "session_id": "s", "seconds": t, "session_updates_sent": 1, "connections": 1, "chunks_sent": 100,
        "bytes_sent": 192_000, "chunk_bytes": 1920, "chunk_rate": 25.0, "expected_chunk_rate": 25.0,
        "user_transcripts": [], "assistant_transcripts": [], "audio_received_ms": 0, "response_latency_ms": [],
        "realtime_mode": ModeReports(), "reconnects": 0, "errors": [], "close_code": 1000,
    }  # fmt: skip
    return Summary(t=t, **{**fields, **changes})


def message(t: float, direction: Any, kind: str, connection: int = 1) -> ProtocolEvent:
    return ProtocolEvent(t=t, direction=direction, type=kind, size_bytes=100, connection=connection)


def step(t: float, name: Any, connection: int = 1) -> Step:
    return Step(t=t, step=name, connection=connection)


CONNECTED: list[StreamEvent] = [
    started(),
    step(0.1, "connecting"),
    step(0.2, "connected"),
    message(0.3, "in", "session.created"),
    step(0.3, "created"),
    message(0.4, "out", "session.update"),
    step(0.4, "update_sent"),
    message(0.5, "in", "session.updated"),
    step(0.5, "updated"),
    step(0.5, "gate_open"),
    meters(0.7, 5),
]


def verdicts(answers: Sequence[Answer]) -> dict[str, str]:
    return {answer.checkpoint: answer.verdict for answer in answers}


def record(events: Sequence[StreamEvent]) -> Record:
    return Record("t", list(events))


# --- test 1 --------------------------------------------------------------------------------------


def test_a_connection_as_it_should_be() -> None:
    answers = judge_connection(record(CONNECTED))
    assert set(verdicts(answers).values()) == {"pass"}
    updated = next(answer for answer in answers if answer.checkpoint == "t1.session_updated")
    assert updated.evidence[0].data["ms"] == 100.0
    assert updated.evidence[0].at == "2026-11-22T12:00:00.500+00:00"
    assert updated.evidence[0].t == 0.5


def test_a_second_session_update_is_caught() -> None:
    """Reconnecting is no excuse, and neither does it accuse: one per connection."""
    twice = verdicts(judge_connection(record([*CONNECTED, message(0.8, "out", "session.update")])))
    assert twice == {**verdicts(judge_connection(record(CONNECTED))), "t1.session_update_once": "fail"}
    again = [*CONNECTED, message(5.0, "out", "session.update", connection=2)]
    assert verdicts(judge_connection(record(again)))["t1.session_update_once"] == "pass"


def test_audio_before_the_gate_breaks_the_order() -> None:
    early = [*CONNECTED[:5], meters(0.35, 1, gate=False), *CONNECTED[5:]]
    assert verdicts(judge_connection(record(early)))["t1.order"] == "fail"


@given(st.integers(0, len(CONNECTED)))
def test_a_stream_that_stops_anywhere_passes_only_what_it_reached(length: int) -> None:
    if length == 0:
        return
    reached = verdicts(judge_connection(record(CONNECTED[:length])))
    passed = [name for name, verdict in reached.items() if verdict == "pass"]
    everything = list(verdicts(judge_connection(record(CONNECTED))))
    order = [name for name in everything if name != "t1.order"]
    assert [name for name in passed if name != "t1.order"] == order[: len([n for n in passed if n in order])]


# --- test 2 --------------------------------------------------------------------------------------

SPOKEN: list[StreamEvent] = [*CONNECTED, meters(2.0, 40), summary(3.0)]


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, "pass"),
        ({"chunk_rate": 22.6}, "pass"),
        ({"chunk_rate": 22.4}, "fail"),
        ({"chunk_rate": 45.9}, "fail"),
        ({"bytes_sent": 191_998}, "fail"),
        ({"chunk_rate": None}, "not_run"),
    ],
)
def test_rate_and_size_of_chunks(changes: dict[str, Any], verdict: str) -> None:
    events = [*CONNECTED, summary(3.0, **changes)]
    if changes.get("chunk_rate", 0) is None:
        events = [event for event in events if not isinstance(event, Meters)]
    assert verdicts(judge_streaming(record(events), None, LIMITS))["t2.chunk_rate"] == verdict


def test_a_microphone_that_gives_zeros_is_not_allowed() -> None:
    opened = SourceState(t=0.1, state="opened", spec="mic", name="Mic", rate_hz=48_000)
    zeros = Notice(t=1.2, code="digital_silence", message="Zeros.")
    assert verdicts(judge_streaming(record([*SPOKEN, opened]), None, LIMITS))["t2.source_opened"] == "pass"
    silent = record([*SPOKEN, opened, zeros])
    assert verdicts(judge_streaming(silent, None, LIMITS))["t2.source_opened"] == "fail"


def test_speech_that_ended_before_anything_was_sent_measures_nothing() -> None:
    early = Speech(t=0.5, state="stopped", item_id="i", audio_ms=500)  # the gate opens at 0.5
    events = [*CONNECTED, early, summary(3.0)]
    assert verdicts(judge_streaming(record(events), None, LIMITS))["t2.sample_rate"] == "not_run"


# --- test 3 --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("after_closing_one", "verdict"),
    [
        ([True, True], "pass"),
        ([True, False], "fail"),
        ([True, None, True], "not_run"),
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
    answers = judge_mode_beyond(measured, LIMITS, second_user=False, can_restart=False)
    assert verdicts(answers)["t3.two_connections"] == verdict


# --- nothing passes for lack of evidence ---------------------------------------------------------


@pytest.mark.parametrize("events", [[started()], [started(), summary(1.0)]])
def test_an_empty_conversation_passes_nothing(events: list[StreamEvent]) -> None:
    nothing = record(events)
    answers = [
        *judge_connection(nothing),
        *judge_streaming(nothing, None, LIMITS),
        *judge_mode(nothing, LIMITS),
        *judge_mode_beyond(ModeMeasurements(), LIMITS, second_user=True, can_restart=True),
        judge_refused_microphone(nothing),
        *judge_faults(nothing, FaultMeasurements(), LIMITS),
    ]
    assert set(verdicts(answers).values()) == {"not_run"}
    judged = {answer.checkpoint for answer in answers}
    assert judged == {point.id for point in CHECKPOINTS if not point.operator}


def test_what_does_not_apply_says_why() -> None:
    answers = judge_mode_beyond(ModeMeasurements(), LIMITS, second_user=False, can_restart=False)
    left_out = {a.checkpoint: a.evidence[0].code for a in answers if a.verdict == "not_applicable"}
    assert left_out == {
        "t3.foreign_session": "no_second_user",
        "t3.foreign_read": "no_second_user",
        "t3.restarted": "server_not_ours",
    }


# --- test 4 --------------------------------------------------------------------------------------

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
    assert judge_refused_microphone(record([started(), *events])).verdict == verdict


def lost(t: float) -> Connection:
    return Connection(t=t, state="lost", close_code=1006, reason="no_close_frame")


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


def test_what_a_refused_connection_left_undone_says_why() -> None:
    refused = Problem(t=0.5, where="server", code="upstream_unreachable", message="Gone.", fatal=True)
    events = record([started(), step(0.1, "connecting"), step(0.2, "connected"), refused])
    answers = [*judge_connection(events), *judge_streaming(events, None, LIMITS), *judge_mode(events, LIMITS)]
    undone = [answer for answer in answers if answer.verdict == "not_run"]
    assert len(undone) > 10
    assert {answer.evidence[0].data["code"] for answer in undone} == {"upstream_unreachable"}


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
WHOLE = [*CUT, summary(12.0, assistant_transcripts=["はい。"])]


def kept(events: Sequence[StreamEvent], user_seconds: float | None = 4.0) -> RecordingFiles:
    return RecordingFiles(events=tuple(stream.encode(event) for event in events), user_seconds=user_seconds)


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
    ],
    ids=["whole", "event lost", "sound lost", "no sound", "transcript lost", "no cut", "no recording"],
)
def test_nothing_may_be_lost_by_a_cut(
    events: list[StreamEvent], recording: RecordingFiles | None, verdict: str
) -> None:
    measured = FaultMeasurements(recording=recording)
    answers = verdicts(judge_faults(record(events), measured, LIMITS))
    assert answers["t4.nothing_lost"] == verdict


def test_a_full_disk_accuses_nobody() -> None:
    """What was played and what was kept is read from the recording; without it nothing is known of either."""
    full = Problem(t=2.5, where="relay", code="recording_failed", message="No space left on device.")
    streamed = [*SPOKEN[:-1], full, ANSWERED, summary(12.0, audio_received_ms=2_000)]
    kept_of = FaultMeasurements(recording=kept(CONNECTED, user_seconds=0.0))
    cut = [*CUT, full, summary(12.0, assistant_transcripts=["はい。"])]
    judged = [
        *judge_streaming(record(streamed), -120.0, LIMITS),
        *judge_faults(record(cut), kept_of, LIMITS),
    ]
    for name in ("t2.answer_audible", "t4.nothing_lost"):
        (answer,) = [answer for answer in judged if answer.checkpoint == name]
        assert (answer.verdict, answer.evidence[0].data["code"]) == ("not_run", "recording_failed")


# --- wording -------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", WORDS)
def test_evidence_is_worded_from_the_same_figures_in_both_languages(code: str) -> None:
    import string

    ja, en = WORDS[code]
    fields = [{name for _, name, _, _ in string.Formatter().parse(text) if name} for text in (ja, en)]
    assert fields[0] == fields[1]


def test_checkpoints_are_found_by_id() -> None:
    assert [checkpoint(point.id) for point in CHECKPOINTS] == list(CHECKPOINTS)
    assert {point.test for point in CHECKPOINTS} == {1, 2, 3, 4}
