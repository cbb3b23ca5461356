"""Whether the line to the terminal is too slow for what is written to it.

A terminal that does not take everything at once leaves its descriptor unwritable: the buffer of the pseudo-terminal is
full because sshd does not read it, because its own connection is congested.
"""

from __future__ import annotations

import os
import select
from collections import deque

SAMPLES = 40
"""How many samples are looked at: ten seconds of them."""
SAMPLE_EVERY_S = 0.25
SLOW_SHARE = 0.5


class LineWatch:
    """Fed with samples: was there room for more?"""

    def __init__(self) -> None:
        self._samples: deque[bool] = deque(maxlen=SAMPLES)

    def sample(self, writable: bool) -> bool:
        """Take one in. Returns whether the line is slow: for half of the last ten seconds there was no room."""
        self._samples.append(writable)
        full = len(self._samples) == SAMPLES
        return full and self._samples.count(False) >= SLOW_SHARE * SAMPLES


def has_room(descriptor: int) -> bool:
    """Whether the terminal takes more at this moment."""
    poll = select.poll()
    try:
        poll.register(descriptor, select.POLLOUT)
        return bool(poll.poll(0))
    except OSError:
        return True  # gone, which others notice


def over_ssh() -> bool:
    """Whether the terminal is at the other end of an SSH connection."""
    return bool(os.environ.get("SSH_CONNECTION"))
