"""The demo's own server: `salesmind serve` on one port, restarted when it dies."""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from tui.cli.server_process import ServerProcess
from tui.i18n import language

MIN_LIFE_S = 10.0
"""A server that dies sooner than this after its start would only die again."""

log = logging.getLogger(__name__)


class EmbeddedServer(ServerProcess):
    """``salesmind serve`` with its data and log in ``directory``.

    ``port`` 0 picks a free one, which it keeps; ``more``: further arguments of ``serve``. Once ``keep_running`` is
    called, a server that dies is restarted.
    """

    def __init__(
        self, directory: Path, port: int, say: Callable[[str], object], more: Sequence[str] = ()
    ) -> None:
        self.log = directory / "server.log"
        options = ("--data-dir", str(directory), "--log", str(self.log), "--stop-on-eof", *more)
        super().__init__(
            [sys.executable, "-P", "-m", "tui.cli", "serve", *options, "--port", str(port)],
            environment={**os.environ, "SALESMIND_LANG": language()},
            say=say,
        )
        self._changing = threading.Lock()
        self._stopping = False

    def start(self) -> str:
        """Start it; later starts use the same port."""
        url = super().start()
        self._arguments[-1] = str(urlsplit(url).port)
        self._say = None  # the screen belongs to the console by now
        return url

    def restart(self) -> str:
        """Kill the server like a crash, and start it again with the same data and port."""
        with self._changing:
            return super().restart()

    def stop(self) -> None:
        """Stop it permanently."""
        self._stopping = True
        with self._changing:
            super().stop()

    def keep_running(self) -> None:
        """From now on, restart it when it exits by itself."""
        threading.Thread(target=self._watch, name="server-watch", daemon=True).start()

    def _watch(self) -> None:
        while True:
            process, since = self._process, time.monotonic()
            assert process is not None
            code = process.wait()
            with self._changing:
                if self._stopping:
                    return
                if process is not self._process:
                    continue
                log.error("The server ended by itself (exit code %s)", code)
                if time.monotonic() - since < MIN_LIFE_S:
                    log.error("It lived for less than %g s, so it is not started again", MIN_LIFE_S)
                    return
                self._start_again()

    def _start_again(self) -> None:
        try:
            super().start()
        except OSError as error:
            log.error("The server could not be started again: %s", error)  # noqa: TRY400 - the reason is enough
