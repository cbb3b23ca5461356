"""`salesmind replay --as-server` as a program: what a script, curl and our own `talk` see of it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from websockets.sync.client import connect

from relay.recording.manifest import Manifest
from relay.recording.recorder import Recorder
from tests.recordings.scripted_conversation import conversation, wire
from tui.cli.group import salesmind

SALESMIND = (sys.executable, "-m", "tui.cli")
SESSION = "0b6f2f60-5a0e-4c53-9d3c-7f0c1a2b3c4d"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    state = {"SALESMIND_STATE_DIR": str(tmp_path / "state"), "XDG_CONFIG_HOME": str(tmp_path)}
    return {
        **os.environ,
        **state,
        "SALESMIND_PASSWORD": "anything",
        "SALESMIND_LANG": "en",
        "SALESMIND_CONFIG": "",
    }


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    place = tmp_path / "state" / "recordings" / "20261125T100000Z-0b6f2f60"
    begun = Manifest(id="", started_at="2026-11-25T10:00:00+00:00", session_id=SESSION)
    recorder = Recorder(place, 0.0, lambda _: None, begun)
    for event in conversation():
        recorder.event(event)
    for direction, t, message in wire():
        recorder.message(direction, message, t, 1)
    recorder.finish()
    return place


@pytest.fixture
def serve(
    environment: dict[str, str], recording: Path
) -> Iterator[Callable[..., tuple[str, subprocess.Popen[str]]]]:
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> tuple[str, subprocess.Popen[str]]:
        command = [*SALESMIND, "replay", recording.name[:8], "--as-server", *arguments]
        process = subprocess.Popen(
            command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        started.append(process)
        assert process.stdout is not None
        return json.loads(process.stdout.readline())["url"], process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_it_serves_until_it_is_told_to_stop(
    serve: Callable[..., tuple[str, subprocess.Popen[str]]], number: int, code: int
) -> None:
    url, process = serve("--speed", "4")
    with connect(f"{url.replace('http', 'ws')}/ws/realtime/?token=any") as client:
        assert json.loads(client.recv(5))["type"] == "session.created"
        process.send_signal(number)
        output, words = process.communicate(timeout=20)
    assert process.returncode == code
    assert output == ""
    assert f"20261125T100000Z-0b6f2f60 is served at {url}" in words
    assert "Traceback" not in words


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_curl_is_a_client(serve: Callable[..., tuple[str, subprocess.Popen[str]]]) -> None:
    url, _process = serve()
    got = subprocess.run(["curl", "-s", f"{url}/api/session/list/"], capture_output=True, check=True).stdout
    [session] = json.loads(got)["results"]
    assert session["id"] == SESSION


def test_our_own_talk_is_a_client(
    serve: Callable[..., tuple[str, subprocess.Popen[str]]], environment: dict[str, str]
) -> None:
    url, _process = serve()
    talk = ["talk", "--server", url, "--username", "any", "--session", SESSION, "--seconds", "1", "--json"]
    done = subprocess.run([*SALESMIND, *talk], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout.splitlines()[-1])
    assert (summary["session_id"], summary["audio_received_ms"]) == (SESSION, 20)


def test_mistakes_are_said(
    recording: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def replay(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(salesmind, ["replay", *arguments], env=environment)
        assert done.stdout == ""
        return done.exit_code, done.stderr

    code, words = replay("nothing", "--as-server")
    assert (code, "There is no recording nothing" in words) == (2, True)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, words = replay("latest", "--as-server", "--port", str(port))
    assert (code, f"Port {port} cannot be used" in words) == (2, True)
    (recording / "wire.jsonl").unlink()
    code, words = replay("latest", "--as-server")
    assert (code, "cannot be served" in words) == (2, True)
    monkeypatch.setattr("tui.cli.server_extra.find_spec", lambda name: None)
    code, words = replay("latest", "--as-server")
    assert (code, "uvicorn is missing" in words, "salesmind-console[server" in words) == (2, True, True)
