"""The WAV writer: readable at any moment, and private."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import wave
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio.generated import sine
from audio.wav import HEADER_BYTES, WavWriter, header


@given(st.integers(0, 2**33).map(lambda n: n * 2), st.sampled_from([8_000, 24_000, 48_000]))
def test_header_declares_what_fits(data_bytes: int, rate: int) -> None:
    made = header(data_bytes, rate)
    assert len(made) == HEADER_BYTES
    declared = int.from_bytes(made[40:44], "little")
    assert declared == min(data_bytes, 2**32 - 1 - 36)
    assert int.from_bytes(made[4:8], "little") == declared + 36
    with wave.open(io.BytesIO(made)) as reader:
        assert (reader.getframerate(), reader.getnchannels(), reader.getsampwidth()) == (rate, 1, 2)


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    pcm = sine(440, 0, 50_000)
    with WavWriter(tmp_path / "a.wav") as writer:
        for at in range(0, len(pcm), 960):
            writer.write(pcm[at : at + 960])
        assert writer.samples == 50_000
    with wave.open(str(tmp_path / "a.wav")) as reader:
        assert reader.readframes(100_000) == pcm


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX modes")
def test_the_file_is_its_owners_only_even_if_it_was_there(tmp_path: Path) -> None:
    (tmp_path / "old.wav").write_bytes(b"old")
    (tmp_path / "old.wav").chmod(0o644)
    for name in ("old.wav", "new.wav"):
        WavWriter(tmp_path / name).close()
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600
        assert (tmp_path / name).stat().st_size == HEADER_BYTES


def test_closing_twice_is_harmless(tmp_path: Path) -> None:
    writer = WavWriter(tmp_path / "a.wav")
    writer.close()
    writer.close()


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_a_kill_loses_at_most_a_second(tmp_path: Path) -> None:
    path = tmp_path / "killed.wav"
    program = (
        "import sys, time\n"
        "from audio.wav import WavWriter\n"
        "writer = WavWriter(sys.argv[1])\n"
        "for _ in range(180): writer.write(bytes([1, 0]) * 480)\n"
        "print('written', flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "written\n"
        os.kill(process.pid, signal.SIGKILL)
    # 3.6 s were written: the header knows of at least 2.6 s, and all the sound is there.
    with wave.open(str(path)) as reader:
        assert 2.6 * 24_000 <= reader.getnframes() <= 3.6 * 24_000
    assert path.stat().st_size == HEADER_BYTES + int(3.6 * 48_000)
