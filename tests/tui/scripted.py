"""Conversations as the relay would tell them, for tests and snapshots."""

from __future__ import annotations

from typing import Any

from relay.stream import (
    Item,
    Latency,
    LogLine,
    Meters,
    ModeReports,
    Notice,
    Playback,
    Problem,
    ProtocolEvent,
    RealtimeMode,
    Recording,
    Response,
    SinkState,
    SourceState,
    Speech,
    Started,
    Step,
    StreamEvent,
    Summary,
    Transcript,
)

SESSION_ID = "00000000-0000-4000-8000-000000000001"


def meters(t: float, **changes: Any) -> Meters:
    """Levels and counters of a conversation that goes well."""
    values: dict[str, Any] = {
        "gate_open": True,
        "muted": False,
        "mic_rms_dbfs": -21.0,
        "mic_peak_dbfs": -9.0,
        "speaker_rms_dbfs": -30.0,
        "speaker_peak_dbfs": -18.0,
        "chunks_sent": 312,
        "bytes_sent": 599_040,
        "chunk_rate": 25.0,
        "window_s": 2.0,
        "lateness_p99_ms": 1.4,
        "lateness_max_ms": 3.1,
        "dropped_chunks": 0,
        "audio_received_ms": 6_240,
        "received_ms_per_s": 1_010.0,
        "playback_buffer_ms": 380,
    }
    return Meters(t=t, **(values | changes))


def opening() -> list[StreamEvent]:
    """From nothing to the open gate."""
    return [
        Started(
            t=0.0,
            version="0.1.0",
            server_url="http://127.0.0.1:8000",
            session_id=SESSION_ID,
            source="silence",
            sink="none",
            chunk_bytes=1920,
            expected_chunk_rate=25.0,
            wall_time="2026-11-22T10:05:00Z",
        ),
        RealtimeMode(t=0.02, value=False, phase="before", round_trip_ms=8.0),
        LogLine(t=0.03, text="Connecting to Realtime API..."),
        Step(t=0.03, step="connecting", connection=1),
        Step(t=0.05, step="connected", connection=1),
        LogLine(t=0.05, text="WebSocket connected"),
        Step(t=0.11, step="created", connection=1, detail="relay"),
        ProtocolEvent(t=0.11, direction="in", type="session.created", size_bytes=96, connection=1),
        Step(t=0.12, step="update_sent", connection=1),
        ProtocolEvent(t=0.12, direction="out", type="session.update", size_bytes=1_840, connection=1),
        ProtocolEvent(t=0.19, direction="in", type="session.updated", size_bytes=2_310, connection=1),
        Step(t=0.19, step="updated", connection=1),
        Step(t=0.19, step="gate_open", connection=1),
        LogLine(t=0.19, text="🎤 音声送信準備完了"),
        SourceState(t=0.2, state="opened", spec="silence", name="silence", rate_hz=24_000),
        SinkState(t=0.2, state="opened", spec="none", name="none"),
        RealtimeMode(t=0.9, value=True, phase="during", round_trip_ms=7.0),
        meters(1.2, chunks_sent=26, mic_rms_dbfs=-120.0, audio_received_ms=0, received_ms_per_s=0.0),
    ]


def talk() -> list[StreamEvent]:
    """Two turns of each side; the last answer is still coming."""
    return [
        *opening(),
        Recording(t=1.3, state="started", directory="recordings/1"),
        Speech(t=2.0, state="started", item_id="u1", audio_ms=1_700),
        ProtocolEvent(
            t=2.0, direction="in", type="input_audio_buffer.speech_started", size_bytes=120, connection=1
        ),
        Item(t=2.0, item_id="u1", role="user"),
        Speech(t=5.1, state="stopped", item_id="u1", audio_ms=4_900),
        Transcript(
            t=5.4,
            item_id="u1",
            role="user",
            text="現在、在庫はどのような方法で管理されていますか。",
            final=True,
        ),
        Response(t=5.5, response_id="r1", state="created"),
        Item(t=5.5, item_id="a1", role="assistant", previous_item_id="u1"),
        Latency(t=5.7, turn=1, item_id="a1", response_latency_ms=812.0, basis="speech"),
        Playback(t=5.7, item_id="a1", state="started", heard_ms=0, received_ms=400),
        Transcript(
            t=8.0,
            item_id="a1",
            role="assistant",
            text="今は表計算ソフトで、担当の者が手で入力しています。数が合わないことも多くて困っています。",
            final=True,
        ),
        Response(t=8.0, response_id="r1", state="done", status="completed"),
        Speech(t=9.0, state="started", item_id="u2", audio_ms=8_700),
        Playback(t=9.0, item_id="a1", state="interrupted", heard_ms=3_200, received_ms=6_240),
        Item(t=9.0, item_id="u2", role="user", previous_item_id="a1"),
        Speech(t=12.1, state="stopped", item_id="u2", audio_ms=11_900),
        Transcript(
            t=12.5,
            item_id="u2",
            role="user",
            text="部品が足りなくなることは、どのくらいの頻度で起きていますか。",
            final=True,
        ),
        Response(t=12.6, response_id="r2", state="created"),
        Item(t=12.6, item_id="a2", role="assistant", previous_item_id="u2"),
        Latency(t=12.9, turn=2, item_id="a2", response_latency_ms=790.0, basis="speech"),
        Playback(t=12.9, item_id="a2", state="started", heard_ms=0, received_ms=300),
        Transcript(t=13.0, item_id="a2", role="assistant", text="そうですね、月に二、三回は", final=False),
        Notice(
            t=13.1,
            code="chunk_rate_suggests_44100",
            message="English for the log",
            params={"rate": "45.9"},
        ),
        RealtimeMode(t=13.2, value=True, phase="during", round_trip_ms=7.0),
        meters(13.4),
    ]


def end() -> list[StreamEvent]:
    """A clean close with a summary."""
    return [
        Step(t=14.0, step="closing", connection=1),
        Step(t=14.1, step="closed", connection=1, close_code=1000),
        RealtimeMode(t=14.3, value=False, phase="after", round_trip_ms=7.0),
        Recording(t=14.4, state="finished", directory="recordings/1"),
        Summary(
            t=14.5,
            session_id=SESSION_ID,
            seconds=14.5,
            session_updates_sent=1,
            connections=1,
            chunks_sent=340,
            bytes_sent=652_800,
            chunk_bytes=1_920,
            chunk_rate=24.98,
            expected_chunk_rate=25.0,
            user_transcripts=["一", "二"],
            assistant_transcripts=["三", "四"],
            audio_received_ms=9_100,
            response_latency_ms=[812.0, 790.0],
            realtime_mode=ModeReports(before=False, during=True, after=False),
            reconnects=0,
            errors=[],
            close_code=1000,
        ),
    ]


def problem(t: float, code: str, *, fatal: bool = False, **params: str) -> Problem:
    """An error of the conversation."""
    return Problem(t=t, where="audio", code=code, message="English for the log", fatal=fatal, params=params)
