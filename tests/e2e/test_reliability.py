"""Faults of whole programs: logins that end, processes that are killed, terminals that go away. Each is a row of
docs/reliability.md."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.conftest import SALESMIND, TerminalSession
from tests.e2e.test_console import ENTER, becomes_false, begin_conversation, newest_session

ALL_ROWS = "SALESMIND_RELIABILITY" in os.environ
WITHIN_S = 30.0

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="finds processes in /proc"),
]
OpenTerminal = Callable[..., Any]


def until(ready: Callable[[], Any], within_s: float = WITHIN_S) -> float:
    """Wait for it; ``time.monotonic()`` when it was seen, to 20 ms."""
    deadline = time.monotonic() + within_s
    while not ready():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.02)
    return time.monotonic()


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def gone(pid: int) -> bool:
    """Ended; whoever started it may not have asked for its exit code yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def log_in(terminal: Any) -> None:
    terminal.wait_for("Server is up")
    terminal.press("admin123")
    terminal.wait_for("••••••••")
    terminal.press(ENTER)
    terminal.wait_for("Role-play sessions")


def revoke_tokens(directory: Path) -> None:
    """As an administrator does it: the tokens are deleted."""
    with closing(sqlite3.connect(directory / "salesmind.sqlite3")) as database, database:
        database.execute("DELETE FROM spin_token")


@contextmanager
def serving(directory: Path, port: int = 0) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A `salesmind serve` of the test's own."""
    command = [*SALESMIND, "serve", "--port", str(port), "--data-dir", str(directory),
               "--log", str(directory / "server.log")]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        try:
            yield process, json.loads(process.stdout.readline())["url"]
        finally:
            process.terminate()


def test_a_token_revoked_in_mid_conversation(
    open_terminal: OpenTerminal, server: Any, told_fault: Any
) -> None:
    terminal = open_terminal("--server", server.url, SALESMIND_USERNAME="admin")
    log_in(terminal)
    begin_conversation(terminal)
    began = time.monotonic()
    revoke_tokens(server.directory)
    terminal.wait_for("no longer accepts this login")
    noticed = time.monotonic()
    terminal.press("admin123")
    terminal.wait_for("••••••••")
    typed = time.monotonic()
    terminal.press(ENTER)
    terminal.wait_for(lambda text: "RT true" in text and "no longer accepts" not in text)
    told_fault(
        "Token revoked in the server's database, in mid-conversation",
        seen="the login over the conversation, which goes on after it",
        noticed_s=noticed - began,
        again_s=time.monotonic() - typed,
        lost="nothing",
    )
    assert newest_session(server.url)["realtime_mode"] is True


def test_a_token_revoked_in_the_list(open_terminal: OpenTerminal, server: Any, told_fault: Any) -> None:
    terminal = open_terminal("--server", server.url, SALESMIND_USERNAME="admin")
    log_in(terminal)
    revoke_tokens(server.directory)
    began = time.monotonic()
    terminal.press("r")
    terminal.wait_for("This login is no longer valid")
    noticed = time.monotonic()
    terminal.wait_for("Server is up")
    terminal.press("admin123")
    terminal.wait_for("••••••••")
    typed = time.monotonic()
    terminal.press(ENTER)
    terminal.wait_for("Role-play sessions")
    told_fault(
        "Token revoked or expired while the list of sessions is shown",
        seen="the login, and why, when the list is read the next time",
        noticed_s=noticed - began,
        again_s=time.monotonic() - typed,
        lost="nothing",
    )


def test_an_engine_that_is_killed_is_started_again(server: Any, told_fault: Any) -> None:
    [engine] = children(server.process.pid)
    before = server.log.count("The offline engine ended")
    began = time.monotonic()
    os.kill(engine, signal.SIGKILL)
    noticed = until(lambda: server.log.count("The offline engine ended") > before)
    until(lambda: children(server.process.pid) not in ([], [engine]))
    talked = talk(server.url, 3.0)
    told_fault(
        "`kill -9` of the engine of `salesmind serve`",
        seen="`serve` logs that it has ended and is started again; a conversation reconnects until it is there",
        noticed_s=noticed - began,
        again_s=ready_after(talked) - began,
        lost="what was said between",
    )
    assert talked.returncode == 0, talked.stderr


def talk(url: str, seconds: float) -> subprocess.CompletedProcess[str]:
    """A conversation that waits for its server."""
    command = [*SALESMIND, "talk", "--server", url, "--username", "admin", "--new-session", "--source", "tone",
               "--seconds", str(seconds), "--json"]  # fmt: skip
    environment = {**os.environ, "SALESMIND_PASSWORD": "admin123", "SALESMIND_LANG": "en"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    done.args = time.monotonic()
    return done


def ready_after(done: subprocess.CompletedProcess[str]) -> float:
    """``time.monotonic()`` at which its gate opened last, reckoned from its end."""
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    opened = [line["t"] for line in lines if line["kind"] == "step" and line["step"] == "gate_open"]
    return float(done.args) - float(lines[-1]["t"] - opened[-1])


def test_kill_9_of_serve_takes_its_engine_along(tmp_path: Path, told_fault: Any) -> None:
    with serving(tmp_path) as (process, url):
        until(lambda: "listening on ws" in (tmp_path / "server.log").read_text(encoding="utf-8"))
        [engine] = children(process.pid)
        began = time.monotonic()
        process.kill()
        process.wait(WITHIN_S)
        ended = until(lambda: gone(engine))
        assert ended - began < 2.0
        port = int(url.rpartition(":")[2])
    with serving(tmp_path, port) as (_, again):
        assert again == url
        assert httpx.get(f"{url}/api/health/").status_code == 200
        back = time.monotonic()
    told_fault(
        "`kill -9` of `salesmind serve`, started again by hand",
        seen="its engine ends too; the next one has address and data again",
        noticed_s=ended - began,
        again_s=back - ended,
        lost="nothing that was stored",
    )


def test_ctrl_z_and_fg_in_mid_conversation(open_shell: OpenTerminal, server: Any, told_fault: Any) -> None:
    terminal = open_shell()
    terminal.press(f"SALESMIND_USERNAME=admin {' '.join(SALESMIND)} --server {server.url}\n")
    log_in(terminal)
    begin_conversation(terminal)
    terminal.press("\x1a")
    terminal.wait_for("Stopped")
    time.sleep(1.0)  # stopped for this long, with the conversation's process going on
    assert newest_session(server.url)["realtime_mode"] is True
    began = time.monotonic()
    terminal.press("clear; fg\n")
    terminal.wait_for(lambda text: "RT true" in text and "clear; fg" not in text)
    told_fault(
        "ctrl+z, and `fg` after a second",
        seen="the shell, then the conversation as it is now: its process went on",
        noticed_s=None,
        again_s=time.monotonic() - began,
        lost="nothing",
    )


def test_a_terminal_that_only_ends(environment: dict[str, str], server: Any, told_fault: Any) -> None:
    """No SIGHUP, as under nohup: end of file is all that comes."""
    shell = ["sh", "-c", f"trap '' HUP; exec {' '.join(SALESMIND)} --server {server.url}"]
    terminal = TerminalSession(shell, {**environment, "SALESMIND_USERNAME": "admin"})
    try:
        log_in(terminal)
        begin_conversation(terminal)
        [relay] = children(terminal.pid)
        began = time.monotonic()
        terminal.hang_up()
        terminal.wait_for_exit()
        ended = until(lambda: gone(relay))
        assert becomes_false(server.url)
    finally:
        terminal.close()
    told_fault(
        "Terminal closed without SIGHUP (end of file)",
        seen="the console and the conversation's process are gone, and the server says that it has ended",
        noticed_s=ended - began,
        again_s=None,
        lost="nothing",
    )


@pytest.mark.skipif(not ALL_ROWS, reason="several minutes: make reliability")
def test_kill_9_of_the_server_at_random_moments(tmp_path: Path, told_fault: Any) -> None:
    """Ten times in one conversation, which outlives them all; what the server has stored can be read each time."""
    chance, kills = random.Random(10), 10
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    longest = 0.0
    command = [*SALESMIND, "talk", "--server", f"http://127.0.0.1:{port}", "--username", "admin",
               "--new-session", "--source", "tone", "--seconds", "600", "--json"]  # fmt: skip
    variables = {**os.environ, "SALESMIND_PASSWORD": "admin123", "SALESMIND_LANG": "en"}
    with ExitStack() as stack:
        output = stack.enter_context((tmp_path / "talk.jsonl").open("w"))
        for number in range(kills + 1):
            process, url = stack.enter_context(serving(tmp_path, port))
            up = time.monotonic()
            if number == 0:
                talking = subprocess.Popen(command, env=variables, stdout=output, stderr=subprocess.DEVNULL)
                stack.callback(talking.kill)
            opened_at = until(partial(has_opened, tmp_path, number + 1), 60.0)
            longest = max(longest, opened_at - up if number else 0.0)
            assert newest_session(url)["id"]
            if number < kills:
                time.sleep(chance.uniform(0.0, 2.0))
                process.kill()
                process.wait(WITHIN_S)
        talking.send_signal(signal.SIGINT)
        assert talking.wait(WITHIN_S) == 130
    told_fault(
        f"`kill -9` of the server at {kills} random moments of one conversation",
        seen="each loss, and that it is back; the sessions can be read each time",
        noticed_s=None,
        again_s=longest,
        lost="nothing that was stored",
    )


def has_opened(directory: Path, times: int) -> bool:
    """Whether the conversation's gate has opened so often."""
    text = (directory / "talk.jsonl").read_text(encoding="utf-8")
    return text.count('"step":"gate_open"') >= times
