"""The offline engine as a child process: started beside the server, restarted when it crashes.

Its first line on stdout is ``{"url": "ws://..."}``. Its stdin is a pipe of which this process holds the other
end: when this process is gone, by ``kill -9`` even, the engine reads end-of-file and ends too.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import logging
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

COMMAND = (sys.executable, "-P", "-m", "backend.engine", "--port", "0", "--stop-on-eof")
"""``-P``: a folder named ``backend`` in the current directory must not be taken for ours."""
START_TIMEOUT_S = 60.0
"""Loading a speech model from a cold disk takes its time."""
STOP_TIMEOUT_S = 3.0
FIRST_DELAY_S, LONGEST_DELAY_S = 0.5, 10.0

_NOT_FOR_THE_ENGINE = ("OPENAI_API_KEY", "SALESMIND_ENGINE_TOKEN")
"""The key of the service that it stands in for, and the token that an engine run by itself asks of its clients."""

logger = logging.getLogger(__name__)


def _environment() -> dict[str, str]:
    """Ours, with this package importable, and without what is not the engine's business here."""
    environment = {name: value for name, value in os.environ.items() if name not in _NOT_FOR_THE_ENGINE}
    root = str(Path(__file__).resolve().parent.parent)
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [root, environment.get("PYTHONPATH")]))
    return environment


async def _read_lines(stream: asyncio.StreamReader, log: Callable[[str], None]) -> None:
    """Give ``log`` each line until the end of ``stream``; one beyond the reader's limit of 64 KiB is left out."""
    while True:
        try:
            line = await stream.readline()
        except ValueError:
            continue
        if not line:
            return
        log(line.decode(errors="replace").rstrip("\r\n"))


class EngineProcess:
    """Keeps one engine running."""

    def __init__(
        self,
        command: Sequence[str] = COMMAND,
        log: Callable[[str], None] | None = None,
        on_ready: Callable[[str], None] | None = None,
    ) -> None:
        """``log`` takes the lines of the engine's stderr (None: it writes to ours).

        ``on_ready`` is told each address it comes up with.
        """
        self._command = command
        self._log = log
        self._on_ready = on_ready
        self._process: asyncio.subprocess.Process | None = None
        self._address: asyncio.Future[str] | None = None
        self._task: asyncio.Task[None] | None = None
        self._reading: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; ``address`` tells when it is up."""
        self._address = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._supervise(), name="engine")

    async def address(self) -> str:
        """Where the engine listens, as soon as it does. Raises ``OSError`` when it could not be started."""
        if self._address is None:
            raise OSError(errno.ECONNREFUSED, "the offline engine is not running")
        return await asyncio.shield(self._address)

    async def stop(self) -> None:
        """Close its stdin, then terminate it if needed."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._end_process()
        if self._reading is not None:  # its last words, unless somebody else holds the pipe open
            await asyncio.wait([self._reading], timeout=STOP_TIMEOUT_S)
            self._reading.cancel()

    async def _supervise(self) -> None:
        delay = FIRST_DELAY_S
        while True:
            lived = await self._live_once()
            delay = FIRST_DELAY_S if lived else min(delay * 2, LONGEST_DELAY_S)
            logger.warning("The offline engine ended; it is started again in %.1f s", delay)
            await asyncio.sleep(delay)
            if self._address is None or self._address.done():
                self._address = asyncio.get_running_loop().create_future()

    async def _live_once(self) -> bool:
        """Start the engine and wait until it ends. False when it never came up."""
        assert self._address is not None
        try:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=None if self._log is None else asyncio.subprocess.PIPE,
                env=_environment(),
            )
            if self._process.stderr is not None and self._log is not None:
                self._reading = asyncio.create_task(
                    _read_lines(self._process.stderr, self._log), name="engine log"
                )
            url = await self._first_line(self._process)
        except (OSError, TimeoutError, ValueError) as failure:
            await self._end_process()
            self._fail(f"the offline engine could not be started ({type(failure).__name__})")
            return False
        self._address.set_result(url)
        if self._on_ready is not None:
            self._on_ready(url)
        await self._process.wait()
        self._fail("the offline engine has ended and is being started again")
        return True

    def _fail(self, cause: str) -> None:
        """Report ``cause`` to callers of ``address`` until the next attempt."""
        failed: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        failed.set_exception(OSError(errno.ECONNREFUSED, cause))
        failed.exception()  # nobody need ask
        if self._address is not None and not self._address.done():
            self._address.set_exception(OSError(errno.ECONNREFUSED, cause))
            self._address.exception()
        self._address = failed

    async def _first_line(self, process: asyncio.subprocess.Process) -> str:
        """The URL. Raises ``ValueError`` when the line holds none, ``TimeoutError`` when none comes."""
        assert process.stdout is not None
        async with asyncio.timeout(START_TIMEOUT_S):
            line = await process.stdout.readline()
        message = json.loads(line or b"null")
        if not isinstance(message, dict) or not str(message.get("url", "")).startswith("ws"):
            raise ValueError("the engine's first line holds no URL")
        return str(message["url"])

    async def _end_process(self) -> None:
        process = self._process
        if process is None or process.returncode is not None:
            return
        assert process.stdin is not None
        process.stdin.close()
        for insist in (process.terminate, process.kill):
            try:
                async with asyncio.timeout(STOP_TIMEOUT_S):
                    await process.wait()
            except TimeoutError:
                with contextlib.suppress(ProcessLookupError):
                    insist()
            else:
                return
        await process.wait()
