"""The relay as a separate process: commands on stdin, events on stdout, everything else in a log file.

The first command is ``Configure``. The end of stdin, SIGTERM, SIGHUP and SIGINT each end the conversation
as cleanly as ``Stop`` does: the recording is completed, the socket closed with 1000, the summary written.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import os
import signal
import stat
import sys
from collections.abc import AsyncIterator, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import msgspec

from relay import commands, stream
from relay.codes import RelayCode
from relay.commands import Command, Configure, Stop
from relay.descriptors import open_standard_descriptors
from relay.exit_codes import EXIT_INTERRUPTED, EXIT_USAGE
from relay.stream import Meters, Notice, Problem, Step, StreamEvent

UNREAD_LIMIT = 4 * 1024 * 1024
"""Bytes that may wait for a slow reader; beyond that, meters (and nothing else) are dropped."""
LAST_WORDS_S = 5.0
"""How long (s) to wait at the end for the reader to read the rest."""
LOG_BYTES = 2_000_000
"""A larger log is rotated by the next conversation; an hour of conversation is about one megabyte."""
_COMMAND_LIMIT = 1024 * 1024

log = logging.getLogger(__name__)


def main(argv: list[str] | None = None) -> int:
    """Run one conversation; returns the exit code of its summary."""
    open_standard_descriptors()
    parser = argparse.ArgumentParser(prog="python -m relay", description=__doc__)
    parser.add_argument("--log", metavar="PATH", help="file for the log and for what native libraries print")
    arguments = parser.parse_args(argv)
    open_missing_descriptors()
    if not (_is_pipe(0) and _is_pipe(1)):
        print(f"{parser.prog}: standard input and output must be pipes or a terminal", file=sys.stderr)
        return EXIT_USAGE
    events_fd = os.dup(1)
    with suppress(KeyboardInterrupt):  # there was no conversation yet to be ended
        unwritable = _redirect(arguments.log)
        return _run(_serve(events_fd, unwritable))
    return EXIT_INTERRUPTED


def _is_pipe(descriptor: int) -> bool:
    """Whether an event loop can wait for it; uvloop aborts the process on a regular file."""
    try:
        mode = os.fstat(descriptor).st_mode
    except OSError:  # it is closed
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or os.isatty(descriptor)


def _run(serving: Coroutine[Any, Any, int]) -> int:
    """Run on uvloop if available: a fifth less CPU per conversation (``benchmarks/conversation.py``)."""
    try:
        import uvloop
    except ImportError:  # Windows
        return asyncio.run(serving)
    return uvloop.run(serving)


def open_missing_descriptors() -> None:
    """Open closed descriptors among 0-2 on /dev/null: otherwise the next file would take their place and be printed
    into."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR)  # the lowest that is free: this one
            assert opened == descriptor


def _redirect(log_path: str | None) -> UnwritableLog | None:
    """Point fd 1 and 2 at the log, before any audio library can print to them; returns why there is no log, if so."""
    unwritable: UnwritableLog | None = None
    if log_path is None:
        os.dup2(2, 1)
    else:
        _begin_anew(log_path)
        try:
            descriptor = _open_log(log_path)
        except OSError as error:
            unwritable = UnwritableLog(log_path, error.strerror or str(error))
            descriptor = os.open(os.devnull, os.O_WRONLY)
        os.dup2(descriptor, 1)
        os.dup2(descriptor, 2)
        os.close(descriptor)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for noisy in ("httpx", "httpcore", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    return unwritable


def _open_log(path: str) -> int:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NONBLOCK, 0o600)
    with suppress(OSError):  # another user's that we may write
        os.fchmod(descriptor, 0o600)
    return descriptor


def _begin_anew(log_path: str) -> None:
    """Rotate a log that has become too long, replacing the previous rotation."""
    with suppress(OSError):  # there is none yet; or it stays, and grows
        if Path(log_path).stat().st_size > LOG_BYTES:
            Path(log_path).replace(f"{log_path}.1")


@dataclass(frozen=True, slots=True)
class UnwritableLog:
    """The log cannot be written. The conversation continues without it."""

    path: str
    reason: str

    def notice(self) -> Notice:
        """As a notice of the stream."""
        message = f"The log {self.path} cannot be written: {self.reason}. The conversation goes on without."
        params = {"path": self.path, "reason": self.reason}
        return Notice(t=0.0, code=RelayCode.LOG_UNWRITABLE, message=message, params=params)


class EventWriter(asyncio.BaseProtocol):
    """Writes events without ever blocking the conversation on their reader."""

    def __init__(self) -> None:
        self._transport: asyncio.WriteTransport | None = None
        self._empty = asyncio.Event()
        self._empty.set()
        self._tamed = False
        self.reader_gone = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The pipe is ready."""
        self._transport = cast(asyncio.WriteTransport, transport)
        self._transport.set_write_buffer_limits(high=0)

    def pause_writing(self) -> None:
        """Output is waiting for the reader."""
        self._empty.clear()

    def resume_writing(self) -> None:
        """The reader has caught up."""
        self._empty.set()

    def connection_lost(self, exc: Exception | None) -> None:
        """The reader is gone."""
        self.reader_gone.set()
        self._empty.set()

    def emit(self, event: StreamEvent) -> None:
        """Write one line."""
        if not self._tamed and isinstance(event, Step) and event.step == "created":
            # Once: what a later connection made does not live as long as the process, and must not be frozen.
            self._tamed = True
            tame_collector()
        if self._transport is None or self._transport.is_closing():
            return
        if isinstance(event, Meters) and self._transport.get_write_buffer_size() > UNREAD_LIMIT:
            return
        self._transport.write(stream.encode(event) + b"\n")

    async def finish(self) -> None:
        """Wait for the reader to read the rest, at most ``LAST_WORDS_S``."""
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_WORDS_S):
                await self._empty.wait()
        if self._transport is not None:
            self._transport.close()


def tame_collector() -> None:
    """Keep the garbage collector's long pauses out of the conversation.

    Objects from startup live as long as the process: frozen, they are never scanned again, and a full
    collection takes about a millisecond instead of tens. Called while waiting for the server.
    """
    gc.collect()
    gc.freeze()


async def _serve(events_fd: int, unwritable: UnwritableLog | None) -> int:
    loop = asyncio.get_running_loop()
    writer = EventWriter()
    await loop.connect_write_pipe(lambda: writer, os.fdopen(events_fd, "wb", buffering=0))
    reader = asyncio.StreamReader(limit=_COMMAND_LIMIT)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    try:
        try:
            configure = commands.decode(await reader.readline())
            if not isinstance(configure, Configure):
                raise msgspec.ValidationError("the first command is not configure")
        except (msgspec.DecodeError, ValueError) as error:  # ValueError: a line beyond the limit
            _refuse(writer, error)
            return EXIT_USAGE
        return await _converse(configure, reader, writer, unwritable)
    finally:
        await writer.finish()


def _refuse(writer: EventWriter, error: Exception) -> None:
    message = f"The relay's configuration cannot be used: {error}"
    log.error("%s", message)
    writer.emit(Problem(t=0.0, where="relay", code=RelayCode.BAD_CONFIGURATION, message=message, fatal=True))


async def _converse(
    configure: Configure,
    reader: asyncio.StreamReader,
    writer: EventWriter,
    unwritable: UnwritableLog | None,
) -> int:
    from relay.live import converse  # after fd 2 points at the log

    queue: asyncio.Queue[Command] = asyncio.Queue()
    # Not before: a process that waits for its configuration may simply be killed.
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        stop = Stop(interrupted=number == signal.SIGINT)
        asyncio.get_running_loop().add_signal_handler(number, queue.put_nowait, stop)
    readers = [
        asyncio.create_task(_read_commands(reader, queue), name="stdin"),
        asyncio.create_task(_stop_without_reader(writer, queue), name="stdout"),
    ]
    try:
        first = None if unwritable is None else unwritable.notice()
        summary = await converse(configure.config, writer.emit, _commands(queue), first)
    finally:
        for task in readers:
            task.cancel()
    return summary.exit_code


async def _commands(queue: asyncio.Queue[Command]) -> AsyncIterator[Command]:
    while True:
        command = await queue.get()
        yield command
        if isinstance(command, Stop):
            return


async def _read_commands(reader: asyncio.StreamReader, queue: asyncio.Queue[Command]) -> None:
    while True:
        try:
            line = await reader.readline()
        except ValueError:
            log.warning("A command longer than %d bytes was ignored", _COMMAND_LIMIT)
            continue
        if not line:
            log.info("End of stdin: ending the conversation")
            queue.put_nowait(Stop())
            return
        try:
            queue.put_nowait(commands.decode(line))
        except msgspec.DecodeError as error:
            # Not the line itself: it may hold anything.
            log.warning("A line that is no command was ignored: %s", error)


async def _stop_without_reader(writer: EventWriter, queue: asyncio.Queue[Command]) -> None:
    await writer.reader_gone.wait()
    log.info("Nobody reads our events any more: ending the conversation")
    queue.put_nowait(Stop())
