"""Recordings made by the recorder itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from relay.recording.manifest import Manifest
from relay.recording.recorder import Recorder
from relay.stream import StreamEvent
from tests.recordings.scripted_conversation import conversation, wire

MakeRecording = Callable[..., Path]


@pytest.fixture
def make_recording(tmp_path: Path) -> MakeRecording:
    """Writes a recording below ``tmp_path / "library"``; ``killed``: it gets no end."""

    def make(
        name: str = "run",
        started_at: str = "2026-11-25T10:00:00+00:00",
        events: list[StreamEvent] | None = None,
        **manifest: Any,
    ) -> Path:
        begun = Manifest(id="", started_at=started_at, server_url="http://server", **manifest)
        failures: list[OSError] = []
        recorder = Recorder(tmp_path / "library" / name, 0.0, failures.append, begun)
        for event in conversation() if events is None else events:
            recorder.event(event)
        recorder.user_audio(b"\x00\x40\x00\x40\x00\xc0\x00\xc0" * 6_000, 2.5)
        recorder.customer_audio(b"\x00\x20\x00\x20\x00\xe0\x00\xe0" * 6_000, 3.0)
        for direction, t, message in wire():
            recorder.message(direction, message, t, 1)
        recorder.finish()
        assert not failures
        return tmp_path / "library" / name

    return make
