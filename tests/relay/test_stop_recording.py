"""Stopping the recording of a conversation that goes on, and deleting it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from relay.commands import Say, StopRecording
from relay.recording.manifest import Manifest
from relay.recording.reader import RecordingReader
from relay.recording.repair import needs_repair
from relay.stream import Problem, Recording, Step, Transcript
from tests.relay.fake_salesmind import FakeSalesMind
from tests.relay.held_conversation import Hold


def states(run: Any) -> list[str]:
    return [event.state for event in run.of(Recording)]


def names(directory: Path) -> list[str]:
    return [path.name for path in directory.iterdir()]


def manifest_of(directory: Path) -> Manifest:
    manifest = RecordingReader(directory).manifest
    assert manifest is not None
    return manifest


async def test_a_stopped_recording_is_complete_and_the_conversation_goes_on(
    salesmind: FakeSalesMind, hold: Hold, tmp_path: Path
) -> None:
    place = tmp_path / "recording"
    run = hold(record_directory=str(place))
    await run.until(Step, step="gate_open")
    run.command(StopRecording())
    await run.until(Recording, state="stopped")
    run.command(Say(text="Off the record"))
    await run.until(Transcript, text="Off the record")
    summary = await run.stop()
    assert not summary.errors
    assert states(run) == ["started", "stopped"]
    events = list(RecordingReader(place).events())
    assert isinstance(events[-1], Recording) and events[-1].state == "stopped"
    assert not needs_repair(place)
    ended = manifest_of(place).ended
    assert ended is not None and ended.how == "recording_stopped"
    assert b"Off the record" not in b"".join(path.read_bytes() for path in place.iterdir())


async def test_a_deleted_recording_leaves_nothing(
    salesmind: FakeSalesMind, hold: Hold, tmp_path: Path
) -> None:
    place = tmp_path / "recording"
    run = hold(record_directory=str(place), source="tone")
    await run.until(Step, step="gate_open")
    run.command(StopRecording(delete=True))
    run.command(StopRecording(delete=True))
    await run.until(Recording, state="deleted")
    assert not place.exists()
    summary = await run.stop()
    assert not summary.errors
    assert states(run) == ["started", "stopped", "deleted"]
    assert not place.exists()


async def test_one_that_is_stopped_at_the_very_end_is_told_before_the_summary(
    salesmind: FakeSalesMind, hold: Hold, tmp_path: Path
) -> None:
    run = hold(record_directory=str(tmp_path / "recording"))
    await run.until(Step, step="gate_open")
    run.command(StopRecording(delete=True))
    summary = await run.stop()
    assert run.events[-1] is summary
    assert states(run) == ["started", "stopped", "deleted"]


async def test_only_the_recording_is_deleted(salesmind: FakeSalesMind, hold: Hold, tmp_path: Path) -> None:
    """Its directory may be anybody's: ``--record .``"""
    (tmp_path / "thesis.txt").write_text("years of work")
    run = hold(record_directory=str(tmp_path))
    await run.until(Step, step="gate_open")
    run.command(StopRecording(delete=True))
    await run.until(Recording, state="deleted")
    await run.stop()
    assert names(tmp_path) == ["thesis.txt"]


async def test_what_cannot_be_deleted_is_said(
    salesmind: FakeSalesMind, hold: Hold, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unlink(path: Path, missing_ok: bool = False) -> None:
        raise PermissionError(13, "Permission denied")

    run = hold(record_directory=str(tmp_path / "recording"))
    await run.until(Step, step="gate_open")
    monkeypatch.setattr(Path, "unlink", unlink)
    run.command(StopRecording(delete=True))
    await run.until(Problem, code="recording_not_deleted")
    monkeypatch.undo()
    summary = await run.stop()
    assert summary.exit_code == 0
    assert states(run) == ["started", "stopped"]


async def test_without_a_recording_there_is_nothing_to_stop(salesmind: FakeSalesMind, hold: Hold) -> None:
    run = hold()
    await run.until(Step, step="gate_open")
    run.command(StopRecording(delete=True))
    summary = await run.stop()
    assert not summary.errors
    assert states(run) == []
