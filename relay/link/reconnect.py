"""When a lost connection is worth trying again, and how soon."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

FIRST_DELAY_S = 0.25
LONGEST_DELAY_S = 2.0
JITTER = 0.25
"""Each delay is shortened by up to this part, so that many clients do not come back at once."""
HOPELESS_AT_FIRST = 3
"""Attempts when no connection of this run ever got as far as audio."""
HOPELESS_AFTER = 40
"""Attempts in a row, about 75 s: then nobody is waiting any more, or somebody who is is patient."""
SLOW_DELAY_S = 5.0
"""For whoever is patient."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """Delays before attempt 1, 2, 3 ...: short, doubling, capped, with jitter.

    Short caps come back 1.6 to 2.5 s after an outage of 20 s, where long ones come back 10 s late.
    """

    random: Callable[[], float]
    """Uniform in [0, 1)."""
    first_s: float = FIRST_DELAY_S
    longest_s: float = LONGEST_DELAY_S

    def delay(self, attempt: int) -> float:
        """Seconds to wait before ``attempt`` (from 1)."""
        doublings = min(attempt - 1, 16)
        longest_s = self.longest_s if attempt <= HOPELESS_AFTER else SLOW_DELAY_S
        return min(longest_s, self.first_s * 2.0**doublings) * (1 - JITTER * self.random())


def decide(
    *, retryable: bool, attempt: int, ever_connected: bool, lost_for_s: float, patience_s: float | None
) -> bool:
    """Whether attempt ``attempt`` (from 1, in a row) should be made.

    ``retryable`` is the meaning of the close or error (bad token, quota and a refused beta shape are not). A server
    that never answered at all is tried three times: a wrong address should be said soon, and a server that is just
    starting should still be found. One that has been lost is tried for ``patience_s``; None: without end.
    """
    if not retryable:
        return False
    if not ever_connected:
        return attempt <= HOPELESS_AT_FIRST
    return patience_s is None or (attempt <= HOPELESS_AFTER and lost_for_s <= patience_s)
