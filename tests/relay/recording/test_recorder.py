"""The recording: private, on one timeline, whole, and readable however it ends."""

from __future__ import annotations

import base64
import errno
import json
import os
import random
import signal
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from relay import stream
from relay.recording.manifest import Manifest
from relay.recording.reader import RecordingReader, read_manifest
from relay.recording.recorder import Recorder, hashes
from relay.recording.repair import needs_repair, repair
from relay.recording.wire import AudioReference
from relay.stream import Latency, LogLine, SourceState, StreamEvent, Summary, Transcript

ROOT = Path(__file__).parents[3]
ALL_FILES = {
    "manifest.json", "events.jsonl", "wire.jsonl", "user.flac", "customer.flac", "received.flac",
}  # fmt: skip


def line(number: int = 0) -> StreamEvent:
    return LogLine(t=float(number), text=f"line {number}")


def sound(directory: Path, name: str) -> bytes:
    track = RecordingReader(directory).track(name)
    assert track is not None
    try:
        return track.read(track.samples)
    finally:
        track.close()


def never(error: OSError) -> None:
    raise AssertionError(error)


def test_everything_is_written_and_private(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "deep" / "er", 100.0, never)
    recorder.event(line())
    recorder.user_audio(b"\x01\x00" * 480, 100.02)
    recorder.customer_audio(b"\x02\x00" * 480, 100.0)
    recorder.finish()
    recorder.finish()
    directory = tmp_path / "deep" / "er"
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert {path.name for path in directory.iterdir()} == ALL_FILES
    assert {stat.S_IMODE(path.stat().st_mode) for path in directory.iterdir()} == {0o600}
    assert list(RecordingReader(directory).events()) == [line()]
    assert sound(directory, "user") == b"\x01\x00" * 480
    assert sound(directory, "customer") == b"\x02\x00" * 480


def test_both_tracks_keep_the_recordings_time(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, 100.0, never)
    recorder.user_audio(b"\x01\x00" * 24_000, 103.0)  # the third second
    recorder.user_audio(b"\x01\x00" * 24_000, 104.1)  # 100 ms late is late, not a gap
    recorder.customer_audio(b"\x02\x00" * 24_000, 105.0)
    recorder.finish()
    user, customer = sound(tmp_path, "user"), sound(tmp_path, "customer")
    assert user[: 2 * 48_000] == bytes(2 * 48_000)
    assert user[2 * 48_000 :] == b"\x01\x00" * 48_000
    assert customer.index(2) == 5 * 48_000


def test_messages_are_kept_with_their_audio_by_reference_and_no_secrets(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, 100.0, never)
    recorder.user_audio(b"\x05\x00" * 960, 101.0)
    recorder.message("out", b"\x05\x00" * 960, 101.0, 1)
    session = {"type": "session.created", "session": {"client_secret": {"value": "ek_planted"}}}
    recorder.message("in", json.dumps(session), 101.1, 1)
    for number in (1, 2):
        delta = base64.b64encode(bytes([number, 0]) * 300).decode()
        recorder.message("in", json.dumps({"type": "response.output_audio.delta", "delta": delta}), 102.0, 1)
    recorder.message("in", b"\x03\x00" * 100, 103.0, 1)
    recorder.message("in", "no JSON", 104.0, 2)
    recorder.finish()
    sent, created, first, second, binary, text = RecordingReader(tmp_path).wire()
    assert sent.audio is not None
    assert (sent.audio.track, sent.audio.samples) == ("user", 960)
    user = sound(tmp_path, "user")[2 * sent.audio.offset :]
    assert user == b"\x05\x00" * 960
    assert (created.direction, created.t) == ("in", 1.1)
    assert "ek_planted" not in (tmp_path / "wire.jsonl").read_text()
    assert first.event is not None and second.event is not None
    assert first.event["delta"] == {"$audio": {"track": "received", "offset": 0, "samples": 300}}
    assert second.event["delta"]["$audio"]["offset"] == 300
    assert binary.audio == AudioReference("received", 600, 100)
    assert (text.text, text.connection) == ("no JSON", 2)
    assert sound(tmp_path, "received") == b"\x01\x00" * 300 + b"\x02\x00" * 300 + b"\x03\x00" * 100


def test_the_manifest_tells_how_it_ended_and_what_is_in_it(tmp_path: Path) -> None:
    begun = Manifest(id="", started_at="2026-11-25T10:00:00.000+00:00", session_id="s1")
    recorder = Recorder(tmp_path / "run", 0.0, never, begun)
    running = read_manifest(tmp_path / "run")
    assert running is not None and running.ended is None and running.id == "run"
    recorder.event(SourceState(t=0.1, state="opened", spec="mic", name="USB Mic"))
    recorder.event(Transcript(t=1.0, item_id="a", role="user", text="Hello", final=True))
    recorder.event(Transcript(t=1.5, item_id="b", role="assistant", text="", final=True))
    for turn, latency_ms in enumerate((900.0, 300.0, 500.0), 1):
        recorder.event(Latency(t=2.0, turn=turn, item_id="b", response_latency_ms=latency_ms, basis="speech"))
    recorder.event(Latency(t=2.1, turn=4, item_id="b", response_latency_ms=5.0, basis="text"))
    recorder.event(summary(t=2.5, exit_code=4))
    recorder.user_audio(b"\x01\x00" * 480, 0.02)
    recorder.finish()
    whole = read_manifest(tmp_path / "run")
    assert whole is not None and whole.ended is not None
    assert (whole.ended.how, whole.ended.seconds, whole.ended.turns) == ("timeout", 2.5, 1)
    assert (whole.ended.latency_p50_ms, whole.ended.latency_n) == (500.0, 3)
    assert (whole.devices, whole.session_id) == (("USB Mic",), "s1")
    assert whole.tracks["user"].samples == 480
    assert whole.sha256 == hashes(tmp_path / "run")
    assert set(whole.sha256) == ALL_FILES - {"manifest.json"}
    assert not needs_repair(tmp_path / "run")


def summary(t: float, exit_code: int = 0) -> Summary:
    return Summary(
        t=t, session_id="s1", seconds=t, session_updates_sent=1, connections=1, chunks_sent=0, bytes_sent=0,
        chunk_bytes=1920, chunk_rate=None, expected_chunk_rate=25.0, user_transcripts=[],
        assistant_transcripts=[], audio_received_ms=0, response_latency_ms=[],
        realtime_mode=stream.ModeReports(), reconnects=0, errors=[], close_code=1000, exit_code=exit_code,
    )  # fmt: skip


def test_a_directory_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError):
        Recorder(tmp_path / "file", 0.0, never)


@pytest.mark.parametrize("full", ["_events", "_wire"])
def test_a_full_disk_is_told_once_and_stops_nothing(tmp_path: Path, full: str) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    told: list[OSError] = []
    recorder = Recorder(tmp_path, 0.0, told.append)
    getattr(recorder, full).close()
    setattr(recorder, full, Path("/dev/full").open("wb", buffering=0))  # noqa: SIM115
    for number in range(5):
        recorder.event(line(number))
        recorder.message("in", "{}", 0.0, 1)
    recorder.flush()
    recorder.finish()
    assert len(told) == 1
    manifest = read_manifest(tmp_path)
    assert manifest is not None and manifest.ended is not None and manifest.ended.how == "disk"


def test_a_recording_that_is_there_is_kept(tmp_path: Path) -> None:
    for number in range(3):
        recorder = Recorder(tmp_path, 100.0, never)
        recorder.event(line(number))
        recorder.user_audio(b"\x01\x00" * 480, 100.02)
        recorder.finish()
    for number, directory in enumerate((tmp_path, tmp_path / "2", tmp_path / "3")):
        assert list(RecordingReader(directory).events()) == [line(number)]
        assert sound(directory, "user")
    assert stat.S_IMODE((tmp_path / "2").stat().st_mode) == 0o700


@pytest.mark.parametrize("name", ["user.wav", "user.flac", "wire.jsonl"])
def test_no_file_of_a_recording_is_written_over_or_through_a_link(tmp_path: Path, name: str) -> None:
    place = tmp_path / "run"
    place.mkdir()
    (place / name).symlink_to(tmp_path / "elsewhere")
    recorder = Recorder(place, 0.0, never)
    recorder.finish()
    assert recorder.directory == place / "2"
    assert not (tmp_path / "elsewhere").exists()


def test_a_directory_that_was_there_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    Recorder(tmp_path, 0.0, never).finish()
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755
    assert stat.S_IMODE((tmp_path / "events.jsonl").stat().st_mode) == 0o600


def test_a_disk_that_hangs_fills_no_memory_and_holds_nothing_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("relay.recording.recorder.MAX_WAITING", 100)
    monkeypatch.setattr("relay.recording.recorder.DISK_ANSWERS_WITHIN_S", 0.05)
    told: list[OSError] = []
    answers = threading.Event()
    recorder = Recorder(tmp_path, 0.0, told.append)
    monkeypatch.setattr(recorder, "_write_event", lambda _: answers.wait())
    for number in range(1_000):
        recorder.event(line(number))
    assert [error.errno for error in told] == [errno.ETIMEDOUT]
    assert recorder._queue.qsize() <= 100
    recorder.flush()
    recorder.finish()
    answers.set()
    recorder.finish()
    assert len(told) == 1


KILLED = """
import sys, time
from pathlib import Path
from relay.recording.recorder import Recorder
from relay.stream import LogLine
began = time.monotonic()
recorder = Recorder(Path(sys.argv[1]), began, print)
print("ready", flush=True)
for n in range(100_000):
    now = time.monotonic()
    recorder.event(LogLine(t=now - began, text=f"line {n}"))
    recorder.user_audio(bytes([n % 250 + 1, 0]) * 960, now)
    recorder.customer_audio(b"\\x07\\x00" * 960, now)
    print(n, flush=True)
    time.sleep(0.002)
"""


@pytest.mark.parametrize("seed", range(5))
def test_kill_9_at_any_moment_leaves_a_recording_that_is_read_and_repaired(tmp_path: Path, seed: int) -> None:
    """Sound runs 20 times faster than real time here, so a block of FLAC is 8 ms of the run."""
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, tmp_path], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    process.stdout.readline()
    for _ in range(random.Random(seed).randrange(1, 200)):
        process.stdout.readline()
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    told = [int(line) for line in process.stdout.read().split()]
    process.stdout.close()
    before = [event for event in RecordingReader(tmp_path).events() if isinstance(event, LogLine)]
    assert needs_repair(tmp_path)
    repaired = repair(tmp_path)
    assert repaired.manifest.ended is not None and repaired.manifest.ended.how == "killed"
    assert repaired.manifest.sha256 == hashes(tmp_path)
    assert repair(tmp_path).changes == ()
    after = list(RecordingReader(tmp_path).events())
    assert after == before
    assert [event.text for event in before] == [f"line {n}" for n in range(len(before))]
    # What was put into the queue and not yet written is milliseconds old.
    if told:
        assert len(before) >= told[-1] - 25
    kept = len(sound(tmp_path, "user")) // 1_920
    assert kept >= len(before) - 2 * 4_096 // 960 - 25


def test_a_loss_of_power_loses_at_most_a_second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once a second the files are synchronised, by the recorder's thread."""
    synced: list[int] = []
    monkeypatch.setattr(os, "fdatasync", synced.append)
    monkeypatch.setattr("relay.recording.recorder.SYNC_EVERY_S", 0.0)
    recorder = Recorder(tmp_path, time.monotonic(), never)
    recorder.event(line())
    recorder.flush()
    assert len(synced) >= 5
    recorder.finish()


def test_room_is_kept_for_saying_that_the_disk_was_full(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, 0.0, never)
    recorder.flush()
    assert (tmp_path / "manifest.json.new").stat().st_size >= 8_192
    recorder.finish()
    assert not (tmp_path / "manifest.json.new").exists()
