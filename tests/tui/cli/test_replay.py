"""`salesmind replay`: which recording it takes, and what it says of one that there is not."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from audio.wav import HEADER_BYTES
from relay.recording.manifest import Manifest
from relay.recording.recorder import Recorder
from relay.stream import Transcript
from tui.cli.group import salesmind

ROOT = Path(__file__).parents[3]
Run = Callable[..., Result]


def record(directory: Path) -> Path:
    recorder = Recorder(
        directory, 0.0, lambda error: None, Manifest(id="", started_at="2026-11-22T10:05:00+00:00")
    )
    recorder.event(Transcript(t=1.0, item_id="u", role="user", text="hello", final=True))
    recorder.event(Transcript(t=60.0, item_id="v", role="user", text="bye", final=True))
    recorder.user_audio(b"\x00\x40\x00\x40\x00\xc0\x00\xc0" * 6_000 * 30, 30.0)
    recorder.finish()
    return directory


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def run(state: Path) -> Run:
    def invoke(*arguments: str) -> Result:
        environment = {"SALESMIND_STATE_DIR": str(state), "XDG_CONFIG_HOME": str(state / "config")}
        return CliRunner().invoke(salesmind, ["replay", "--lang", "en", *arguments], env=environment)

    return invoke


def test_one_that_there_is_not_is_said(run: Run, state: Path) -> None:
    result = run("nothing")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "There is no recording nothing" in result.stderr
    assert run().exit_code == 2, "there is no latest"
    for name in ("20261122-a", "20261122-b"):
        record(state / "recordings" / name)
    assert "Several recordings start with 20261122: " in run("20261122").stderr
    assert "\x1b" not in run("a\x1b[2J").stderr


def test_without_a_terminal_it_says_so(run: Run, state: Path) -> None:
    record(state / "recordings" / "20261122-a")
    for name in ("latest", "20261122", str(state / "recordings" / "20261122-a")):
        result = run(name)
        assert result.exit_code == 2
        assert "needs a terminal" in result.stderr


def test_it_plays_from_the_moment_that_was_asked_for_and_esc_ends_it(state: Path, tmp_path: Path) -> None:
    """The whole program on a terminal, heard through a file: no server, no login."""
    record(state / "recordings" / "20261122-a")
    heard = tmp_path / "heard.wav"
    ours, theirs = pty.openpty()
    environment = os.environ | {
        "SALESMIND_STATE_DIR": str(state), "XDG_CONFIG_HOME": str(state / "config"), "TERM": "xterm-256color",
        "COLUMNS": "100", "LINES": "30",
    }  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", "tui.cli", "replay", "--lang", "en", "--at", "10", "--sink", f"wav:{heard}"],
        cwd=ROOT, env=environment, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    os.set_blocking(ours, False)
    screen = b""

    def until(condition: Callable[[], object]) -> None:
        nonlocal screen
        deadline = time.monotonic() + 60
        while not condition():
            assert time.monotonic() < deadline, screen[-2_000:]
            try:
                screen += os.read(ours, 65_536)
            except BlockingIOError:
                time.sleep(0.02)
            except OSError:  # the other end is closed
                time.sleep(0.02)

    try:
        until(lambda: b"hello" in screen and b"Audio: heard.wav" in screen)
        until(lambda: heard.exists() and any(heard.read_bytes()[HEADER_BYTES:]))
        os.write(ours, b"\x1b")
        until(lambda: process.poll() is not None)
        assert process.returncode == 0
    finally:
        process.kill()
        process.wait()
        os.close(ours)
