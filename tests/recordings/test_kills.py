"""``kill -9`` of a real `salesmind talk --record` at any moment leaves a recording that `runs repair` completes.

The server is a replayed recording: it needs neither Django nor an engine. ``SALESMIND_KILLS`` says how many moments
are tried (``make test-kills``: 50).
"""

from __future__ import annotations

import json
import os
import random
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import soundfile
from click.testing import CliRunner

from relay import stream
from relay.recording.reader import RecordingReader
from relay.recording.recorder import hashes
from relay.recording.repair import needs_repair
from relay.stream import StreamEvent
from tui.cli.group import salesmind

KILLS = int(os.environ.get("SALESMIND_KILLS", "3"))
IN_THE_QUEUE = 25
"""Events that may wait for the recorder's thread: a quarter of a second of them, on a busy machine."""
SAMPLES_OF_A_CHUNK = 960
IN_THE_ENCODER = 2 * 4_096
"""Samples of which it makes its next block, 0.34 s."""
SALESMIND = (sys.executable, "-m", "tui.cli")

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="finds the relay in /proc")


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    names = {
        "SALESMIND_STATE_DIR": str(tmp_path / "state"),
        "SALESMIND_PASSWORD": "any",
        "SALESMIND_LANG": "en",
    }
    return {**os.environ, **names}


@pytest.fixture
def url(make_recording: Callable[..., Path], environment: dict[str, str]) -> Iterator[str]:
    """A server, for as long as the test runs."""
    command = [*SALESMIND, "replay", str(make_recording("served")), "--as-server"]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        assert server.stdout is not None
        yield json.loads(server.stdout.readline())["url"]
        server.kill()


def child_of(pid: int) -> int:
    """The relay that `talk` has started."""
    [child] = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(child)


@pytest.mark.parametrize("seed", range(KILLS))
def test_a_killed_talk_leaves_a_recording_up_to_that_moment(
    url: str, environment: dict[str, str], tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    place = tmp_path / "killed"
    command = [*SALESMIND, "talk", "--server", url, "--username", "any", "--new-session", "--source", "tone",
               "--seconds", "60", "--record", str(place), "--json"]  # fmt: skip
    talk = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert talk.stdout is not None
    seen: list[StreamEvent] = []
    moment = chance.randrange(1, 60)  # the first events come at once, then there are a dozen each second
    while len(seen) < moment:
        seen.append(stream.decode(talk.stdout.readline()))
    doomed = [child_of(talk.pid), *([talk.pid] if chance.random() < 0.5 else [])]
    ends = [os.pidfd_open(pid) for pid in doomed]
    for pid in doomed:
        os.kill(pid, signal.SIGKILL)
    for end in ends:
        select.select([end], [], [], 20)
        os.close(end)
    rest = [stream.decode(line) for line in talk.stdout.read().splitlines() if line.endswith("}")]
    seen += [
        event for event in rest if not (isinstance(event, stream.Problem) and event.code == "relay_crashed")
    ]
    talk.wait(20)
    talk.stdout.close()

    if not (place / "manifest.json").exists():  # killed before it had begun
        assert moment < 5
        return
    assert needs_repair(place)
    done = CliRunner().invoke(salesmind, ["runs", "repair", str(place)], env=environment)
    assert done.exit_code == 0, done.output
    assert "completed" in done.stdout
    reader = RecordingReader(place)
    assert reader.manifest is not None and reader.manifest.ended is not None
    assert reader.manifest.ended.how == "killed"
    assert reader.manifest.sha256 == hashes(place)
    events = list(reader.events())
    assert events[: len(seen)] == seen[: len(events)]
    assert len(events) >= len(seen) - IN_THE_QUEUE
    for track in reader.manifest.tracks.values():
        assert_plays(place / track.file, track.samples)
    counted = [event.chunks_sent for event in events if isinstance(event, stream.Meters)]
    kept = reader.manifest.tracks["user"].samples or 0
    assert kept >= max(counted, default=0) * SAMPLES_OF_A_CHUNK - IN_THE_ENCODER


def assert_plays(path: Path, samples: int | None) -> None:
    """In libsndfile, and in Xiph's own decoder where there is one."""
    if samples:
        assert soundfile.info(path).frames == samples
    if flac := shutil.which("flac"):
        subprocess.run([flac, "--test", "--silent", path], check=True, capture_output=True)
