"""The real program, as a person starts it: in a terminal, against the server that comes with it."""

from __future__ import annotations

import codecs
import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

import pyte
import pytest

SALESMIND = (sys.executable, "-m", "tui.cli")


class TerminalSession:
    """A program in a pty, and the screen it has drawn, as a terminal would show it."""

    def __init__(
        self, arguments: Sequence[str], environment: Mapping[str, str], columns: int = 120, rows: int = 40
    ) -> None:
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.Stream(self._screen)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.exit_status: int | None = None
        self.pid, self._descriptor = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            # A test worker has sizes of its own in its environment.
            size = {"COLUMNS": str(columns), "LINES": str(rows)}
            os.execvpe(
                arguments[0], list(arguments), {**os.environ, "TERM": "xterm-256color", **size, **environment}
            )

    @property
    def text(self) -> str:
        """What is on the screen, wide characters without the blank cell pyte puts behind them."""
        return "\n".join(self._line(row) for row in range(self._screen.lines))

    def press(self, keys: str) -> None:
        """Type ``keys`` (escape sequences for named ones)."""
        os.write(self._descriptor, keys.encode())

    def wait_for(self, wanted: str | Callable[[str], bool], timeout_s: float = 30.0) -> str:
        """Read until ``wanted`` is on the screen; gives the screen. Fails with the screen as it is."""
        holds = (lambda text: wanted in text) if isinstance(wanted, str) else wanted
        deadline = time.monotonic() + timeout_s
        while not holds(self.text):
            left = deadline - time.monotonic()
            if left <= 0 or not self._read(min(left, 1.0)):
                pytest.fail(f"{wanted!r} did not appear (exit {self.exit_status}). The screen:\n{self.text}")
        return self.text

    def settle(self, quiet_s: float = 0.15, most_s: float = 0.6) -> None:
        """Read until nothing has come for ``quiet_s``; a conversation never falls quiet, so at most ``most_s``."""
        deadline = time.monotonic() + most_s
        while time.monotonic() < deadline and self._read(quiet_s):
            pass

    def wait_for_exit(self, timeout_s: float = 20.0) -> int:
        """The exit code, once the program has ended; everything it printed is read."""
        deadline = time.monotonic() + timeout_s
        while self.exit_status is None:
            if time.monotonic() > deadline:
                pytest.fail(f"the program did not end. The screen:\n{self.text}")
            self._read(0.2)
        return self.exit_status

    def hang_up(self) -> None:
        """Close the terminal under the program."""
        os.close(self._descriptor)
        self._descriptor = -1

    def close(self) -> None:
        """End the program, if it has not ended."""
        if self.exit_status is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGTERM)
            deadline = time.monotonic() + 15
            while self.exit_status is None and time.monotonic() < deadline:
                self._read(0.1)
            if self.exit_status is None:
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
        if self._descriptor >= 0:
            os.close(self._descriptor)

    def _read(self, seconds: float) -> bool:
        """Take in what comes within ``seconds``. False once the program has ended and all is read."""
        if self._descriptor >= 0 and select.select([self._descriptor], [], [], seconds)[0]:
            with contextlib.suppress(OSError):
                if block := os.read(self._descriptor, 65_536):
                    self._stream.feed(self._decoder.decode(block))
                    return True
        with contextlib.suppress(ChildProcessError):
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.exit_status = os.waitstatus_to_exitcode(status)
                return False
        return self.exit_status is None

    def _line(self, row: int) -> str:
        cells = self._screen.buffer[row]
        return "".join(cells[column].data for column in range(self._screen.columns)).rstrip()


@pytest.fixture
def open_shell(environment: dict[str, str]) -> Iterator[Callable[[], TerminalSession]]:
    """A shell with job control in a terminal of its own; ended after the test."""
    sessions: list[TerminalSession] = []

    def open_session() -> TerminalSession:
        shell = ["bash", "--norc", "--noprofile", "-i"]
        sessions.append(TerminalSession(shell, {**environment, "PS1": "$ "}))
        return sessions[-1]

    yield open_session
    for session in sessions:
        with contextlib.suppress(ProcessLookupError):
            os.kill(session.pid, signal.SIGHUP)  # an interactive shell takes no SIGTERM; its jobs go with it
        session.close()


@pytest.fixture
def open_terminal(environment: dict[str, str]) -> Iterator[Callable[..., TerminalSession]]:
    """Start `salesmind ARGUMENTS` in a terminal of its own; ended after the test."""
    sessions: list[TerminalSession] = []

    def open_session(
        *arguments: str, columns: int = 120, rows: int = 40, **variables: str
    ) -> TerminalSession:
        session = TerminalSession(
            [*SALESMIND, *arguments], {**environment, **variables}, columns=columns, rows=rows
        )
        sessions.append(session)
        return session

    yield open_session
    for session in sessions:
        session.close()
