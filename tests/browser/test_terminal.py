"""A program in a pseudo-terminal."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from browser import terminal
from browser.terminal import GRACE_S, MOST_UNREAD_INPUT_BYTES, Terminal

STUBBORN = """
import signal, sys, time
for name in (signal.SIGHUP, signal.SIGTERM):
    signal.signal(name, signal.SIG_IGN)
print("ready", flush=True)
while True:
    time.sleep(60)
"""


@pytest.fixture
async def opened() -> AsyncIterator[list[Terminal]]:
    """Terminals that are closed after the test."""
    terminals: list[Terminal] = []
    yield terminals
    for one in terminals:
        await one.hang_up()


def start(opened: list[Terminal], *command: str, columns: int = 100, rows: int = 30) -> Terminal:
    opened.append(Terminal(command, os.environ, columns, rows))
    return opened[-1]


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def read_until(one: Terminal, wanted: bytes) -> bytes:
    seen = b""
    while wanted not in seen:
        piece = await one.read()
        assert piece, seen
        seen += piece
    return seen


async def test_it_is_a_terminal_with_a_size(opened: list[Terminal]) -> None:
    one = start(opened, "sh", "-c", "tty; stty size; read line; stty size; echo got $line")
    assert b"30 100" in await read_until(one, b"30 100")
    one.resize(132, 43)
    one.write("こんにちは\n".encode())
    seen = await read_until(one, b"got ")
    assert b"43 132" in seen
    while await one.read():
        pass


@pytest.mark.parametrize(("asked", "got"), [((0, 0), b"8 20"), ((100_000, 70_000), b"200 500")])
async def test_sizes_stay_sane(opened: list[Terminal], asked: tuple[int, int], got: bytes) -> None:
    one = start(opened, "stty", "size", columns=asked[0], rows=asked[1])
    assert got in await read_until(one, b"\n")


async def test_the_program_leads_its_own_session_with_a_controlling_terminal(opened: list[Terminal]) -> None:
    one = start(opened, "sh", "-c", "echo talk > /dev/tty; sleep 60")
    await read_until(one, b"talk")
    assert os.getsid(one.pid) == os.getpgid(one.pid) == one.pid


async def test_hanging_up_tells_the_program(opened: list[Terminal], tmp_path: Path) -> None:
    told = tmp_path / "told"
    one = start(
        opened, "sh", "-c", f"trap 'echo yes > {told}; exit' HUP; echo ready; while :; do sleep 0.05; done"
    )
    await read_until(one, b"ready")
    await one.hang_up()
    assert told.read_text() == "yes\n"
    assert await one.read() == b""
    one.write(b"nobody reads this")
    await one.hang_up()


async def test_a_program_that_does_not_go_is_killed(
    opened: list[Terminal], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert GRACE_S < 2
    monkeypatch.setattr(terminal, "GRACE_S", 0.1)
    one = start(opened, sys.executable, "-c", STUBBORN)
    await read_until(one, b"ready")
    began = time.monotonic()
    await one.hang_up()
    assert time.monotonic() - began < 2
    with pytest.raises(ProcessLookupError):
        os.kill(one.pid, 0)


async def test_a_program_that_does_not_read_cannot_fill_our_memory(opened: list[Terminal]) -> None:
    one = start(opened, "sh", "-c", "stty raw -echo; echo ready; sleep 60")
    await read_until(one, b"ready")
    for _ in range(100):
        one.write(bytes(65_536))
    assert len(one._unwritten) <= MOST_UNREAD_INPUT_BYTES


async def test_a_program_that_does_not_exist(opened: list[Terminal]) -> None:
    descriptors = open_descriptors()
    with pytest.raises(FileNotFoundError):
        start(opened, "/no/such/program")
    assert open_descriptors() == descriptors
