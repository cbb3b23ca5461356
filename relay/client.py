"""The relay process as its parent sees it: start it, read its events, send it commands, end it.

Kept light: the console imports this before its first paint.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
import time
from collections import deque
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec

from relay import commands, stream
from relay.codes import RelayCode
from relay.commands import Command, Configure
from relay.config import RelayConfig
from relay.siblings import check_packages, child_path
from relay.stream import Problem, StreamEvent

_LINE_LIMIT = 4 * 1024 * 1024
"""Longest event line, in bytes: enough for the summary of a day's conversation."""

log = logging.getLogger(__name__)


class RelayProcess:
    """A running ``python -m relay``. Make one with ``await RelayProcess.start(...)``."""

    def __init__(self, process: asyncio.subprocess.Process, log_path: Path) -> None:
        self._process = process
        self.log_path = log_path
        self._started_at = time.monotonic()
        self._waiting: deque[StreamEvent] = deque()
        self._news = asyncio.Event()
        self._finished = asyncio.Event()
        self._summarised = False
        self._reader = asyncio.create_task(self._read(), name="relay-events")

    @classmethod
    async def start(cls, config: RelayConfig, *, log_path: Path) -> RelayProcess:
        """Start the child and configure it. The token travels on its stdin. Raises ``OSError``.

        ``PackageHidden`` is one: the child would have run another package named ``relay``.
        """
        check_packages(child_path())
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",  # a folder named relay in the working directory must not be run in our place
            "-m",
            "relay",
            "--log",
            str(log_path),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,  # what it prints before its log is open must not reach a screen
            limit=_LINE_LIMIT,
            # A signal to the terminal's foreground group is the parent's to handle: it tells the child.
            start_new_session=True,
        )
        relay = cls(process, log_path)
        await relay.send(Configure(config=config))
        return relay

    @property
    def pid(self) -> int:
        """Process id of the child."""
        return self._process.pid

    @property
    def ended(self) -> bool:
        """Whether the child has ended and its last event is available to ``drain``."""
        return self._finished.is_set()

    @property
    def exit_code(self) -> int | None:
        """The child's exit code (negative: killed by that signal); None while it runs."""
        return self._process.returncode if self.ended else None

    async def send(self, command: Command) -> None:
        """Send one command. A dead child is not an error here: its end is in the events."""
        stdin = self._process.stdin
        if stdin is None or stdin.is_closing():
            return
        with contextlib.suppress(ConnectionError):
            stdin.write(commands.encode(command) + b"\n")
            await stdin.drain()

    def drain(self) -> list[StreamEvent]:
        """All events since the last call, without waiting."""
        events = list(self._waiting)
        self._waiting.clear()
        self._news.clear()
        return events

    async def wait_event(self, timeout: float | None = None) -> bool:
        """Wait until ``drain`` has something (True), or the child ended or time ran out (False)."""
        if not self._waiting and not self.ended:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), timeout)
        return bool(self._waiting)

    async def __aiter__(self) -> AsyncIterator[StreamEvent]:
        while not self.ended or self._waiting:
            await self.wait_event()
            for event in self.drain():
                yield event

    async def stop(self, timeout_s: float = 10.0, exit_code: int = 0) -> None:
        """End the conversation: send ``Stop`` and close stdin, then SIGTERM, finally SIGKILL. Events remain to be
        drained.

        ``exit_code``: the summary's, unless the conversation sets its own.
        """
        await self.send(commands.Stop(exit_code=exit_code))
        if self._process.stdin is not None:
            self._process.stdin.close()
        if not await self._wait_finished(timeout_s):
            self._signal(terminate=True)
            if not await self._wait_finished(1.0):
                self._signal(terminate=False)
                await self._finished.wait()

    async def wait(self) -> int:
        """Wait for the child to exit and return its exit code."""
        await self._finished.wait()
        assert self._process.returncode is not None
        return self._process.returncode

    def _signal(self, *, terminate: bool) -> None:
        with contextlib.suppress(ProcessLookupError):
            if terminate:
                self._process.terminate()
            else:
                self._process.kill()

    async def _wait_finished(self, timeout_s: float) -> bool:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._finished.wait(), timeout_s)
        return self._finished.is_set()

    async def _read(self) -> None:
        assert self._process.stdout is not None
        while True:
            try:
                line = await self._process.stdout.readline()
            except ValueError:  # a line longer than the limit: readline has dropped it
                log.warning("The relay sent a line longer than %d bytes; it was dropped", _LINE_LIMIT)
                continue
            if not line:
                break
            self._accept(line)
        await self._process.wait()
        if not self._summarised:
            self._push(self._crash())
        self._finished.set()
        self._news.set()

    def _accept(self, line: bytes) -> None:
        try:
            event = stream.decode(line)
        except msgspec.DecodeError:
            log.warning("The relay sent a line that is no event (%d bytes)", len(line))
            return
        self._summarised = self._summarised or isinstance(event, stream.Summary)
        self._push(event)

    def _push(self, event: StreamEvent) -> None:
        self._waiting.append(event)
        self._news.set()

    def _crash(self) -> Problem:
        code = self._process.returncode
        return Problem(
            t=time.monotonic() - self._started_at,
            where="relay",
            code=RelayCode.RELAY_CRASHED,
            message=f"The relay process ended unexpectedly (exit code {code}). See {self.log_path}.",
            fatal=True,
            params={"exit_code": str(code), "log": str(self.log_path)},
        )
