"""`salesmind talk` against an existing server, which never closes, and whose upstream fails: what a person reads."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.relay.existing_server import ExistingServer, Upstream, serve_in_thread

pytestmark = pytest.mark.slow


def talk_command(server: ExistingServer, *options: str) -> list[str]:
    command = [sys.executable, "-m", "tui.cli", "--lang", "en", "talk", "--server", server.url]
    return [*command, "--username", "admin", "--new-session", "--say", "hello", "--json", *options]


def variables(home: Path) -> dict[str, str]:
    own = {"SALESMIND_PASSWORD": "admin123", "SALESMIND_STATE_DIR": str(home), "HOME": str(home)}
    return {**os.environ, **own}


class Talk:
    """A finished `salesmind talk --say ... --json`."""

    def __init__(self, server: ExistingServer, home: Path, *options: str) -> None:
        began = time.monotonic()
        done = subprocess.run(
            talk_command(server, *options), env=variables(home), capture_output=True, text=True, timeout=80,
            check=False,
        )  # fmt: skip
        self.seconds = time.monotonic() - began
        self.exit_code = done.returncode
        self.words = done.stderr
        self.lines: list[dict[str, Any]] = [json.loads(line) for line in done.stdout.splitlines()]
        assert self.lines, done.stderr
        self.summary = self.lines[-1]
        assert self.summary["exit_code"] == self.exit_code, done.stderr


@pytest.mark.parametrize(
    ("upstream", "code", "said"),
    [
        ("beta_refused", "beta_api_shape_disabled", "no longer supported"),
        ("quota", "insufficient_quota", "exceeded your current quota"),
        ("key_missing", "api_key_missing", "OPENAI_API_KEY not configured"),
    ],
)
def test_what_no_attempt_can_mend_ends_at_once_with_the_servers_words(
    tmp_path: Path, upstream: Upstream, code: str, said: str
) -> None:
    with serve_in_thread(ExistingServer(upstream)) as server:
        talk = Talk(server, tmp_path)
    assert talk.exit_code == 3
    assert [problem["code"] for problem in talk.summary["errors"]] == [code]
    assert said in talk.words
    assert talk.summary["connections"] == 1
    assert len(server.sockets) == 1


def test_an_expired_session_is_made_anew_and_the_turn_is_answered(tmp_path: Path) -> None:
    with serve_in_thread(ExistingServer("expired")) as server:
        talk = Talk(server, tmp_path)
    assert talk.exit_code == 0
    assert talk.summary["assistant_transcripts"] == ["はい、承知しました。"]
    assert talk.summary["reconnects"] == 1
    assert [problem["code"] for problem in talk.summary["errors"]] == ["session_expired"]


def test_a_busy_server_is_waited_for(tmp_path: Path) -> None:
    with serve_in_thread(ExistingServer("busy")) as server:
        talk = Talk(server, tmp_path)
    assert talk.exit_code == 0
    assert talk.summary["assistant_transcripts"] == ["はい、承知しました。"]
    assert (talk.summary["reconnects"], talk.summary["errors"]) == (0, [])


def test_a_server_that_says_nothing_is_said_to_say_nothing(tmp_path: Path) -> None:
    """It would be tried for a minute; whoever has read why may end it."""
    with serve_in_thread(ExistingServer("mute")) as server:
        talk = subprocess.Popen(
            talk_command(server),
            env=variables(tmp_path),
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert talk.stdout is not None
        problem = next(event for line in talk.stdout if (event := json.loads(line))["kind"] == "error")
        talk.send_signal(signal.SIGINT)
        rest, words = talk.communicate(timeout=20)
    summary = json.loads(rest.splitlines()[-1])
    assert (problem["code"], summary["exit_code"], talk.returncode) == ("session_created_timeout", 130, 130)
    assert "session.created" in words
