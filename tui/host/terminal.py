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

from tui.exit_codes import ExitCode

CHECK_EVERY_S = 0.5
GRACE_S = 15.0
"""How long (s) a clean exit may take before the process is killed."""


def is_gone(descriptor: int) -> bool:
    """Whether the terminal behind ``descriptor`` has hung up."""
    poll = select.poll()
    try:
        poll.register(descriptor, 0)
        return any(event & (select.POLLHUP | select.POLLERR | select.POLLNVAL) for _, event in poll.poll(0))
    except OSError:
        return True


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
