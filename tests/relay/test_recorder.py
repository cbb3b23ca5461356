"""The recording: private, on one timeline, whole."""

from __future__ import annotations

import errno
import stat
import threading
import wave
from pathlib import Path

import pytest

from relay.recorder import Recorder


def frames(path: Path) -> bytes:
    with wave.open(str(path)) as recorded:
        return recorded.readframes(recorded.getnframes())


def never(error: OSError) -> None:
    raise AssertionError(error)


def test_everything_is_written_and_private(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "deep" / "er", 100.0, never)
    recorder.event(b'{"kind":"log"}')
    recorder.user_audio(b"\x01\x00" * 480, 100.02)
    recorder.customer_audio(b"\x02\x00" * 480, 100.0)
    recorder.finish()
    recorder.finish()
    directory = tmp_path / "deep" / "er"
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in directory.iterdir()} == {0o600}
    assert (directory / "events.jsonl").read_bytes() == b'{"kind":"log"}\n'
    assert frames(directory / "user.wav") == b"\x01\x00" * 480
    assert frames(directory / "customer.wav") == b"\x02\x00" * 480


def test_both_tracks_keep_the_recordings_time(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, 100.0, never)
    recorder.user_audio(b"\x01\x00" * 24_000, 103.0)  # the third second
    recorder.user_audio(b"\x01\x00" * 24_000, 104.1)  # 100 ms late is late, not a gap
    recorder.customer_audio(b"\x02\x00" * 24_000, 105.0)
    recorder.finish()
    user, customer = frames(tmp_path / "user.wav"), frames(tmp_path / "customer.wav")
    assert user[: 2 * 48_000] == bytes(2 * 48_000)
    assert user[2 * 48_000 :] == b"\x01\x00" * 48_000
    assert customer.index(2) == 5 * 48_000


def test_a_directory_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError):
        Recorder(tmp_path / "file", 0.0, never)


def test_a_full_disk_is_told_once_and_stops_nothing(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    told: list[OSError] = []
    recorder = Recorder(tmp_path, 0.0, told.append)
    recorder._events.close()
    recorder._events = Path("/dev/full").open("wb", buffering=0)  # noqa: SIM115
    for _ in range(5):
        recorder.event(b"{}")
    recorder.finish()
    assert len(told) == 1


def test_a_recording_that_is_there_is_kept(tmp_path: Path) -> None:
    for number in range(3):
        recorder = Recorder(tmp_path, 100.0, never)
        recorder.event(b'{"n":%d}' % number)
        recorder.user_audio(b"\x01\x00" * 480, 100.02)
        recorder.finish()
    for number, directory in enumerate((tmp_path, tmp_path / "2", tmp_path / "3")):
        assert (directory / "events.jsonl").read_bytes() == b'{"n":%d}\n' % number
        assert frames(directory / "user.wav")
    assert stat.S_IMODE((tmp_path / "2").stat().st_mode) == 0o700


def test_a_directory_that_was_there_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    Recorder(tmp_path, 0.0, never).finish()
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755
    assert stat.S_IMODE((tmp_path / "events.jsonl").stat().st_mode) == 0o600


def test_a_disk_that_hangs_fills_no_memory_and_holds_nothing_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("relay.recorder.MAX_WAITING", 100)
    monkeypatch.setattr("relay.recorder.DISK_ANSWERS_WITHIN_S", 0.05)
    told: list[OSError] = []
    answers = threading.Event()
    recorder = Recorder(tmp_path, 0.0, told.append)
    monkeypatch.setattr(recorder, "_write_line", lambda _: answers.wait())
    for _ in range(1_000):
        recorder.event(b"{}")
    assert [error.errno for error in told] == [errno.ETIMEDOUT]
    assert recorder._queue.qsize() <= 100
    recorder.flush()
    recorder.finish()
    answers.set()
    recorder.finish()
    assert len(told) == 1
