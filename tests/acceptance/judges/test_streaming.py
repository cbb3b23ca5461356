"""Test 2 judged on streams."""

from __future__ import annotations

from typing import Any

import pytest

from acceptance.judges.streaming import judge_streaming
from relay.stream import (
    Connection,
    Latency,
    Meters,
    Notice,
    Problem,
    Response,
    SourceState,
    Speech,
    StreamEvent,
)
from tests.acceptance.made_streams import (
    CONNECTED,
    LIMITS,
    lost,
    meters,
    record,
    started,
    step,
    summary,
    verdicts,
)


def with_source(*events: StreamEvent) -> list[StreamEvent]:
    return [started(), *events, *CONNECTED[2:], summary(3.0)]


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
    assert verdicts(judge_streaming(record(with_source(opened)), None, LIMITS))["t2.source_opened"] == "pass"
    silent = record(with_source(opened, zeros))
    assert verdicts(judge_streaming(silent, None, LIMITS))["t2.source_opened"] == "fail"


def test_speech_that_ended_before_anything_was_sent_measures_nothing() -> None:
    early = Speech(t=0.5, state="stopped", item_id="i", audio_ms=500)  # the gate opens at 0.5
    events = [*CONNECTED, early, summary(3.0)]
    assert verdicts(judge_streaming(record(events), None, LIMITS))["t2.sample_rate"] == "not_run"


ANSWERED = Response(t=2.5, response_id="r", state="done", status="completed")


def test_the_slowest_turn_decides() -> None:
    turns = [
        Latency(t=2.0 + n, turn=n, item_id="a", response_latency_ms=ms, basis="speech")
        for n, ms in enumerate([300.0, 6_000.0, 400.0])
    ]
    (latency,) = [
        a
        for a in judge_streaming(record([*SPOKEN[:-1], *turns, summary(9.0)]), None, LIMITS)
        if a.checkpoint == "t2.response_latency"
    ]
    assert (latency.verdict, latency.evidence[0].data["ms"]) == ("fail", 6_000)


@pytest.mark.parametrize(("lived_s", "verdict"), [(0.01, "not_run"), (2.0, "fail")])
def test_a_gate_must_be_open_for_long_enough_to_send(lived_s: float, verdict: str) -> None:
    events = [*CONNECTED[:-1], lost(0.5 + lived_s), summary(3.0, chunks_sent=0, bytes_sent=0)]
    assert verdicts(judge_streaming(record(events), None, LIMITS))["t2.audio_sent"] == verdict


def test_what_was_said_into_a_connection_that_broke_is_owed_no_answer() -> None:
    back = Connection(t=5.0, state="restored", attempt=1)
    events = [*SPOKEN[:-1], lost(2.1), back, step(5.0, "gate_open", 2), summary(9.0)]
    found = verdicts(judge_streaming(record(events), None, LIMITS))
    assert (found["t2.answer_received"], found["t2.user_transcript"]) == ("not_run", "not_run")


def test_a_full_disk_accuses_nobody() -> None:
    """What was played is read from the recording; without it nothing is known."""
    full = Problem(t=2.4, where="relay", code="recording_failed", message="No space left on device.")
    streamed = [*SPOKEN[:-1], full, ANSWERED, summary(12.0, audio_received_ms=2_000)]
    (audible,) = [
        a for a in judge_streaming(record(streamed), -120.0, LIMITS) if a.checkpoint == "t2.answer_audible"
    ]
    assert (audible.verdict, audible.evidence[0].data["code"]) == ("not_run", "recording_failed")
