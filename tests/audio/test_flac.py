"""FLAC of the recorder: complete, cut at any byte, and read by programs that nobody here wrote."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio.flac import FlacReader, FlacWriter, count_samples, declared_samples, repair

BLOCK = 4096


def sound(samples: int) -> bytes:
    """A tone with noise: it compresses, but not to nothing."""
    noise = np.random.default_rng(7).integers(-400, 400, samples)
    tone = 9_000 * np.sin(np.arange(samples) / 19)
    return (tone + noise).astype("<i2").tobytes()


def written(path: Path, samples: int) -> bytes:
    pcm = sound(samples)
    with FlacWriter(path) as writer:
        for at in range(0, len(pcm), 1_920):
            writer.write(pcm[at : at + 1_920])
    return pcm


def everything(path: Path) -> bytes:
    reader = FlacReader(path)
    try:
        pieces = []
        while piece := reader.read(1_000):
            pieces.append(piece)
        return b"".join(pieces)
    finally:
        reader.close()


@pytest.mark.parametrize("samples", [0, 1, 959, BLOCK, BLOCK + 1, 50_000])
def test_what_was_written_is_read(tmp_path: Path, samples: int) -> None:
    path = tmp_path / "a.flac"
    pcm = written(path, samples)
    assert everything(path) == pcm
    assert count_samples(path) == samples
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_another_file_is_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "a.flac"
    path.write_bytes(b"kept")
    with pytest.raises(FileExistsError):
        FlacWriter(path)
    link = tmp_path / "link.flac"
    link.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileExistsError):
        FlacWriter(link)


KILLED = """
import os, sys
from audio.flac import FlacWriter
pcm = open(sys.argv[1], "rb").read()
writer = FlacWriter(sys.argv[2])
for at in range(0, len(pcm), 1920):
    writer.write(pcm[at:at + 1920])
os.kill(os.getpid(), 9)
"""


def killed_file(tmp_path: Path, pcm: bytes) -> Path:
    """What a writer leaves that was killed after all of ``pcm``."""
    (tmp_path / "pcm").write_bytes(pcm)
    path = tmp_path / "killed.flac"
    subprocess.run(
        [sys.executable, "-c", KILLED, tmp_path / "pcm", path], check=False, cwd=Path(__file__).parents[2]
    )
    return path


def test_a_kill_loses_less_than_a_block(tmp_path: Path) -> None:
    pcm = sound(100_000)
    path = killed_file(tmp_path, pcm)
    assert declared_samples(path.read_bytes()) == 0
    found = everything(path)
    assert len(pcm) // 2 - len(found) // 2 <= 2 * BLOCK
    assert pcm.startswith(found)
    assert repair(path) == len(found) // 2 == declared_samples(path.read_bytes())
    assert everything(path) == found


@pytest.mark.parametrize(
    "command",
    [("flac", "-s", "-t"), ("ffmpeg", "-v", "error", "-f", "null", "-", "-i"), ("sox", "--i")],
)
def test_others_read_what_a_kill_left(tmp_path: Path, command: tuple[str, ...]) -> None:
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    path = killed_file(tmp_path, sound(60_000))
    for _ in range(2):
        subprocess.run(
            [*command, path]
            if command[0] != "ffmpeg"
            else ["ffmpeg", "-v", "error", "-i", path, "-f", "null", "-"],
            check=True,
            capture_output=True,
        )
        repair(path)


@settings(max_examples=60, deadline=None)
@given(cut=st.integers(0, 200_000))
def test_cut_anywhere_it_is_read_up_to_a_whole_frame(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    directory = tmp_path_factory.mktemp("cut")
    pcm = written(directory / "whole.flac", 40_000)
    data = bytearray((directory / "whole.flac").read_bytes())
    data[21:26] = bytes((data[21] & 0xF0, 0, 0, 0, 0))  # as a killed writer leaves it
    path = directory / "cut.flac"
    path.write_bytes(data[: max(60, cut % len(data))])
    samples = count_samples(path)
    assert samples % BLOCK == 0 or samples == 40_000
    if samples:
        assert everything(path) == pcm[: 2 * samples]


def test_a_full_disk_is_an_error_not_silence(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    path = tmp_path / "a.flac"
    writer = FlacWriter(path)
    os.dup2(os.open("/dev/full", os.O_RDWR), writer._file.fileno())
    with pytest.raises(OSError, match="No space"):
        for _ in range(50):
            writer.write(sound(BLOCK))
    with pytest.raises(OSError, match="No space"):
        writer.close()
    writer.close()


@pytest.mark.parametrize("left", [0, 4, 41, None])
def test_a_file_without_sound_is_a_flac_too_even_if_it_was_killed(tmp_path: Path, left: int | None) -> None:
    path = tmp_path / "empty.flac"
    FlacWriter(path).close()
    whole = path.read_bytes()
    path.write_bytes(whole[:left])
    assert repair(path) == 0
    assert path.read_bytes() == whole
    assert (count_samples(path), declared_samples(whole)) == (0, 0)
    assert FlacReader(path).read(100) == b""
    for program in ("flac --test --silent", "ffprobe -v error", "soxi"):
        if shutil.which(program.split()[0]):
            done = subprocess.run([*program.split(), path], capture_output=True, check=False)
            assert done.returncode == 0, (program, done.stderr)


@pytest.mark.skipif(shutil.which("flac") is None, reason="needs flac")
@pytest.mark.parametrize("lost", [1, 2, 100, 3_000])
def test_half_a_frame_is_cut_off(tmp_path: Path, lost: int) -> None:
    path = tmp_path / "full_disk.flac"
    written(path, 5 * BLOCK)
    path.write_bytes(path.read_bytes()[:-lost])  # its header counts, and sums up, all five blocks
    assert repair(path, disk_was_full=True) == 4 * BLOCK
    assert count_samples(path) == 4 * BLOCK
    subprocess.run(["flac", "--test", "--silent", path], check=True, capture_output=True)
