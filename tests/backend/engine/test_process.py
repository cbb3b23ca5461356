"""The engine as a process: its first line, and how it ends."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from click.testing import CliRunner
from websockets.sync.client import connect

from tui.cli.engine import command

TIMEOUT_S = 20


@contextmanager
def engine(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    with subprocess.Popen(
        [sys.executable, "-m", "backend.engine", "--port", "0", "--no-transcription", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            yield process, json.loads(process.stdout.readline())["url"]
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_is_and_stops_when_told(number: signal.Signals) -> None:
    with engine() as (process, url), connect(url) as socket:
        assert json.loads(socket.recv(timeout=TIMEOUT_S))["type"] == "session.created"
        process.send_signal(number)
        out, err = process.communicate(timeout=TIMEOUT_S)
        assert process.returncode == 0
        assert out == ""
        assert "Traceback" not in err


def test_it_ends_with_its_parent() -> None:
    with engine("--stop-on-eof") as (process, _):
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(TIMEOUT_S) == 0


def test_without_stop_on_eof_the_end_of_input_means_nothing() -> None:
    with engine() as (process, url):
        assert process.stdin is not None
        process.stdin.close()
        with connect(url) as socket:
            assert socket.recv(timeout=TIMEOUT_S)
        assert process.poll() is None


def test_a_taken_port_is_said_in_words() -> None:
    with engine() as (_, url):
        port = url.split(":")[2].split("/")[0]
        done = subprocess.run(
            [sys.executable, "-m", "backend.engine", "--port", port, "--no-transcription"],
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
    assert done.returncode == 2
    assert done.stdout == ""
    assert f"cannot listen on 127.0.0.1:{port}" in done.stderr


def test_no_token_reaches_the_log() -> None:
    with engine("--verbose") as (process, url):
        with connect(url, additional_headers={"Authorization": "Bearer sk-very-secret"}) as socket:
            socket.recv(timeout=TIMEOUT_S)
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=TIMEOUT_S)
        assert "session opened" in err
        assert "very-secret" not in err


def test_the_command_hands_its_options_over(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[Any] = []
    monkeypatch.setattr("backend.engine.server.run", lambda options: given.append(options) or 0)
    result = CliRunner().invoke(
        command, ["--port", "0", "--pace", "2", "--no-transcription", "--stop-on-eof"]
    )
    assert result.exit_code == 0
    assert (given[0].port, given[0].pace, given[0].transcription, given[0].stop_on_eof) == (
        0,
        2.0,
        False,
        True,
    )
