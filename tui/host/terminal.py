"""Leaving when the terminal goes away: its window closed, or the SSH connection dropped.

By default SIGHUP kills without cleanup, and a terminal that vanishes without it leaves a process that
spins on a dead descriptor. Both end the app here.
"""

from __future__ import annotations

import asyncio
import os
import select
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from io import TextIOWrapper
from typing import Any, TextIO, cast

from tui.exit_codes import ExitCode

CHECK_EVERY_S = 0.5
GRACE_S = 10.0
"""How long (s) a clean exit may take before the process is killed."""


def is_gone(descriptor: int) -> bool:
    """Whether the terminal behind ``descriptor`` has hung up."""
    poll = select.poll()
    try:
        poll.register(descriptor, 0)
        return any(event & (select.POLLHUP | select.POLLERR | select.POLLNVAL) for _, event in poll.poll(0))
    except OSError:
        return True


class _Output:
    """The terminal's file, for a writer that must not fail when the terminal goes away."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, text: str) -> int:
        with suppress(OSError, ValueError):
            return self._file.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            self._file.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def keep_output_writable() -> None:
    """Before the app starts: an error of the terminal would end the thread with which Textual writes.

    Its queue holds 30 pieces. Once nobody takes from it, the app stands still at the next one, and stays until the
    last resort.
    """
    if sys.__stderr__ is not None:
        sys.__stderr__ = cast(TextIOWrapper, _Output(sys.__stderr__))  # type: ignore[misc]


def has_job_control() -> bool:
    """Whether a shell started us as a job and can continue us after a stop.

    As the first program of a terminal window, or behind `sh -c` in one, we would stay stopped forever.
    """
    try:
        return os.getpgrp() != os.getsid(0)
    except (AttributeError, OSError):  # Windows
        return False


def watch(gone: Callable[[], None], every: Callable[[float, Callable[[], None]], object]) -> None:
    """Call ``gone`` once: on SIGHUP or SIGTERM, or when standard input hangs up.

    ``every(seconds, function)`` repeats a function, as ``App.set_interval`` does.
    """
    leaving = False

    def leave() -> None:
        nonlocal leaving
        if leaving:
            return
        leaving = True
        gone()
        last_resort = threading.Timer(GRACE_S, os._exit, args=(ExitCode.TERMINAL_GONE,))
        last_resort.daemon = True
        last_resort.start()

    loop = asyncio.get_running_loop()
    for name in (signal.SIGHUP, signal.SIGTERM):
        with suppress(NotImplementedError, RuntimeError):
            loop.add_signal_handler(name, leave)
    descriptor = sys.__stdin__.fileno() if sys.__stdin__ is not None else 0
    every(CHECK_EVERY_S, lambda: leave() if is_gone(descriptor) else None)


def ascii_only() -> bool:
    """Whether the terminal shows no braille: the Linux console has no such letters, and ASCII cannot spell them."""
    encoding = (getattr(sys.__stdout__, "encoding", None) or "ascii").lower().replace("-", "")
    return os.environ.get("TERM") in ("linux", "dumb") or not encoding.startswith("utf")
