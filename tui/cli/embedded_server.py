"""A SalesMind server of our own, as a child of the demo."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO
from urllib.parse import urlsplit

from tui.cli.server_command import ServerDidNotStart
from tui.i18n import language

START_TIMEOUT_S = 30.0
"""A first start makes the database; a cold disk may take its time over the imports."""
STOP_TIMEOUT_S = 10.0


class EmbeddedServer:
    """``salesmind serve`` with its data and log in ``directory``; a context that ends with the server.

    ``port`` 0 takes any free one. ``say`` is given the server's words for people, line by line, until it
    is ready: after that the screen belongs to the console, and the server writes to its log alone. ``more``: further
    arguments of ``serve``.
    """

    def __init__(
        self, directory: Path, port: int, say: Callable[[str], None], more: Sequence[str] = ()
    ) -> None:
        self.log = directory / "server.log"
        self._directory = directory
        self._port = port
        self._more = more
        self._say = say
        self._ready = threading.Event()
        self._start()

    def _start(self) -> None:
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-P",
                "-m",
                "tui.cli",
                "serve",
                "--port",
                str(self._port),
                "--data-dir",
                str(self._directory),
                "--log",
                str(self.log),
                "--stop-on-eof",
                *self._more,
            ],
            env={**os.environ, "SALESMIND_LANG": language()},
            stdin=subprocess.PIPE,  # closed by the system when this process is gone, however it went
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,  # ctrl+c is the console's, which ends the server when it has ended itself
        )
        self._first_line: queue.SimpleQueue[str] = queue.SimpleQueue()
        threading.Thread(
            target=_read_output, args=(self._process.stdout, self._first_line), daemon=True
        ).start()
        threading.Thread(target=self._read_words, args=(self._process.stderr,), daemon=True).start()

    def wait_until_ready(self, timeout_s: float = START_TIMEOUT_S) -> str:
        """The server's URL, once it answers. Raises ``ServerDidNotStart``."""
        try:
            url = str(json.loads(self._first_line.get(timeout=timeout_s))["url"])
        except (queue.Empty, ValueError, KeyError, TypeError):
            raise ServerDidNotStart from None
        self._ready.set()
        self._port = urlsplit(url).port or self._port
        return url

    def restart(self) -> str:
        """Kill the server as a crash would, and start it again with its data at its port; gives its URL.

        Raises ``OSError``.
        """
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)  # a group of its own: the engine dies with it
        self._process.wait()
        self._start()
        return self.wait_until_ready()

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

    def _read_words(self, words: IO[str]) -> None:
        """Read to the end even when nobody listens: a full pipe would stop the server."""
        for line in words:
            if not self._ready.is_set():
                self._say(line.rstrip())


def _read_output(output: IO[str], first_line: queue.SimpleQueue[str]) -> None:
    first_line.put(output.readline())
