"""A run's directory with a recording in it, made by the recorder itself."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from relay.recording.recorder import Recorder
from relay.stream import (
    Connection,
    Item,
    Latency,
    Meters,
    ModeReports,
    Playback,
    Problem,
    RealtimeMode,
    Speech,
    Step,
    StreamEvent,
    Summary,
    Transcript,
)

RATE = 24_000


def tone(seconds: float, amplitude: float) -> bytes:
    """440 Hz, PCM16."""
    samples = (
        amplitude * 32_767 * math.sin(2 * math.pi * 440 * n / RATE) for n in range(int(seconds * RATE))
    )
    return b"".join(struct.pack("<h", int(sample)) for sample in samples)


def meters(t: float, **changes: Any) -> Meters:
    """One line of meters."""
    values: dict[str, Any] = {
        "gate_open": True, "muted": False, "mic_rms_dbfs": -20.0, "mic_peak_dbfs": -10.0, "speaker_rms_dbfs": None,
        "speaker_peak_dbfs": None, "chunks_sent": int(t * 25), "bytes_sent": int(t * 25) * 1920, "chunk_rate": 25.0,
        "window_s": 3.0, "lateness_p99_ms": 2.0, "lateness_max_ms": 3.0, "dropped_chunks": 0, "audio_received_ms": 0,
        "received_ms_per_s": None, "playback_buffer_ms": 0,
    }  # fmt: skip
    return Meters(t=t, **{**values, **changes})


def spoken(text: str = "お困りのことは") -> list[StreamEvent]:
    """A short conversation: one spoken turn, its answer, a loss of the connection, an error."""
    return [
        RealtimeMode(t=0.05, value=False, phase="before"),
        Step(t=0.1, step="connecting", connection=1),
        Step(t=0.3, step="gate_open", connection=1),
        RealtimeMode(t=0.4, value=True, phase="during"),
        *(meters(n / 10, chunk_rate=None if n < 10 else 25.0) for n in range(4, 30)),
        Speech(t=0.5, state="started", item_id="u1", audio_ms=200),
        Speech(t=1.5, state="stopped", item_id="u1", audio_ms=1200),
        Item(t=1.5, item_id="u1", role="user"),
        Transcript(t=1.6, item_id="u1", role="user", text=text, final=True),
        Item(t=1.6, item_id="a1", role="assistant", previous_item_id="u1"),
        Latency(t=1.8, turn=1, item_id="a1", response_latency_ms=312.5, basis="speech"),
        Playback(t=1.8, item_id="a1", state="started", heard_ms=0, received_ms=200),
        Transcript(t=2.0, item_id="a1", role="assistant", text="棚卸しです", final=True),
        Playback(t=2.6, item_id="a1", state="finished", heard_ms=800, received_ms=800),
        Problem(t=2.7, where="server", code="some_code", message="It failed."),
        Connection(t=2.8, state="lost", close_code=1006, reason="no_close_frame"),
        Summary(
            t=3.0, session_id="s2", seconds=3.0, session_updates_sent=1, connections=1, chunks_sent=67,
            bytes_sent=128_640, chunk_bytes=1920, chunk_rate=25.0, expected_chunk_rate=25.0, user_transcripts=[text],
            assistant_transcripts=["棚卸しです"], audio_received_ms=800, response_latency_ms=[312.5],
            realtime_mode=ModeReports(before=False, during=True), reconnects=0, errors=[], close_code=None,
        ),
    ]  # fmt: skip


Record = Callable[..., Path]


@pytest.fixture
def record(tmp_path: Path) -> Record:
    """``record(events, user=pcm, customer=pcm, name="t2")`` gives the run's directory."""

    def write(
        events: Iterable[StreamEvent] | None = None,
        *,
        user: bytes = b"",
        customer: bytes = b"",
        name: str = "t2",
    ) -> Path:
        failures: list[OSError] = []
        recorder = Recorder(tmp_path / name, 0.0, failures.append)
        for event in spoken() if events is None else events:
            recorder.event(event)
        recorder.user_audio(user, 0.5 + len(user) / 48_000)
        recorder.customer_audio(customer, 1.8)
        recorder.finish()
        assert not failures
        return tmp_path

    return write


@pytest.fixture
def run_directory(record: Record) -> Path:
    """A run's directory with the conversation t2 recorded."""
    return record(user=tone(1.0, 0.5), customer=tone(0.8, 0.25))
