"""The engine as a process: its first line, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from backend.engine.faults import Fault
from backend.engine.options import EngineOptions
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
            yield process, json.loads(process.stdout.readline())["url"] + "?model=gpt-realtime"
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


def test_no_client_forges_a_line_of_the_log() -> None:
    forged = "2026-01-01 00:00:00,000 INFO backend.engine.server: forged"
    with engine("--verbose") as (process, url):
        with connect(f"{url}%0A{forged.replace(' ', '%20')}") as socket:
            socket.recv(timeout=TIMEOUT_S)
            socket.send(
                json.dumps({"type": "session.update", "session": {"type": "realtime", f"\n{forged}": 1}})
            )
            socket.recv(timeout=TIMEOUT_S)
            socket.send(json.dumps({"type": f"\r\n{forged}"}))
            socket.recv(timeout=TIMEOUT_S)
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=TIMEOUT_S)
    assert "forged" in err
    assert not [line for line in err.splitlines() if line.startswith("2026-01-01")]


def test_a_process_can_misbehave_on_request(tmp_path: Path) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text('[[faults]]\nkind = "refuse"\nstatus = 429\nconnections = [1]\n', encoding="utf-8")
    with engine("--faults", str(plan), "--fault", "close:close_code=1013,connections=2") as (_, url):
        with pytest.raises(InvalidStatus) as refused:
            connect(url)
        assert refused.value.response.status_code == 429
        with connect(url) as socket, pytest.raises(ConnectionClosed) as closed:
            while True:
                socket.recv(timeout=TIMEOUT_S)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1013


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--fault", "explode"), "there is no fault 'explode'"),
        (("--persona", "nobody"), "there is no such persona; there are "),
        (("--personas", "."), "there is no persona (*.toml) in ."),
        (("--whisper", "."), "there is no vocabulary.txt"),
        (("--token-file", "nowhere"), "No such file"),
        (("--tls-cert", "nowhere"), "--tls-cert and --tls-key go together"),
        (("--tls-cert", "nowhere", "--tls-key", "nowhere"), "No such file"),
    ],
)
def test_a_bad_option_is_said_in_words(tmp_path: Path, arguments: tuple[str, ...], says: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "backend.engine", "--port", "0", *arguments],
        capture_output=True, text=True, timeout=TIMEOUT_S, check=False, cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stdout == ""
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_the_command_hands_its_options_over(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given: list[Any] = []

    def run(options: EngineOptions) -> int:
        given.append(options)
        return 0

    monkeypatch.setattr("backend.engine.server.run", run)
    token = tmp_path / "token"
    token.write_text("sk-1", encoding="utf-8")
    arguments = ["--port", "0", "--pace", "2", "--no-transcription", "--stop-on-eof", "--max-age", "60"]
    arguments += ["--token-file", str(token), "--fault", "abort", "--control", "--persona", "p", "--lenient"]
    arguments += ["--allow-origin", "https://a.example", "--allow-origin", "https://b.example"]
    arguments += ["--tls-cert", str(token), "--tls-key", str(token)]
    result = CliRunner().invoke(command, arguments)
    assert result.exit_code == 0
    assert given == [
        EngineOptions(
            port=0, pace=2.0, transcription=False, stop_on_eof=True, max_age_s=60.0,
            token="sk-1", faults=(Fault("abort"),), control=True, persona="p", lenient=True,
            origins=("https://a.example", "https://b.example"), tls_certificate=token, tls_key=token,
        )
    ]  # fmt: skip


def test_the_command_names_a_bad_plan_with_its_line(tmp_path: Path) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text("[[faults]]\nkind = 'explode'\n", encoding="utf-8")
    result = CliRunner().invoke(command, ["--faults", str(plan)])
    assert result.exit_code == 2
    assert "plan.toml, line 2: there is no fault 'explode'" in result.output
