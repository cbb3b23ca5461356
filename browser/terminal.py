"""A program in a pseudo-terminal: its screen is read, its keyboard written, and it is gone when asked to go."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import pty
import signal
import struct
import subprocess
import termios
from collections.abc import Mapping, Sequence

GRACE_S = 1.8
"""How long the program may take to leave after its terminal has hung up. Then it is killed."""
READ_BYTES = 65_536
MOST_UNREAD_INPUT_BYTES = 262_144
"""Input the program has not read yet. More than that, and what is typed or pasted is discarded."""
COLUMNS = (20, 500)
ROWS = (8, 200)


class Terminal:
    """``command`` in a new session whose controlling terminal is a new pty."""

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], columns: int, rows: int
    ) -> None:
        """Start it. Raises ``OSError``."""
        self._master, slave = pty.openpty()
        try:
            self.resize(columns, rows)
            self._process = subprocess.Popen(
                list(command),
                env=dict(environment),
                stdin=slave,
                stdout=slave,
                stderr=slave,
                start_new_session=True,
                # Popen cannot make a terminal the controlling one, and without one nobody gets SIGHUP.
                preexec_fn=_take_terminal,
            )
        except OSError:
            os.close(self._master)
            raise
        finally:
            os.close(slave)
        os.set_blocking(self._master, False)
        self._unwritten = bytearray()
        self._open = True

    @property
    def pid(self) -> int:
        """The process id of the program, which leads a session and a group of the same number."""
        return self._process.pid

    def resize(self, columns: int, rows: int) -> None:
        """Set the size, within sane limits; the program gets SIGWINCH."""
        columns, rows = _within(columns, *COLUMNS), _within(rows, *ROWS)
        with contextlib.suppress(OSError):
            fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    async def read(self) -> bytes:
        """What the program has written, up to 64 KiB; empty once it has gone.

        What nobody reads stays in the kernel, so a slow browser slows the program's drawing down.
        """
        while self._open:
            await self._readable()
            try:
                return os.read(self._master, READ_BYTES) if self._open else b""
            except BlockingIOError:
                continue
            except OSError:  # EIO: nobody has the other end open any more
                return b""
        return b""

    def write(self, typed: bytes) -> None:
        """Type. What a program that does not read cannot take is discarded beyond 256 KiB."""
        if not self._open or len(self._unwritten) + len(typed) > MOST_UNREAD_INPUT_BYTES:
            return
        self._unwritten += typed
        self._flush()

    async def hang_up(self) -> None:
        """Close the terminal, and return when the program has ended; kill it if it takes longer than ``GRACE_S``."""
        if self._open:
            self._open = False
            loop = asyncio.get_running_loop()
            loop.remove_reader(self._master)
            loop.remove_writer(self._master)
            os.close(self._master)
        self._signal(signal.SIGHUP)
        try:
            await asyncio.wait_for(asyncio.to_thread(self._process.wait, GRACE_S), GRACE_S + 1)
        except (subprocess.TimeoutExpired, TimeoutError):
            self._signal(signal.SIGKILL)
            await asyncio.to_thread(self._process.wait)

    def _signal(self, number: signal.Signals) -> None:
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, number)

    async def _readable(self) -> None:
        loop = asyncio.get_running_loop()
        ready: asyncio.Future[None] = loop.create_future()
        loop.add_reader(self._master, _settle, ready)
        try:
            await ready
        finally:
            if self._open:
                loop.remove_reader(self._master)

    def _flush(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            del self._unwritten[: os.write(self._master, self._unwritten)]
        except BlockingIOError:
            pass
        except OSError:
            self._unwritten.clear()
        if self._unwritten:
            loop.add_writer(self._master, self._flush)
        else:
            loop.remove_writer(self._master)


def _take_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _settle(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)


def _within(value: int, least: int, most: int) -> int:
    return min(max(value, least), most)
