"""The kiosk in a real terminal: a visit, every way of ending one, and many ways of climbing its walls."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.slow

SALESMIND = (sys.executable, "-m", "tui.cli")
F1, F2, F3, F8, F9, F18 = "\x1bOP", "\x1bOQ", "\x1bOR", "\x1b[19~", "\x1b[20~", "\x1b[32~"
ENTER, ESCAPE, TAB = "\r", "\x1b", "\t"
CTRL_C, CTRL_D, CTRL_G, CTRL_P, CTRL_Q, CTRL_Z, CTRL_BACKSLASH = "\x03\x04\x07\x10\x11\x1a\x1c"
HUGE = "\x1b[200~" + "wav:/etc/passwd ; sh ! \x1a\x1c\x03" * 8_000 + "\x1b[201~"
# Hardly any letters: they are keys of the screens.
ANYWHERE = {
    "suspend": CTRL_Z,
    "quit signal": CTRL_BACKSLASH,
    "interrupt": CTRL_C * 3,
    "end of file": CTRL_D,
    "screenshot": CTRL_G,
    "a shell, as in vi and less": "!:!|",
    "function keys": "".join(f"\x1b[{n}~" for n in (25, 26, 28, 29, 31, 33, 34)),
    "another program's mouse": "\x1b[<0;10;10M\x1b[<0;10;10m",
    "a window title": "\x1b]0;1\x07\x1b]2;1\x1b\\",
    "the clipboard": "\x1b]52;;?\x07",
    "a device report": "\x1b[c\x1b[6n\x1b[5n",
    "alternate screens": "\x1b[?1049l\x1b[?25h\x1bc",
    "bytes that are no text": "\x00\x80\x9b31m",
    "a huge paste": HUGE,
}
COMMANDS = {
    "screenshot": "Save a screenshot",
    "suspend": "Program: Suspend",
    "settings": "Settings: Show",
    "devices": "Devices: Try",
    "acceptance": "Acceptance: Open",
    "recordings": "Recordings: Open",
    "playback": "Playback: Choose",
    "quit": "Program: Quit",
}
"""What somebody who knows the console looks for in the palette, and what it is called there."""


class Box:
    """A demo box's server, and its operator's view."""

    def __init__(self, directory: Path, *arguments: str) -> None:
        self.directory = directory
        self.secret_file = directory / "box.secret"
        self._process = subprocess.Popen(
            [*SALESMIND, "serve", "--port", "0", "--data-dir", str(directory), "--box-secret-file",
             str(self.secret_file), "--log", str(directory / "server.log"), *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        assert self._process.stdout is not None
        self.url = str(json.loads(self._process.stdout.readline())["url"])
        self._http = httpx.Client(base_url=self.url, trust_env=False)

    def visitors(self) -> list[dict[str, Any]]:
        """Who is there."""
        secret = self.secret_file.read_text().strip()
        answer = self._http.get("/api/box/visitors/", headers={"Authorization": f"Box {secret}"})
        return list(answer.json()["visitors"])

    def wait_until(self, holds: Callable[[list[dict[str, Any]]], object], seconds: float = 15.0) -> None:
        """Return once ``holds`` of the visitors."""
        deadline = time.monotonic() + seconds
        while not holds(visitors := self.visitors()):
            assert time.monotonic() < deadline, visitors
            time.sleep(0.1)

    def stop(self) -> None:
        """End it."""
        self._http.close()
        self._process.terminate()
        assert self._process.wait(20) == 0
        assert self._process.stdout is not None
        self._process.stdout.close()


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    box = Box(tmp_path_factory.mktemp("box"), "--visitors", "2")
    yield box
    box.stop()


@pytest.fixture
def open_kiosk(open_terminal: Any, box: Box) -> Iterator[Callable[..., Any]]:
    """Start a kiosk of the box; it is empty again afterwards."""

    def open_it(*arguments: str, **more: Any) -> Any:
        command = ("kiosk", "--server", box.url, "--box-secret-file", str(box.secret_file), *arguments)
        return open_terminal(*command, **more)

    yield open_it


@pytest.fixture(autouse=True)
def empty_again(box: Box) -> Iterator[None]:
    yield
    box.wait_until(lambda visitors: not visitors)


def begin(terminal: Any) -> None:
    terminal.wait_for("Hold a sales conversation")
    terminal.press(ENTER)
    terminal.wait_for(lambda text: "Manufacturing" in text and "End visit" in text)


def talk(terminal: Any) -> None:
    begin(terminal)
    terminal.press(ENTER)
    terminal.wait_for("RT true")


def process_state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def descendants(pid: int) -> list[str]:
    """The command lines of all processes below ``pid``."""
    lines = subprocess.run(
        ["ps", "-eo", "pid=,ppid=,args="], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    rows = [line.split(None, 2) for line in lines]
    found, family = [], {str(pid)}
    for own, parent, arguments in rows:
        if parent in family:
            family.add(own)
            found.append(arguments)
    return found


def test_a_visit_and_its_farewell(open_kiosk: Any, box: Box, tmp_path: Path) -> None:
    terminal = open_kiosk("--once", "--stay-minutes", "20")
    talk(terminal)
    assert "20 min left" in terminal.text
    assert "127.0.0.1" not in terminal.text
    [visitor] = box.visitors()
    assert (visitor["talking"], visitor["language"]) == (True, "en")
    terminal.press(CTRL_Q)
    terminal.wait_for("End your visit?")
    terminal.press(CTRL_Q)
    assert terminal.wait_for_exit() == 0
    assert "Thank you for your visit." in terminal.text
    assert box.visitors() == []
    assert {path.name for path in (tmp_path / "state").rglob("*")} <= {"relay.log", "console.log"}


@pytest.mark.parametrize(
    "number, leaves",
    [(signal.SIGINT, 129), (signal.SIGQUIT, 129), (signal.SIGHUP, 129), (signal.SIGKILL, -9)],
)
def test_every_signal_ends_the_visit(open_kiosk: Any, box: Box, number: int, leaves: int) -> None:
    terminal = open_kiosk()
    begin(terminal)
    os.kill(terminal.pid, number)
    assert terminal.wait_for_exit() == leaves
    box.wait_until(lambda visitors: not visitors)
    assert "Traceback" not in terminal.text


def test_a_lost_connection_ends_the_conversation(open_kiosk: Any, box: Box) -> None:
    terminal = open_kiosk()
    talk(terminal)
    begun = time.monotonic()
    terminal.hang_up()
    box.wait_until(lambda visitors: not visitors)
    print(f"gone after {time.monotonic() - begun:.1f} s")


def test_those_over_the_limit_wait_in_their_own_language(open_kiosk: Any, box: Box) -> None:
    first, second = open_kiosk(), open_kiosk(columns=80, rows=24)
    begin(first)
    begin(second)
    third = open_kiosk("--language", "ja", columns=80, rows=24)
    third.wait_for("AI のお客様")
    third.press(ENTER)
    third.wait_for(lambda text: "順番は1番目です" in "".join(text.split()))
    first.press(CTRL_Q)
    first.wait_for("End your visit?")
    first.press(CTRL_Q)
    third.wait_for("ロールプレイセッション")
    for terminal in (second, third):
        os.kill(terminal.pid, signal.SIGTERM)


def test_nobody_there_is_seen_to(open_kiosk: Any) -> None:
    terminal = open_kiosk("--idle-minutes", "0.1", "--once")
    begin(terminal)
    terminal.wait_for("Are you still there?")
    terminal.wait_for(lambda text: re.search(r"ends in [12] s", text))
    assert terminal.wait_for_exit() == 0
    assert "because nobody was there" in terminal.text


HOSTILE_LOCALES = [
    {"LANG": "\x1b[2J\x1b]0;owned\x07ja_JP.UTF-8"},
    {"LC_ALL": "../../../../etc/passwd"},
    {"LANG": "en_US.UTF-8; sh", "LC_MESSAGES": "%s%s%n"},
    {"LANG": "x" * 100_000},
    {"LANG": "ja_JP.eucJP", "LC_ALL": "ja_JP.SJIS"},
    {"USER": "\x1b]52;c;b3duZWQ=\x07", "LOGNAME": "$(sh)", "HOME": "/nowhere"},
    {"TERM": "linux"},
]


@pytest.mark.parametrize("variables", HOSTILE_LOCALES, ids=lambda one: "-".join(one))
def test_a_hostile_locale_or_name_is_harmless(open_kiosk: Any, variables: dict[str, str]) -> None:
    terminal = open_kiosk(**{"SALESMIND_LANG": "", "LANG": "C.UTF-8", **variables})
    terminal.wait_for(lambda text: "Hold a sales conversation" in text or "AI のお客様" in text)
    assert "owned" not in terminal.text
    os.kill(terminal.pid, signal.SIGTERM)
    assert terminal.wait_for_exit() == 129
    assert "Warning" not in terminal.text


class Climber:
    """Tries one thing after another at a kiosk, and looks whether anything has changed."""

    def __init__(self, terminal: Any, state_directory: Path) -> None:
        self._terminal = terminal
        self._state = state_directory
        self.attempts = 0

    def attempt(self, name: str, keys: str) -> None:
        """Press ``keys``, and check the walls."""
        self.attempts += 1
        self._terminal.press(keys)
        self._terminal.settle()
        self.check(name)

    def check(self, name: str) -> None:
        """The program runs, has started nothing but its relay, written nothing, and shows nothing of the machine."""
        assert self._terminal.exit_status is None, name
        assert process_state(self._terminal.pid) != "T", name
        started = [one for one in descendants(self._terminal.pid) if "-m relay" not in one]
        assert started == [], name
        written = {path.name for path in self._state.rglob("*")} - {"relay.log", "console.log"}
        assert written == set(), name
        for secret in ("root:", "/bin/", str(self._state), "Traceback"):
            assert secret not in self._terminal.text, (name, secret)


def test_attempts_on_the_walls_change_nothing(open_kiosk: Any, box: Box, tmp_path: Path) -> None:
    terminal = open_kiosk()
    climber = Climber(terminal, tmp_path / "state")
    terminal.wait_for("Hold a sales conversation")
    for name in ("suspend", "interrupt", "screenshot", "quit signal", "end of file"):
        climber.attempt(f"welcome: {name}", ANYWHERE[name])
    climber.attempt("welcome: end", CTRL_Q)
    begin(terminal)
    for name, keys in ANYWHERE.items():
        climber.attempt(f"sessions: {name}", keys)
    for name, keys in {
        "acceptance": "a" + F8,
        "recordings": "v" + F9,
        "delete": F18,
    }.items():
        climber.attempt(f"sessions: {name}", keys)
    while "End your visit?" not in terminal.text:  # first it closes what the keys above have opened
        climber.attempt("sessions: log out", ESCAPE)
    terminal.press("n")
    terminal.wait_for(lambda text: "End your visit?" not in text)
    for command, title in COMMANDS.items():
        terminal.press(CTRL_P)
        terminal.wait_for("Search commands")
        climber.attempt(f"palette: {command}", command)
        assert title not in terminal.wait_for("No matches found")
        terminal.press(ESCAPE)
        terminal.wait_for(lambda text: "No matches found" not in text)
    terminal.wait_for("Role-play sessions")

    terminal.press("n")
    terminal.wait_for("New role-play session")
    for name in ("a huge paste", "a shell, as in vi and less", "suspend"):
        climber.attempt(f"form: {name}", ANYWHERE[name])
    climber.attempt("form: back", ESCAPE)
    terminal.wait_for("Role-play sessions")

    terminal.press(ENTER)
    terminal.wait_for("RT true")
    for name in ("suspend", "interrupt", "screenshot", "quit signal", "a huge paste"):
        climber.attempt(f"live: {name}", ANYWHERE[name])
    climber.attempt("live: stop and delete a recording", "\x18")
    terminal.press("d")
    terminal.wait_for("How do you want to speak?")
    climber.attempt("picker: a path", F2 + "wav:/etc/passwd" + ENTER)
    terminal.wait_for(lambda text: "How do you want to speak?" not in text)
    terminal.press("t")
    for turn in ("wav:/etc/passwd", "!sh", "\x1b[200~\x1b]0;owned\x07\x1b[201~", "`id`; $(id)"):
        climber.attempt(f"turn: {turn!r}", turn + ENTER)
    climber.attempt("turn: closed", ESCAPE)
    terminal.press("e")
    terminal.wait_for(lambda text: "Back" in text)
    climber.attempt("inspector", "/etc/passwd" + ENTER)
    assert climber.attempts > 40

    assert [visitor["talking"] for visitor in box.visitors()] == [True]
    terminal.press(CTRL_Q)
    terminal.wait_for("End your visit?")
    terminal.press(CTRL_Q)
    terminal.wait_for("Thank you for your visit.")


def test_the_shell_cannot_stop_a_kiosk(open_kiosk: Any) -> None:
    terminal = open_kiosk()
    begin(terminal)
    os.kill(terminal.pid, signal.SIGTSTP)
    terminal.press(F1)
    terminal.wait_for("Everywhere")
    assert process_state(terminal.pid) != "T"


@pytest.mark.parametrize(
    "text, words",
    [(None, "cannot be read"), ("", "does not hold"), ("wrong" * 9, "does not accept the secret")],
)
def test_a_bad_secret_is_told_in_one_sentence(
    open_terminal: Any, box: Box, tmp_path: Path, text: str | None, words: str
) -> None:
    path = tmp_path / "secret"
    if text is not None:
        path.write_text(text)
    terminal = open_terminal("kiosk", "--server", box.url, "--box-secret-file", str(path))
    if text:
        terminal.wait_for("Hold a sales conversation")
        terminal.press(ENTER)
    terminal.wait_for(lambda shown: words in " ".join(shown.split()))
    assert "Traceback" not in terminal.text
