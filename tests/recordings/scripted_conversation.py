"""A short conversation as the relay tells it, and what went over its socket."""

from __future__ import annotations

import base64
import json

from relay.recording.wire import Direction
from relay.stream import Item, ModeReports, Playback, Problem, Speech, Step, StreamEvent, Summary, Transcript


def conversation(text: str = "在庫はどう管理していますか", answer: str = "Excelです") -> list[StreamEvent]:
    """A spoken turn and its answer, of which half was heard."""
    return [
        Step(t=0.1, step="connecting", connection=1),
        Step(t=0.2, step="gate_open", connection=1),
        Speech(t=1.0, state="started", item_id="u1", audio_ms=800),
        Item(t=1.0, item_id="u1", role="user"),
        Speech(t=2.5, state="stopped", item_id="u1", audio_ms=2_300),
        Transcript(t=2.8, item_id="u1", role="user", text=text, final=True),
        Item(t=2.9, item_id="a1", role="assistant", previous_item_id="u1"),
        Playback(t=3.0, item_id="a1", state="started", heard_ms=0, received_ms=200),
        Transcript(t=3.1, item_id="a1", role="assistant", text=answer, final=True),
        Playback(t=4.2, item_id="a1", state="interrupted", heard_ms=1_200, received_ms=2_000),
        Problem(t=4.5, where="server", code="server_error", message="The server failed"),
        summary(5.0),
    ]


def summary(t: float) -> Summary:
    return Summary(
        t=t, session_id="s1", seconds=t, session_updates_sent=1, connections=1, chunks_sent=0, bytes_sent=0,
        chunk_bytes=1920, chunk_rate=None, expected_chunk_rate=25.0, user_transcripts=[],
        assistant_transcripts=[], audio_received_ms=0, response_latency_ms=[], realtime_mode=ModeReports(),
        reconnects=0, errors=[], close_code=1000,
    )  # fmt: skip


def wire() -> list[tuple[Direction, float, str | bytes]]:
    """What went over the socket in it, shortened to fractions of a second."""
    delta = base64.b64encode(b"\x00\x20" * 480).decode()
    return [
        (
            "in",
            0.00,
            json.dumps({"type": "session.created", "session": {"id": "s1", "model": "gpt-realtime"}}),
        ),
        ("out", 0.01, json.dumps({"type": "session.update", "session": {}})),
        ("in", 0.02, json.dumps({"type": "session.updated", "session": {"type": "realtime"}})),
        ("out", 0.03, b"\x00\x40" * 480),
        ("in", 0.05, json.dumps({"type": "response.output_audio.delta", "item_id": "a1", "delta": delta})),
        ("in", 0.06, json.dumps({"type": "response.done", "response": {"id": "r1", "status": "completed"}})),
    ]
