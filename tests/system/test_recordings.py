"""Recordings in the eyes of flac, ffmpeg and sox (`make system-packages`)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from recordings.export.sound import Codec, write_stereo
from recordings.export.subtitles import srt, vtt
from recordings.lines import spoken_lines
from relay.recording.reader import RecordingReader
from relay.recording.repair import repair
from tests.recordings.scripted_conversation import conversation

pytestmark = pytest.mark.system
ROOT = Path(__file__).parents[2]


def run(*command: str | Path) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


KILLED = """
import os, signal, sys
from pathlib import Path
from relay.recording.recorder import Recorder
from tests.recordings.scripted_conversation import conversation
recorder = Recorder(Path(sys.argv[1]), 0.0, print)
for event in conversation():
    recorder.event(event)
for second in range(1, 20):
    recorder.user_audio(bytes(range(256)) * 187, float(second))
recorder.flush()
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def killed(tmp_path: Path) -> Path:
    """What a recorder leaves whose process was killed."""
    subprocess.run([sys.executable, "-c", KILLED, tmp_path / "run"], cwd=ROOT, check=False)
    return tmp_path / "run"


@pytest.mark.parametrize("repaired", [False, True])
def test_flac_ffmpeg_and_sox_play_what_a_kill_left(killed: Path, repaired: bool) -> None:
    if repaired:
        assert repair(killed).changes
    run("flac", "--silent", "--test", killed / "user.flac")
    run("ffmpeg", "-v", "error", "-xerror", "-i", killed / "user.flac", "-f", "null", "-")
    run("sox", killed / "user.flac", "-n", "stat")
    recorded = RecordingReader(killed).track("user")
    assert recorded is not None and recorded.samples > 18 * 24_000
    recorded.close()


@pytest.mark.parametrize(("codec", "name"), [("wav", "pcm_s16le"), ("flac", "flac"), ("opus", "opus")])
def test_ffprobe_reads_the_exported_sound(killed: Path, tmp_path: Path, codec: Codec, name: str) -> None:
    target = tmp_path / f"out.{codec}"
    seconds = write_stereo(RecordingReader(killed), target, codec)
    found = json.loads(run("ffprobe", "-v", "error", "-show_streams", "-show_format", "-of", "json", target))
    assert (found["streams"][0]["codec_name"], found["streams"][0]["channels"]) == (name, 2)
    assert float(found["format"]["duration"]) == pytest.approx(seconds, abs=0.1)


@pytest.mark.parametrize("suffix", ["srt", "vtt"])
def test_ffmpeg_reads_the_subtitles(tmp_path: Path, suffix: str) -> None:
    lines = spoken_lines(conversation())
    made = (srt if suffix == "srt" else vtt)(lines, str)
    (tmp_path / f"in.{suffix}").write_text(made, encoding="utf-8")
    run("ffmpeg", "-v", "error", "-xerror", "-i", tmp_path / f"in.{suffix}", tmp_path / "out.ass")
    spoken = [
        line for line in (tmp_path / "out.ass").read_text().splitlines() if line.startswith("Dialogue:")
    ]
    assert len(spoken) == len(lines)
    assert "Excelです" in spoken[1] and "0:00:03.00,0:00:04.20" in spoken[1]
