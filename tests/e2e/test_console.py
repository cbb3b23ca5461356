"""The console in a real terminal, from the login screen to the transcript and out again."""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

F1, F2, F3 = "\x1bOP", "\x1bOQ", "\x1bOR"
ENTER, ESCAPE, TAB, CTRL_Q, CTRL_Z = "\r", "\x1b", "\t", "\x11", "\x1a"

SALESMIND = (sys.executable, "-m", "tui.cli")
OpenTerminal = Callable[..., Any]


def log_in(terminal: Any) -> None:
    terminal.wait_for("admin123")
    terminal.press(F2)
    terminal.wait_for("•••")
    terminal.press(F3)
    terminal.wait_for("Role-play sessions")


def begin_conversation(terminal: Any) -> None:
    terminal.press("n")
    terminal.wait_for("New role-play session")
    terminal.press(F2)
    terminal.wait_for("Manufacturing")
    terminal.press(F3)
    terminal.wait_for(lambda text: "RT true" in text)


@pytest.mark.skipif(
    importlib.util.find_spec("ctranslate2") is None, reason="transcripts need the [offline] extra"
)
@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
def test_the_demo_from_login_to_transcript(open_terminal: OpenTerminal, size: tuple[int, int]) -> None:
    terminal = open_terminal("demo", columns=size[0], rows=size[1])
    log_in(terminal)
    begin_conversation(terminal)

    terminal.press("n")
    terminal.wait_for(lambda text: re.search(r"You\b.*Hello, this is Emily", text, re.DOTALL) is not None)
    terminal.wait_for(lambda text: re.search(r"Customer\b.*Daniel Carter", text, re.DOTALL) is not None)

    terminal.press(ESCAPE)
    terminal.wait_for("End the conversation?")
    terminal.press(TAB + ENTER)
    terminal.wait_for(lambda text: "RT false at the end" in text)
    terminal.press(ESCAPE)
    terminal.wait_for("Role-play sessions")
    terminal.press(CTRL_Q)
    assert terminal.wait_for_exit() == 0


def test_realtime_mode_while_connected_and_after(
    open_terminal: OpenTerminal, server: Any, tmp_path: Path
) -> None:
    terminal = open_terminal("--server", server.url)
    terminal.wait_for("Server is up")
    terminal.press("admin" + TAB)
    terminal.wait_for("admin")
    terminal.press("admin123")
    terminal.wait_for("••••••••")
    terminal.press(ENTER)
    terminal.wait_for("Role-play sessions")
    begin_conversation(terminal)
    assert newest_session(server.url)["realtime_mode"] is True

    terminal.press(CTRL_Q)
    terminal.wait_for("quit")
    terminal.press(CTRL_Q)
    assert terminal.wait_for_exit() == 0
    assert newest_session(server.url)["realtime_mode"] is False
    left = [path.read_bytes() for path in (tmp_path / "state").rglob("*") if path.is_file()]
    assert not any(b"admin123" in data or token(server.url).encode() in data for data in left)


@pytest.mark.parametrize("how", ["hang up", "kill"])
def test_a_lost_terminal_ends_the_conversation(
    open_terminal: OpenTerminal, server: Any, how: str, told_fault: Any
) -> None:
    terminal = open_terminal("--server", server.url, SALESMIND_USERNAME="admin")
    terminal.wait_for("Server is up")
    terminal.press("admin123")
    terminal.wait_for("••••••••")
    terminal.press(ENTER)
    terminal.wait_for("Role-play sessions")
    begin_conversation(terminal)

    began = time.monotonic()
    if how == "hang up":
        terminal.hang_up()
    else:
        os.kill(terminal.pid, signal.SIGKILL)
    terminal.wait_for_exit()
    gone = time.monotonic()
    assert gone - began < 8, "nothing may wait for the last resort"
    assert becomes_false(server.url)
    told_fault(
        {"hang up": "Terminal closed (SIGHUP)", "kill": "`kill -9` of the console"}[how],
        seen=f"the console is gone, and {time.monotonic() - began:.1f} s after the fault the server "
        "says that the conversation has ended",
        noticed_s=gone - began,
        again_s=None,
        lost="nothing",
    )


def test_in_japanese(open_terminal: OpenTerminal, server: Any) -> None:
    terminal = open_terminal("--server", server.url, "--lang", "ja")
    terminal.wait_for("サーバーは正常です")
    terminal.press(CTRL_Q)
    assert terminal.wait_for_exit() == 0


def test_ctrl_z_goes_back_to_the_shell_and_fg_returns(open_shell: OpenTerminal, server: Any) -> None:
    terminal = open_shell()
    terminal.press(f"{shlex.join(SALESMIND)} --server {server.url}\n")
    terminal.wait_for("Server is up")
    terminal.press(CTRL_Z)
    terminal.wait_for(lambda text: "Stopped" in text)
    terminal.press("echo back-in-$((1+1))-shells\n")
    terminal.wait_for("back-in-2-shells")
    terminal.press("clear; fg; echo ended-$((40+2))\n")
    terminal.wait_for(lambda text: "back-in" not in text and "Server is up" in text)
    terminal.press(CTRL_Q)
    terminal.wait_for("ended-42")


def test_ctrl_z_without_a_shell_stops_nothing(open_terminal: OpenTerminal, server: Any) -> None:
    terminal = open_terminal("--server", server.url)
    terminal.wait_for("Server is up")
    terminal.press(CTRL_Z)
    terminal.wait_for("There is no shell to go back to.")
    terminal.press(CTRL_Q)
    assert terminal.wait_for_exit() == 0


def test_a_server_that_is_not_there_is_said_before_a_password_is_typed(open_terminal: OpenTerminal) -> None:
    terminal = open_terminal("--server", "http://127.0.0.1:9")
    terminal.wait_for("No server answers")


def test_a_broken_configuration_names_its_line(open_terminal: OpenTerminal, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('language = "ja"\ncolour = "red"\n')
    terminal = open_terminal(SALESMIND_CONFIG=str(config))
    assert terminal.wait_for_exit() == 2
    assert "line 2" in terminal.text
    assert "colour" in terminal.text


def test_a_demo_whose_port_is_taken_says_so_and_names_no_empty_log(
    open_terminal: OpenTerminal, server: Any, tmp_path: Path
) -> None:
    terminal = open_terminal("demo", "--port", str(urlsplit(server.url).port))
    assert terminal.wait_for_exit() == 3
    assert "cannot be used" in terminal.text
    assert "The server did not start." in terminal.text
    assert "Its log says why" not in terminal.text


def test_a_demo_without_a_place_for_its_data_says_so(open_terminal: OpenTerminal, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    terminal = open_terminal("demo", SALESMIND_STATE_DIR=str(tmp_path / "file" / "state"))
    assert terminal.wait_for_exit() == 2
    assert "cannot be created" in terminal.text
    assert "Traceback" not in terminal.text


def token(url: str) -> str:
    answer = httpx.post(f"{url}/api/auth/login/", json={"username": "admin", "password": "admin123"})
    return str(answer.json()["token"])


def newest_session(url: str) -> dict[str, Any]:
    headers = {"Authorization": f"Token {token(url)}"}
    return dict(httpx.get(f"{url}/api/session/list/", headers=headers).json()["results"][0])


def becomes_false(url: str, timeout_s: float = 15.0) -> bool:
    """Whether the server's ``realtime_mode`` is false again within ``timeout_s``."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if newest_session(url)["realtime_mode"] is False:
            return True
    return False
