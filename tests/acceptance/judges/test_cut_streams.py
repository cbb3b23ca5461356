"""A stream that is cut short, or that had connections before, never decides what the whole did not decide.

"Cut short" is a conversation whose process was killed, and also every moment of one that still goes on: the
screen ticks its tree by what has passed so far.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import msgspec
from hypothesis import example, given, settings
from hypothesis import strategies as st

from acceptance.judges.connection import judge_connection
from acceptance.judges.faults import judge_faults, judge_real_refusal, judge_refused_microphone
from acceptance.judges.mode import judge_mode
from acceptance.judges.streaming import judge_stored, judge_streaming
from acceptance.measurements import Fault, FaultMeasurements, FaultWindow, RecordingFiles, StoredMessages
from relay.stream import (
    Connection,
    Latency,
    Meters,
    Notice,
    Problem,
    ProtocolEvent,
    RealtimeMode,
    Response,
    SourceState,
    Speech,
    Step,
    StreamEvent,
    Summary,
    Transcript,
    TranscriptFailed,
)
from tests.acceptance.made_streams import (
    LIMITS,
    OPENED,
    lost,
    message,
    meters,
    record,
    started,
    step,
    summary,
    verdicts,
)

EXAMPLES = 250
LOUD = -20.0
LIMITS_SHORT = replace(LIMITS, mode_change_s=1.0)
STORED = StoredMessages("2026-11-22T12:00:09.500+00:00", ("困っています",), ("はい",))
RECORDING = RecordingFiles(events=(), user_seconds=100.0, customer_seconds=1.0)
"""Holds no event, so that "nothing is lost" fails where it can be judged, and may never pass."""


def mode(t: float, phase: Any, value: bool | None) -> RealtimeMode:
    return RealtimeMode(t=t, phase=phase, value=value, error=None if value is not None else "server_timeout")


HANDSHAKE: list[StreamEvent] = [
    step(1.0, "connecting"),
    step(1.1, "connected"),
    message(1.2, "in", "session.created"),
    step(1.2, "created"),
    message(1.3, "out", "session.update"),
    step(1.3, "update_sent"),
    message(1.4, "in", "session.updated"),
    step(1.4, "updated"),
    step(1.4, "gate_open"),
]
BEGUN: list[StreamEvent] = [started(), OPENED, mode(0.5, "before", False)]
TALK: list[StreamEvent] = [
    mode(1.5, "during", True),
    msgspec.structs.replace(meters(1.6, 5), mic_rms_dbfs=LOUD),
    meters(2.6, 30),
    Speech(t=3.0, state="stopped", item_id="u", audio_ms=1_600),
    Transcript(t=3.1, item_id="u", role="user", text="困っています", final=True),
    Response(t=3.2, response_id="r", state="created"),
    Latency(t=3.3, turn=1, item_id="a", response_latency_ms=300.0, basis="speech"),
    meters(3.4, 50),
    Transcript(t=3.5, item_id="a", role="assistant", text="はい", final=True),
    Response(t=3.6, response_id="r", state="done", status="completed"),
    mode(3.7, "during", True),
]
END: list[StreamEvent] = [
    step(4.0, "closing"),
    step(4.1, "closed"),
    mode(4.2, "after", False),
    summary(4.3, chunks_sent=100, audio_received_ms=900, assistant_transcripts=["はい"]),
]
GOOD = [*BEGUN, *HANDSHAKE, *TALK, *END]

INTRUDERS: tuple[StreamEvent, ...] = (
    message(0.0, "out", "session.update"),
    message(0.0, "in", "session.created"),
    mode(0.0, "before", True),
    mode(0.0, "before", None),
    mode(0.0, "during", False),
    mode(0.0, "during", None),
    mode(0.0, "after", True),
    mode(0.0, "after", None),
    SourceState(t=0.0, state="failed", spec="mic", name="mic"),
    SourceState(t=0.0, state="opened", spec="mic", name="mic", rate_hz=48_000),
    Notice(t=0.0, code="digital_silence", message="Zeros."),
    Problem(t=0.0, where="audio", code="permission_denied", message="Not allowed."),
    Problem(t=0.0, where="server", code="invalid_event", message="Refused."),
    Problem(t=0.0, where="connection", code="realtime_bad_token", message="Refused.", fatal=True),
    Problem(t=0.0, where="relay", code="relay_fault", message="The relay failed.", fatal=True),
    Problem(t=0.0, where="relay", code="recording_failed", message="No space left."),
    Response(t=0.0, response_id="r0", state="done", status="failed", code="x"),
    Response(t=0.0, response_id="r1", state="done", status="completed"),
    TranscriptFailed(t=0.0, item_id="u", code="x", message="y"),
    Transcript(t=0.0, item_id="b", role="assistant", text=" ", final=True),
    Latency(t=0.0, turn=2, item_id="a", response_latency_ms=9_000.0, basis="speech"),
    Latency(t=0.0, turn=2, item_id="a", response_latency_ms=-5.0, basis="speech"),
    Speech(t=0.0, state="stopped", item_id="u", audio_ms=9_000),
    lost(0.0),
    Connection(t=0.0, state="restored", attempt=1),
    Connection(t=0.0, state="given_up"),
    step(0.0, "gate_open", 2),
    meters(0.0, 400),
)


@st.composite
def streams(draw: st.DrawFn, keep: tuple[type[StreamEvent], ...] = ()) -> list[StreamEvent]:
    """A good conversation from which some events are missing and in which others stand."""
    dropped = draw(st.sets(st.integers(1, len(GOOD) - 1), max_size=6))
    events = [e for n, e in enumerate(GOOD) if n not in dropped or (keep and isinstance(e, keep))]
    for intruder in draw(st.lists(st.sampled_from(INTRUDERS), max_size=3)):
        if keep and isinstance(intruder, keep):
            continue
        place = draw(st.integers(1, max(1, len(events) - 1)))  # nothing comes after a summary
        events.insert(place, msgspec.structs.replace(intruder, t=events[place - 1].t))
    # No two at the same time: what is told apart by its time here is told apart in a real stream.
    return [msgspec.structs.replace(event, t=event.t + n * 0.0001) for n, event in enumerate(events)]


def decided(events: Sequence[StreamEvent], windows: dict[Fault, FaultWindow]) -> dict[str, str]:
    """What every judge that reads streams passes or fails."""
    whole = record(events)
    measured = FaultMeasurements(windows=windows, recording=RECORDING if whole.summary else None)
    found = verdicts(
        [
            *judge_connection(whole),
            *judge_streaming(whole, LOUD if whole.summary else None, LIMITS),
            *judge_mode(whole, LIMITS_SHORT),
            judge_stored(whole, STORED),
            judge_refused_microphone(whole),
            judge_real_refusal(whole, "山田"),
            *judge_faults(whole, measured, LIMITS),
        ]
    )
    return {name: verdict for name, verdict in found.items() if verdict in ("pass", "fail")}


FAULTS: tuple[Fault, ...] = ("api_error", "pause", "slow", "reset", "corrupt", "half_open")


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.data())
def test_a_stream_cut_short_anywhere(data: st.DataObject) -> None:
    events = data.draw(streams())
    first = data.draw(st.integers(1, len(events)))
    last = data.draw(st.integers(first, len(events)))
    windows = {fault: FaultWindow(fault, "2026-11-22T12:00:09.500+00:00", first, last) for fault in FAULTS}
    length = data.draw(st.integers(0, len(events) - 1))
    whole = decided(events, windows)
    short = decided(events[:length], windows)
    gained = {name: verdict for name, verdict in short.items() if whole.get(name) != verdict}
    assert gained == {}


def broken(number: int, t: float, kind: str, chunks: int) -> list[StreamEvent]:
    """A connection that was lost: as soon as it stood, before it was configured, or while audio went out."""
    stops = {"connected": 2, "created": 4, "configured": len(HANDSHAKE), "talking": len(HANDSHAKE)}[kind]
    moved = [_moved(event, t - 1.0, number - 1, 0) for event in HANDSHAKE[:stops]]
    if kind == "talking":
        moved += [meters(t + 0.5, chunks)]
    return [
        *moved,
        lost(t + 0.6),
        mode(t + 0.7, "during", False),
        Connection(t=t + 0.7, state="retrying", attempt=1, delay_s=0.2),
    ]


def _moved(event: StreamEvent, seconds: float, connections: int, chunks: int) -> StreamEvent:
    changes: dict[str, Any] = {"t": event.t + seconds}
    if isinstance(event, Step | ProtocolEvent):
        changes["connection"] = event.connection + connections
    if isinstance(event, Meters | Summary):
        changes |= {"chunks_sent": event.chunks_sent + chunks, "bytes_sent": event.bytes_sent + chunks * 1920}
    return msgspec.structs.replace(event, **changes)


KEPT = (Step, ProtocolEvent, Meters, SourceState, Connection)
KINDS = ("connected", "created", "configured", "talking")


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    streams(keep=(Step, ProtocolEvent, Meters, SourceState, Connection)),
    st.lists(st.sampled_from(KINDS), max_size=3),
)
@example(GOOD, ["talking", "connected"])
def test_any_number_of_connections_before(events: list[StreamEvent], kinds: list[str]) -> None:
    """Whatever was lost and made again before, the last connection decides what it decided alone."""
    began = next(n for n, event in enumerate(events) if isinstance(event, Step))
    chunks, before = 0, []
    for n, kind in enumerate(kinds):
        chunks += 20 if kind == "talking" else 0
        before += broken(n + 1, 1.0 + n * 2, kind, chunks)
    after = [_moved(event, len(kinds) * 2.0, len(kinds), chunks) for event in events[began:]]
    if kinds:
        gate = next(
            n for n, event in enumerate(after) if isinstance(event, Step) and event.step == "gate_open"
        )
        after.insert(gate + 1, Connection(t=after[gate].t, state="restored", attempt=1))
    alone = decided(events, {})
    together = decided([*events[:began], *before, *after], {})
    gained = {name: verdict for name, verdict in together.items() if alone.get(name) != verdict}
    assert gained == {}


def test_the_good_conversation_passes() -> None:
    found = decided(GOOD, {})
    assert set(found.values()) == {"pass"}
    assert len(found) == 6 + 10 + 3
