"""Run a program in a real pseudo-terminal and watch what it draws. Shared by the benchmarks."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time
from collections.abc import Mapping, Sequence


class Terminal:
    """A program in a pty of ``columns`` x ``rows``; a context that ends the program."""

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        columns: int = 120,
        rows: int = 40,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.output = bytearray()
        self.started = time.perf_counter()
        self.pid, self._descriptor = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            os.execvpe(arguments[0], list(arguments), {**os.environ, **(environment or {})})

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        for name in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.kill(self.pid, name)
            except ProcessLookupError:
                break
            if self._ended_within(5.0):
                break
        os.close(self._descriptor)

    def send(self, keys: str) -> None:
        """Type ``keys``."""
        os.write(self._descriptor, keys.encode())

    def wait_for(self, text: str, timeout_s: float = 30.0) -> float:
        """Seconds from the program's start until it has written ``text``. Raises ``TimeoutError``."""
        wanted = text.encode()
        while wanted not in self.output:
            if not self.read_for(timeout_s - (time.perf_counter() - self.started), once=True):
                raise TimeoutError(f"{text!r} was not drawn; last output: {bytes(self.output[-300:])!r}")
        return time.perf_counter() - self.started

    def read_for(self, seconds: float, *, once: bool = False) -> bool:
        """Read what comes for ``seconds``, or only until something has come. False when nothing did."""
        deadline = time.perf_counter() + seconds
        came = False
        while (left := deadline - time.perf_counter()) > 0:
            if not select.select([self._descriptor], [], [], left)[0]:
                break
            try:
                block = os.read(self._descriptor, 65_536)
            except OSError:
                return came
            self.output += block
            came = True
            if once or not block:
                break
        return came

    def _ended_within(self, seconds: float) -> bool:
        deadline = time.perf_counter() + seconds
        while time.perf_counter() < deadline:
            self.read_for(0.05)
            if os.waitpid(self.pid, os.WNOHANG)[0]:
                return True
        return False
