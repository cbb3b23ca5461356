"""Slow down password guessing, without hashing for it and without locking anybody else out.

Failures count for an account *as tried from one address*, so nobody can lock an account from elsewhere. They
count for the address as a whole too, for those who try one password on many accounts; from that, an account
that has logged in from the address before is free.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

FREE_FOR_ACCOUNT = 5
"""Failures on one account before the first delay: people mistype."""
FREE_FOR_ADDRESS = 20
FIRST_DELAY_S, LONGEST_DELAY_S = 1.0, 60.0
FORGET_S = 900.0
"""After this long without a failure, all are forgotten."""
REMEMBERED = 10_000
"""Accounts, and addresses; the one that was tried the longest ago is forgotten first."""
PATIENCE_S = 10.0
"""How long one of many logins that came together waits to hear how the others ended."""


class Throttled(Exception):
    """Too many failures. ``retry_after_s``: when the next attempt is accepted."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__(f"try again in {retry_after_s:.0f} s")
        self.retry_after_s = retry_after_s


@dataclass(slots=True)
class Record:
    """Failures of one account or address, and the attempts of which it is not known yet how they end."""

    free: int
    failures: int = 0
    under_way: int = 0
    blocked_until: float = 0.0
    failed_at: float = 0.0

    def has_room(self) -> bool:
        """Whether another attempt may begin: those under way may all fail."""
        return self.under_way < max(1, self.free - self.failures)

    def fail(self, now: float) -> None:
        """Count a failure; from the first that is not free on, each doubles the delay."""
        self.failures += 1
        self.failed_at = now
        if self.failures >= self.free:
            exponent = min(self.failures - self.free, 30)
            self.blocked_until = now + min(FIRST_DELAY_S * 2**exponent, LONGEST_DELAY_S)

    def forgive_if_long_ago(self, now: float) -> None:
        """Forget failures that nothing has followed for long."""
        if now - self.failed_at > FORGET_S:
            self.failures = 0


class Attempt:
    """A login under way. It has failed unless ``succeeded`` is set."""

    succeeded = False


class LoginThrottle:
    """The failures of one process. For threads; ``clock`` is monotonic, in seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._changed = threading.Condition()
        self._records: OrderedDict[Hashable, Record] = OrderedDict()
        self._at_home: OrderedDict[tuple[str, str], None] = OrderedDict()

    @contextmanager
    def attempt(self, account: str, address: str) -> Iterator[Attempt]:
        """Try a password inside. Raises ``Throttled`` instead of beginning when there were too many failures.

        Of many that come together only so many begin as may all fail; the others wait for their outcome.
        """
        with self._changed:
            records = self._begin(account, address)
        attempt, looked_at = Attempt(), False
        try:
            yield attempt
            looked_at = True
        finally:
            with self._changed:
                for record in records:
                    record.under_way -= 1
                if looked_at:
                    self._count(records, (account, address), attempt.succeeded)
                self._changed.notify_all()

    def _begin(self, account: str, address: str) -> list[Record]:
        give_up_at = time.monotonic() + PATIENCE_S
        while True:
            now = self._clock()
            records = self._records_of(account, address)
            for record in records:
                record.forgive_if_long_ago(now)
            blocked_s = max(record.blocked_until for record in records) - now
            if blocked_s > 0:
                raise Throttled(blocked_s)
            if all(record.has_room() for record in records):
                for record in records:
                    record.under_way += 1
                return records
            if not self._changed.wait(give_up_at - time.monotonic()):
                raise Throttled(FIRST_DELAY_S)

    def _records_of(self, account: str, address: str) -> list[Record]:
        keys: list[tuple[Hashable, int]] = [((account, address), FREE_FOR_ACCOUNT)]
        if (account, address) not in self._at_home:
            keys.append((address, FREE_FOR_ADDRESS))
        found = []
        for key, free in keys:
            found.append(self._records.setdefault(key, Record(free)))
            self._records.move_to_end(key)
        while len(self._records) > REMEMBERED:
            self._records.popitem(last=False)
        return found

    def _count(self, records: list[Record], pair: tuple[str, str], succeeded: bool) -> None:
        now = self._clock()
        if not succeeded:
            for record in records:
                record.fail(now)
        else:
            records[0].failures = 0  # not the address's: whoever has one account might guess at others
            self._at_home[pair] = None
            self._at_home.move_to_end(pair)
            while len(self._at_home) > REMEMBERED:
                self._at_home.popitem(last=False)


login_throttle = LoginThrottle()
