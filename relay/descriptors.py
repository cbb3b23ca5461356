"""A process's standard descriptors, some of which the caller may have closed (``2>&-``, a daemon)."""

from __future__ import annotations

import os
import sys


def open_standard_descriptors() -> None:
    """Open any closed descriptor of 0, 1 and 2 on ``/dev/null``, before anything else gets its number.

    The next file opened would take a closed one's number: a socket would become standard error, a log file would
    take the place of the pipe that events are written to.
    """
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free: this one
            os.set_inheritable(descriptor, True)
    if sys.stdin is None:
        sys.stdin = open(0, closefd=False, encoding="utf-8")  # noqa: SIM115
    if sys.stdout is None:
        sys.stdout = open(1, "w", closefd=False, encoding="utf-8")  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(2, "w", closefd=False, encoding="utf-8")  # noqa: SIM115
