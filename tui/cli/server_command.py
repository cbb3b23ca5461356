"""A server that a check starts, kills and starts again, by a command that the caller gave."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import shlex
import signal
import subprocess
import threading
from types import TracebackType

from tui.i18n import _

START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 15.0


class CommandInvalid(ValueError):
    """The command has no words, or a quotation that does not end."""


class ServerDidNotStart(OSError):
    """The command ended, or did not print ``{"url": ...}`` as its first line in time."""


class ServerCommand:
    """``command`` prints ``{"url": ...}`` on its first line when it serves, as ``salesmind serve`` does.

    A context that ends with the server. Raises ``CommandInvalid``.
    """

    def __init__(self, command: str) -> None:
        try:
            self._arguments = shlex.split(command)
        except ValueError as error:
            raise CommandInvalid(command) from error
        if not self._arguments:
            raise CommandInvalid(command)
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> str:
        """Start it and give its base URL. Raises ``OSError``."""
        self._process = process = subprocess.Popen(
            self._arguments,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,  # a group of its own: what it started dies with it
        )
        lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        threading.Thread(target=_read, args=(process, lines), daemon=True).start()
        try:
            return str(json.loads(lines.get(timeout=START_TIMEOUT_S))["url"])
        except (queue.Empty, ValueError, KeyError, TypeError):
            self.kill()
            raise ServerDidNotStart(_("It did not say its URL. Run it by hand to see why.")) from None

    def kill(self) -> None:
        """End the server and everything it started, without a chance to tidy up."""
        self._signal(signal.SIGKILL)

    def restart(self) -> str:
        """Kill, start again, give the new base URL. Raises ``OSError``."""
        self.kill()
        return self.start()

    def __enter__(self) -> ServerCommand:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._signal(signal.SIGTERM)
        except subprocess.TimeoutExpired:
            self.kill()

    def _signal(self, number: signal.Signals) -> None:
        process = self._process
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        process.wait(STOP_TIMEOUT_S)


def _read(process: subprocess.Popen[str], lines: queue.SimpleQueue[str]) -> None:
    """The first line, then the rest: a full pipe would stop the server."""
    assert process.stdout is not None
    lines.put(process.stdout.readline())
    for _line in process.stdout:
        pass
