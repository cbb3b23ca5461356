"""A SalesMind server of our own, as a child of the demo."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from tui.i18n import language

STOP_TIMEOUT_S = 10.0


class ServerDidNotStart(Exception):
    """The server ended, or said nothing, before it was ready."""


class EmbeddedServer:
    """``salesmind serve`` with its data and log in ``directory``; a context that ends with the server.

    ``port`` 0 takes any free one. ``say`` is given the server's words for people, line by line, until it
    is ready: after that the screen belongs to the console, and the server writes to its log alone.
    """

    def __init__(self, directory: Path, port: int, say: Callable[[str], None]) -> None:
        self.log = directory / "server.log"
        self._say = say
        self._ready = threading.Event()
        self._first_line: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-P",
                "-m",
                "tui.cli",
                "serve",
                "--port",
                str(port),
                "--data-dir",
                str(directory),
                "--log",
                str(self.log),
            ],
            env={**os.environ, "SALESMIND_LANG": language()},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,  # ctrl+c is the console's, which ends the server when it has ended itself
        )
        for target in (self._read_output, self._read_words):
            threading.Thread(target=target, daemon=True).start()

    def wait_until_ready(self, timeout_s: float) -> str:
        """The server's URL, once it answers. Raises ``ServerDidNotStart``."""
        try:
            url = str(json.loads(self._first_line.get(timeout=timeout_s))["url"])
        except (queue.Empty, ValueError, KeyError, TypeError):
            raise ServerDidNotStart from None
        self._ready.set()
        return url

    def __enter__(self) -> EmbeddedServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _read_output(self) -> None:
        assert self._process.stdout is not None
        self._first_line.put(self._process.stdout.readline())

    def _read_words(self) -> None:
        """Read to the end even when nobody listens: a full pipe would stop the server."""
        assert self._process.stderr is not None
        for line in self._process.stderr:
            if not self._ready.is_set():
                self._say(line.rstrip())
