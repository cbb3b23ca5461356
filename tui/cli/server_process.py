"""A SalesMind server as a child process: started, killed, restarted, and stopped with its parent."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import shlex
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import IO, Self

from tui.i18n import _

START_TIMEOUT_S = 60.0
"""The first start creates the database, and imports are slow on a cold disk."""
STOP_TIMEOUT_S = 15.0
_LAST_WORDS = 5


class CommandInvalid(ValueError):
    """The command is empty or has an unclosed quote."""


class ServerDidNotStart(OSError):
    """It ended, or did not print ``{"url": ...}`` as its first line in time. ``words``: its last output."""

    def __init__(self, exit_code: int | None, words: Sequence[str]) -> None:
        super().__init__(
            words[-1].strip() if words else _("It did not print its URL. Run it by hand to see why.")
        )
        self.exit_code = exit_code
        """None: it had to be ended."""
        self.words = words


def command_words(command: str) -> list[str]:
    """``command`` as a shell splits it. Raises ``CommandInvalid``."""
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise CommandInvalid(command) from error
    if not words:
        raise CommandInvalid(command)
    return words


class ServerProcess:
    """``arguments`` start a server that prints ``{"url": ...}`` first, as ``salesmind serve`` does.

    A context that stops the server and everything it started. ``say`` gets its stderr, line by line,
    until it is ready: after that the screen is in use, and the server only writes to its log.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        environment: Mapping[str, str] | None = None,
        say: Callable[[str], object] | None = None,
    ) -> None:
        self._arguments = list(arguments)
        self._environment = dict(os.environ if environment is None else environment)
        self._say = say
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> str:
        """Start it and return its base URL. Raises ``OSError``, or ``ServerDidNotStart`` if it ran but failed."""
        self._process = process = subprocess.Popen(
            self._arguments,
            env=self._environment,
            stdin=subprocess.PIPE,  # closed by the system when this process is gone, however it went
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,  # a group of its own: ctrl+c is ours, and what it started dies with it
        )
        assert process.stdout is not None and process.stderr is not None
        first_line: queue.SimpleQueue[str] = queue.SimpleQueue()
        ready = threading.Event()
        words: deque[str] = deque(maxlen=_LAST_WORDS)
        _in_thread(_read_output, process.stdout, first_line)
        listener = _in_thread(_read_words, process.stderr, self._listen(words, ready))
        try:
            url = str(json.loads(first_line.get(timeout=START_TIMEOUT_S))["url"])
        except (queue.Empty, ValueError, KeyError, TypeError):
            with contextlib.suppress(subprocess.TimeoutExpired):  # it may be about to end by itself
                process.wait(1.0)
            exit_code = process.returncode
            self.kill()
            listener.join(1.0)
            raise ServerDidNotStart(exit_code, list(words)) from None
        ready.set()
        return url

    def _listen(self, words: deque[str], ready: threading.Event) -> Callable[[str], None]:
        def take(line: str) -> None:
            if ready.is_set():
                return
            words.append(line)
            if self._say is not None:
                self._say(line)

        return take

    def kill(self) -> None:
        """Kill the server and everything it started, like a crash."""
        self._signal(signal.SIGKILL)

    def restart(self) -> str:
        """Kill it, start it again and return the new base URL. Raises ``OSError``."""
        self.kill()
        return self.start()

    def stop(self) -> None:
        """Terminate it, or kill it if that fails."""
        try:
            self._signal(signal.SIGTERM)
        except subprocess.TimeoutExpired:
            self.kill()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _signal(self, number: signal.Signals) -> None:
        process = self._process
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        process.wait(STOP_TIMEOUT_S)


def _in_thread(function: Callable[..., None], *arguments: object) -> threading.Thread:
    thread = threading.Thread(target=function, args=arguments, daemon=True)
    thread.start()
    return thread


def _read_output(output: IO[str], first_line: queue.SimpleQueue[str]) -> None:
    """Read the first line, then drain the rest: a full pipe would block the server."""
    first_line.put(output.readline())
    for _line in output:
        pass


def _read_words(words: IO[str], take: Callable[[str], None]) -> None:
    """Drain stderr even when nobody is interested."""
    for line in words:
        take(line.rstrip())
