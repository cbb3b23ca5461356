"""`salesmind load` as a program, against our server and an upstream that counts what reaches it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.backend.spin.running_server import Server
from tests.load.conftest import AnsweringUpstream
from tui.exit_codes import ExitCode

SALESMIND = (
    sys.executable,
    "-m",
    "tui.cli",
    "load",
    "--lang",
    "en",
    "--language",
    "en",
    "--username",
    "admin",
)
TIMEOUT_S = 90


def environment(directory: Path, password: str = "admin123") -> dict[str, str]:
    return {**os.environ, "SALESMIND_PASSWORD": password, "SALESMIND_STATE_DIR": str(directory / "state")}


def load(
    server: str, directory: Path, *arguments: str, password: str = "admin123"
) -> tuple[subprocess.CompletedProcess[str], Any]:
    """A run; its process, and its result if there is one."""
    done = subprocess.run(
        [*SALESMIND, "--server", server, "--out", str(directory / "out"), *arguments],
        env=environment(directory, password), capture_output=True, text=True, timeout=TIMEOUT_S, check=False,
    )  # fmt: skip
    written = directory / "out" / "result.json"
    return done, json.loads(written.read_text()) if written.exists() else None


def test_three_users_speak_and_are_measured(
    server: Server, upstream: AnsweringUpstream, tmp_path: Path
) -> None:
    upstream.chunks = upstream.turns = 0
    done, result = load(server.url, tmp_path, "--users", "3", "--spawn-rate", "10", "--duration", "8s")
    total = result["total"]
    assert total["users"] == 3, done.stdout + done.stderr
    assert total["counts"]["mode_true"] == total["counts"]["mode_false"] == 3
    assert total["errors"] == {}
    # What the upstream's library counted: the last chunk of each user may have been on its way at the end.
    sent = total["spreads"]["lateness"]["n"]
    assert sent - 6 <= upstream.chunks <= sent + 3
    assert upstream.chunks >= 3 * 8 * 48_000 / 8192 * 0.4
    assert total["counts"]["transcripts"] == upstream.turns >= 3
    answer = total["spreads"]["answer"]
    # The upstream waits for three quiet chunks; words end within the one before.
    assert answer["p50"] >= 300
    assert result["ending"] == "duration"
    assert done.returncode == (ExitCode.OK if result["valid"] else ExitCode.CHECK_FAILED)
    assert total["cores"] > 0
    assert total["memory_mib"] > 10
    page = (tmp_path / "out" / "report.html").read_text()
    assert "End of speech to first audio" in page
    assert "admin123" not in page + done.stdout + done.stderr + json.dumps(result)
    assert "admin123" not in (tmp_path / "out" / "load.log").read_text()


def test_a_passed_limit_ends_the_run_and_fails_it(server: Server, tmp_path: Path) -> None:
    done, result = load(
        server.url, tmp_path, "--users", "1", "--duration", "60s", "--profile", "silent",
        "--stop-when", "lateness_largest>0",
    )  # fmt: skip
    assert done.returncode == ExitCode.CHECK_FAILED
    assert result["ending"] == "limit"
    assert result["passed"][0]["limit"]["name"] == "lateness_largest"


@pytest.mark.slow
def test_the_limit_is_found_in_steps(server: Server, tmp_path: Path) -> None:
    done, result = load(
        server.url, tmp_path, "--users", "1", "--spawn-rate", "10", "--duration", "1s", "--profile", "console",
        "--find-limit", "--most-users", "2", "--stop-when", "lateness_largest>10000",
    )  # fmt: skip
    assert [step["users"] for step in result["steps"]] == [1, 2] or not result["valid"], done.stdout
    assert "at least" in done.stdout or not result["valid"]


def test_a_wrong_password_is_said_and_nothing_is_loaded(server: Server, tmp_path: Path) -> None:
    done, result = load(server.url, tmp_path, "--users", "1", "--duration", "5s", password="wrong")
    assert done.returncode == ExitCode.CONNECTION
    assert "User name or password is wrong." in done.stderr
    assert result is None


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--server", "https://example.com"), "--i-may-load-this-server example.com"),
        (("--server", "https://example.com", "--i-may-load-this-server", "example.org"), "not this machine"),
        (("--server", "http://127.0.0.1:1", "--stop-when", "answer_p96>1"), "answer_p95"),
        (("--server", "http://127.0.0.1:1", "--duration", "soon"), "90s, 5m or 1h"),
        (("--server", "http://127.0.0.1:1", "--master", "--worker", "x"), "not both"),
        (("--server", "http://127.0.0.1:1", "--worker", "x:y"), "HOST:PORT"),
    ],
)
def test_what_cannot_be_run_is_said_before_anything_starts(
    arguments: tuple[str, ...], words: str, tmp_path: Path
) -> None:
    done = subprocess.run(
        [*SALESMIND, *arguments], env=environment(tmp_path), capture_output=True, text=True, timeout=TIMEOUT_S,
        check=False,
    )  # fmt: skip
    assert done.returncode == ExitCode.USAGE
    assert words in done.stderr


@pytest.mark.slow
def test_an_interrupted_run_reports_what_it_has(server: Server, tmp_path: Path) -> None:
    command = [*SALESMIND, "--server", server.url, "--out", str(tmp_path), "--users", "1", "--duration", "1h"]
    with subprocess.Popen(
        command, env=environment(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        while "1 of 1 users" not in process.stderr.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        printed, _ = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == ExitCode.INTERRUPTED
    assert "interrupted" in printed
    assert json.loads((tmp_path / "result.json").read_text())["total"]["counts"]["mode_false"] == 1


@pytest.mark.slow
def test_a_master_and_its_worker_share_the_work(server: Server, tmp_path: Path, free_port: int) -> None:
    place = f"127.0.0.1:{free_port}"
    worker = subprocess.Popen(
        [*SALESMIND, "--server", server.url, "--worker", place, "--out", str(tmp_path / "worker")],
        env=environment(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    with worker:
        done, result = load(
            server.url, tmp_path, "--users", "2", "--spawn-rate", "10", "--duration", "6s",
            "--master", "--bind", place,
        )  # fmt: skip
        said = worker.communicate(timeout=TIMEOUT_S)
    assert result["total"]["users"] == 2, done.stdout + done.stderr
    assert result["total"]["counts"]["mode_true"] == result["total"]["counts"]["mode_false"] == 2
    assert worker.returncode == ExitCode.OK, said
