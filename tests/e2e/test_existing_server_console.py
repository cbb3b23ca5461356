"""The console against an existing server, which never closes, and whose upstream fails: what the screen says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TypeAlias, get_args

import pytest

from tests.e2e.conftest import SALESMIND, TerminalSession
from tests.e2e.test_console import ENTER, F2, F3
from tests.relay.existing_server import ExistingServer, Upstream, serve_in_thread

pytestmark = pytest.mark.slow

F7 = "\x1b[18~"
ANSWER = "はい、承知しました。"
Consoles: TypeAlias = dict[Upstream, TerminalSession]


@pytest.fixture(scope="module")
def consoles(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Consoles]:
    """One against each kind of server, in a conversation: all at a time, since they mostly wait."""
    with ExitStack() as stack:
        opened: Consoles = {}
        for upstream in get_args(Upstream):
            server = stack.enter_context(serve_in_thread(ExistingServer(upstream)))
            opened[upstream] = console(server.url, tmp_path_factory.mktemp(upstream))
            stack.callback(opened[upstream].close)
        for terminal in opened.values():
            start_a_conversation(terminal)
        yield opened


def console(url: str, home: Path) -> TerminalSession:
    variables = {
        "SALESMIND_STATE_DIR": str(home), "XDG_CONFIG_HOME": str(home), "HOME": str(home),
        "SALESMIND_USERNAME": "admin", "SALESMIND_LANG": "en",
    }  # fmt: skip
    return TerminalSession([*SALESMIND, "--server", url], variables)


def start_a_conversation(terminal: TerminalSession) -> None:
    terminal.wait_for("Server is up")
    terminal.press("admin123")
    terminal.wait_for("••••••••")
    terminal.press(ENTER)
    terminal.wait_for("Role-play sessions")
    terminal.press("n")
    terminal.wait_for("New role-play session")
    terminal.press(F2)
    terminal.wait_for("Manufacturing")
    terminal.press(F3)


def type_a_turn(terminal: TerminalSession) -> None:
    terminal.wait_for("RT true")
    terminal.press("t")
    terminal.wait_for("what you say")
    terminal.press("hello" + ENTER)


def says(*words: str) -> Callable[[str], bool]:
    """Whether all of them are on the screen, however its lines are broken."""
    return lambda text: all(word in " ".join(text.split()) for word in words)


@pytest.mark.parametrize(
    ("upstream", "explained", "said"),
    [
        ("beta_refused", "OpenAI's beta Realtime API", "no longer supported"),
        ("key_missing", "no OpenAI API key", "OPENAI_API_KEY not configured"),
        ("quota", "used up its quota", "exceeded your current quota"),
    ],
)
def test_what_no_attempt_can_mend_is_explained_and_may_be_tried_again(
    consoles: Consoles, upstream: Upstream, explained: str, said: str
) -> None:
    terminal = consoles[upstream]
    key, pressed = "r", "r"
    if upstream == "quota":
        type_a_turn(terminal)
        key, pressed = "F7", F7  # a letter would be written
    screen = terminal.wait_for(says("WS given up", explained, said, f"{key}: try again."))
    assert "Press n" not in screen
    terminal.press(pressed)
    terminal.wait_for(lambda text: "#2" in text)


@pytest.mark.parametrize("upstream", ["well", "expired", "busy"])
def test_what_recovers_answers_the_turn(consoles: Consoles, upstream: Upstream) -> None:
    terminal = consoles[upstream]
    type_a_turn(terminal)
    terminal.wait_for(says("hello", ANSWER))


def test_a_server_that_says_nothing_is_said_to_say_nothing(consoles: Consoles) -> None:
    consoles["mute"].wait_for(says("sent no session.created within 15 s"), timeout_s=60)
