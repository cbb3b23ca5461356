"""A child process beside the relay that takes commands and answers, one line of JSON each: both ends of the pipe.

The player of recordings and the soundcheck are such children: what PortAudio or a decoder does there stops no screen.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, ClassVar, Generic, Self, TypeVar

import msgspec

from relay.siblings import PACKAGES, check_packages, child_path

COMMAND_LIMIT = 64 * 1024
"""Longest command, in bytes."""

CommandT = TypeVar("CommandT")
SaidT = TypeVar("SaidT")

log = logging.getLogger(__name__)


class LineProcess(Generic[CommandT, SaidT]):
    """A running ``python -m MODULE`` as its parent sees it."""

    MODULE: ClassVar[str]
    QUITS_WITHIN_S: ClassVar[float]

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._said: list[SaidT] = []
        self._explained = False
        """Its end is no surprise: it was asked to, or has said why."""
        self._reader = asyncio.create_task(self._read(), name=self.MODULE)

    @classmethod
    async def spawn(cls, log_path: Path) -> Self:
        """Start the child; its standard error goes to ``log_path`` (0600). Raises ``OSError``."""
        check_packages(child_path(), (*PACKAGES, cls.MODULE.partition(".")[0]))
        log_fd = os.open(log_path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",
                "-m",
                cls.MODULE,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log_fd,
                start_new_session=True,
            )
        finally:
            os.close(log_fd)
        return cls(process)

    @property
    def pid(self) -> int:
        """Process id of the child."""
        return self._process.pid

    def tell(self, command: CommandT) -> None:
        """Send one command. A dead child reports itself (``gone``)."""
        stdin = self._process.stdin
        if stdin is not None and not stdin.is_closing():
            with contextlib.suppress(ConnectionError):
                stdin.write(msgspec.json.encode(command) + b"\n")

    def drain(self) -> list[SaidT]:
        """Its messages since the last call."""
        said, self._said = self._said, []
        return said

    async def stop(self) -> None:
        """Close its input, which ends it; it is gone within ``QUITS_WITHIN_S``."""
        self._explained = True
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            async with asyncio.timeout(self.QUITS_WITHIN_S):
                await self._process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
        await self._reader

    def decode(self, line: bytes) -> SaidT:
        """What the child says in ``line``. Raises ``msgspec.MsgspecError``."""
        raise NotImplementedError

    def take(self, said: SaidT) -> None:
        """Keep ``said`` for ``drain``."""
        self._said.append(said)

    def gone(self, code: int) -> SaidT:
        """What stands for a child that has ended without a word; ``code`` is its exit code."""
        raise NotImplementedError

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            try:
                said = self.decode(line)
            except msgspec.MsgspecError:
                log.warning("%s said something that cannot be read (%d bytes)", self.MODULE, len(line))
                continue
            self.take(said)
        code = await self._process.wait()
        if not self._explained:
            self._said.append(self.gone(code))


# --- in the child --------------------------------------------------------------------------------


def claim_stdout() -> int:
    """Keep standard output for lines of ours, and let everything else go to standard error; the new descriptor.

    What native libraries print is no line of ours.
    """
    said_fd = os.dup(1)
    os.dup2(2, 1)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    return said_fd


def sayer(out: BinaryIO) -> Callable[[msgspec.Struct], None]:
    """A function that writes a message as a line to ``out``, which is unbuffered."""

    def say(said: msgspec.Struct) -> None:
        try:
            out.write(msgspec.json.encode(said) + b"\n")
        except OSError:
            log.info("Nobody reads what is said")

    return say


async def open_stdin() -> asyncio.StreamReader:
    """Standard input, for ``next_command``."""
    reader = asyncio.StreamReader(limit=COMMAND_LIMIT)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    return reader


async def next_command(reader: asyncio.StreamReader, decode: Callable[[bytes], CommandT]) -> CommandT | None:
    """The next line that ``decode`` reads (it raises ``msgspec.MsgspecError``); None at the end."""
    while True:
        try:
            line = await reader.readline()
        except ValueError:
            log.warning("A command longer than %d bytes was ignored", COMMAND_LIMIT)
            continue
        if not line:
            return None
        try:
            return decode(line)
        except msgspec.MsgspecError as error:
            log.warning("A line that is no command was ignored: %s", error)
