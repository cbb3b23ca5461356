"""Whether and when to retry a lost connection."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

FIRST_DELAY_S = 0.25
LONGEST_DELAY_S = 0.8
"""Whoever waits sees the conversation go on within a second of the server being reachable again."""
JITTER = 0.25
"""Each delay is shortened by up to this fraction, so that clients do not all return at once."""
HOPELESS_AT_FIRST = 3
"""Attempts if no connection of this run ever reached the audio stage."""
HOPELESS_AFTER = 110
"""Attempts in a row, about 75 s; after that, nobody is waiting, unless they asked for patience."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """Delays before attempt 1, 2, 3 ...: short, doubling, capped, with jitter."""

    random: Callable[[], float]
    """Uniform in [0, 1)."""
    first_s: float = FIRST_DELAY_S
    longest_s: float = LONGEST_DELAY_S

    def delay(self, attempt: int) -> float:
        """Seconds to wait before ``attempt`` (from 1)."""
        doublings = min(attempt - 1, 16)
        return min(self.longest_s, self.first_s * 2.0**doublings) * (1 - JITTER * self.random())


def decide(
    *, retryable: bool, attempt: int, ever_connected: bool, lost_for_s: float, patience_s: float | None
) -> bool:
    """Whether to make attempt number ``attempt`` (consecutive, from 1).

    ``retryable``: whether the close or error may be retried (bad token, quota and a refused beta API may not). A server
    that never answered is tried three times: a wrong address should be reported soon, but a server that is just
    starting should still be found. One that was lost is retried for ``patience_s``; None: forever.
    """
    if not retryable:
        return False
    if not ever_connected:
        return attempt <= HOPELESS_AT_FIRST
    return patience_s is None or (attempt <= HOPELESS_AFTER and lost_for_s <= patience_s)
