"""Streams of conversations, made by hand: what a relay says when a conversation goes as it should, and parts of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from acceptance.record import Record
from acceptance.request import Limits
from acceptance.results import Answer
from relay.stream import (
    Connection,
    Meters,
    ModeReports,
    ProtocolEvent,
    SourceState,
    Started,
    Step,
    StreamEvent,
    Summary,
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


def lost(t: float) -> Connection:
    return Connection(t=t, state="lost", close_code=1006, reason="no_close_frame")


OPENED = SourceState(t=0.05, state="opened", spec="silence", name="silence", rate_hz=24_000)
CONNECTED: list[StreamEvent] = [
    started(),
    OPENED,
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


CLOSED: list[StreamEvent] = [step(2.9, "closing"), step(2.95, "closed"), summary(3.0)]


def verdicts(answers: Sequence[Answer]) -> dict[str, str]:
    return {answer.checkpoint: answer.verdict for answer in answers}


def record(events: Sequence[StreamEvent]) -> Record:
    return Record("t", list(events))
