"""Finding, marking, deleting with a way back, and expiring recordings."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from recordings.library import Library, UnknownRecording
from relay.recording.reader import RecordingReader
from relay.recording.recorder import Recorder
from relay.stream import Transcript

ROOT = Path(__file__).parents[2]
MakeRecording = Callable[..., Path]


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "library")


def names(library: Library) -> list[str]:
    return [entry.name for entry in library.entries()]


def test_the_newest_comes_first_and_runs_below_runs_are_found(
    library: Library, make_recording: MakeRecording
) -> None:
    make_recording("old", started_at="2026-11-20T10:00:00+00:00")
    make_recording("new", started_at="2026-11-25T10:00:00+00:00")
    make_recording("checks/run/t2", started_at="2026-11-22T10:00:00+00:00")
    assert names(library) == ["new", "checks/run/t2", "old"]
    entry = library.find("new")
    assert entry.complete and entry.manifest.ended is not None
    assert (entry.manifest.ended.turns, entry.manifest.ended.errors) == (2, ("server_error",))
    assert entry.size_bytes == sum(path.stat().st_size for path in entry.directory.iterdir())


def test_no_directory_is_no_recordings(tmp_path: Path) -> None:
    assert Library(tmp_path / "none").entries() == []


def test_a_name_may_be_shortened_but_not_to_two(
    library: Library, make_recording: MakeRecording, tmp_path: Path
) -> None:
    for name in ("20261125-a", "20261125-b", "20261126"):
        make_recording(name)
    assert library.find("20261126").name == "20261126"
    assert library.find("20261125-b").name == "20261125-b"
    assert library.find("latest").name == names(library)[0]
    assert library.find(str(tmp_path / "library" / "20261126")).name == "20261126"
    with pytest.raises(UnknownRecording) as two:
        library.find("20261125")
    assert two.value.candidates == ("20261125-b", "20261125-a") or len(two.value.candidates) == 2
    for nothing in ("", "x", "../library"):
        with pytest.raises(UnknownRecording):
            library.find(nothing)


def test_transcripts_are_searched_whatever_the_case(library: Library, make_recording: MakeRecording) -> None:
    make_recording("a")
    [(entry, matches)] = library.search("EXCEL")
    assert entry.name == "a"
    assert [(match.t, match.role, match.text) for match in matches] == [(3.1, "assistant", "Excelです")]
    assert list(library.search("nobody said this")) == []


def test_marks_and_notes_are_kept_beside_the_recording(
    library: Library, make_recording: MakeRecording
) -> None:
    directory = make_recording("a")
    manifest = (directory / "manifest.json").read_bytes()
    library.annotate(library.find("a"), marked=True)
    library.annotate(library.find("a"), note="雑音\x1b[2J")
    entry = library.find("a")
    assert (entry.notes.marked, entry.notes.note) == (True, "雑音\x1b[2J")
    assert (directory / "manifest.json").read_bytes() == manifest
    assert stat.S_IMODE((directory / "notes.json").stat().st_mode) == 0o600
    (directory / "notes.json").write_text("{broken")
    assert not library.find("a").notes.marked


def test_deleting_can_be_undone(library: Library, make_recording: MakeRecording) -> None:
    make_recording("checks/run/t2")
    entry = library.find("checks/run/t2")
    place = library.delete(entry)
    assert names(library) == []
    library.restore(entry, place)
    assert names(library) == ["checks/run/t2"]
    library.delete(library.find("checks/run/t2"))
    library.empty_trash()
    assert names(library) == [] and not place.exists()


NOW = datetime(2026, 11, 26, tzinfo=UTC)


def test_the_oldest_expire_but_never_a_marked_one(library: Library, make_recording: MakeRecording) -> None:
    for day in (1, 10, 20, 25):
        make_recording(f"d{day:02}", started_at=f"2026-11-{day:02}T10:00:00+00:00")
    library.annotate(library.find("d01"), marked=True)
    assert [entry.name for entry in library.expire(10, None, NOW)] == ["d10"]
    assert names(library) == ["d25", "d20", "d01"]
    size = library.find("d25").size_bytes
    assert [entry.name for entry in library.expire(None, 2 * size + 100, NOW)] == ["d20"]
    assert library.expire(None, None, NOW) == []
    assert names(library) == ["d25", "d01"]


RECORDING = """
import sys, time
from pathlib import Path
from relay.recording.reader import RecordingReader
from relay.recording.recorder import Recorder
from relay.stream import Transcript
recorder = Recorder(Path(sys.argv[1]), time.monotonic(), print)
print("ready", flush=True)
sys.stdin.read()
"""


def test_one_that_is_being_written_is_left_alone(library: Library) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", RECORDING, library.root / "a"],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None and process.stdin is not None
    process.stdout.readline()
    try:
        assert library.find("a").running
        assert library.expire(0, 0, NOW) == []
    finally:
        os.kill(process.pid, 9)
        process.communicate()
    entry = library.find("a")
    assert not entry.running and not entry.complete


def test_a_recording_of_version_0_1_is_listed(
    library: Library, tmp_path: Path, make_recording: MakeRecording
) -> None:
    place = make_recording("old")
    for name in ("manifest.json", "wire.jsonl", "received.flac"):
        (place / name).unlink()
    entry = library.find("old")
    assert entry.manifest.format == 1 and entry.manifest.ended is not None
    assert entry.manifest.ended.turns == 2
    Recorder(tmp_path / "other", 0.0, lambda _: None).finish()


def test_what_lies_beside_a_recording_stays(
    library: Library, make_recording: MakeRecording, tmp_path: Path
) -> None:
    """``talk --record DIR`` twice: the second recording is below the first; and DIR may be anybody's."""
    place = make_recording("a", started_at="2026-11-01T10:00:00+00:00")
    make_recording("a", started_at="2026-11-02T10:00:00+00:00")
    (place / "thesis.txt").write_text("years of work")
    assert names(library) == ["a/2", "a"]
    entry = library.find("a")
    deleted = library.delete(entry)
    assert names(library) == ["a/2"]
    [waiting] = library.deleted()
    assert (waiting.name, waiting.origin) == ("a", place)
    library.restore(entry, deleted)
    assert names(library) == ["a/2", "a"]
    library.annotate(library.find("a/2"), marked=True)
    assert [entry.name for entry in library.expire(1, None, NOW)] == ["a"]
    assert names(library) == ["a/2"]
    assert (place / "thesis.txt").read_text() == "years of work"


def test_what_is_no_recording_never_expires(library: Library, make_recording: MakeRecording) -> None:
    """Many programs call a file events.jsonl."""
    make_recording("old", started_at="2026-11-01T10:00:00+00:00")
    foreign = library.root / "service"
    foreign.mkdir()
    (foreign / "events.jsonl").write_text('{"event": "login", "user": "x"}\n')
    assert [entry.name for entry in library.expire(1, 1, NOW)] == ["old"]
    assert (foreign / "events.jsonl").exists()


def test_the_trash_is_emptied_after_a_week(library: Library, make_recording: MakeRecording) -> None:
    for name in ("a", "b"):
        make_recording(name, started_at="2026-11-25T10:00:00+00:00")
    library.delete(library.find("a"), NOW - timedelta(days=8))
    library.delete(library.find("b"), NOW - timedelta(days=6))
    assert [one.name for one in library.deleted()] == ["b", "a"]
    library.expire(30, None, NOW)
    assert [one.name for one in library.deleted()] == ["b"]


def test_a_restored_one_does_not_replace_another(library: Library, make_recording: MakeRecording) -> None:
    make_recording("a")
    entry = library.find("a")
    place = library.delete(entry)
    make_recording("a")
    with pytest.raises(FileExistsError):
        library.restore(entry, place)
    assert names(library) == ["a"] and place.exists()


def test_transcripts_are_those_among_all_events(library: Library, make_recording: MakeRecording) -> None:
    directory = make_recording("a")
    reader = RecordingReader(directory)
    assert list(reader.transcripts()) == [event for event in reader.events() if isinstance(event, Transcript)]
    assert len(list(reader.transcripts())) == 2
    whole = (directory / "events.jsonl").read_bytes()
    broken = b'{"kind":"transcript","t":\xff}\n' + whole + b'{"kind":"transcript","t":9'
    (directory / "events.jsonl").write_bytes(broken)
    assert len(list(reader.transcripts())) == 2
    (directory / "events.jsonl").write_bytes(b"")
    assert list(reader.transcripts()) == []
