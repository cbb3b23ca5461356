"""Whether the line to the terminal is too slow for what is written to it.

The terminal is asked where its cursor is (DSR 6, ECMA-48). It answers when everything before the question has reached
it, so on a congested line the answer waits behind what fills the buffers on the way. Those of SSH hold megabytes: that
the terminal's descriptor takes no more would be noticed minutes later.
"""

from __future__ import annotations

import os
from collections import deque

QUESTION = "\x1b[6n"
ASK_EVERY_S = 2.0
SLOW_S = 1.5
"""An answer that takes longer is late; by itself a line over a satellite takes 0.7 s."""
LATE_IN_A_ROW = 3


class LineWatch:
    """When to ask, and what the answers say. Times in seconds on one clock."""

    def __init__(self) -> None:
        self._asked_at: float | None = None
        self._answered_at: float | None = None
        self._late: deque[bool] = deque(maxlen=LATE_IN_A_ROW)

    def due(self, now: float) -> bool:
        """Whether to ask now; if so, the question counts as asked. Only one is on its way at a time."""
        if self._asked_at is not None or (
            self._answered_at is not None and now < self._answered_at + ASK_EVERY_S
        ):
            return False
        self._asked_at = now
        return True

    def answered(self, now: float) -> None:
        """The terminal has answered; without a question, it spoke of its own accord."""
        if self._asked_at is not None:
            self._late.append(now - self._asked_at > SLOW_S)
            self._asked_at, self._answered_at = None, now

    @property
    def slow(self) -> bool:
        """Whether several answers in a row were late. A terminal that never answers is not slow."""
        return len(self._late) == LATE_IN_A_ROW and all(self._late)


def over_ssh() -> bool:
    """Whether the terminal is at the other end of an SSH connection."""
    return bool(os.environ.get("SSH_CONNECTION"))
