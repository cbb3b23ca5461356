"""Limits on open conversations per account and per address in this process."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

Key = TypeVar("Key", int, str)


class TooManySockets(Exception):
    """The account or the address has reached its limit."""


class OpenSockets:
    """Counts of open conversations. For one event loop."""

    def __init__(self) -> None:
        self._accounts: Counter[int] = Counter()
        self._addresses: Counter[str] = Counter()

    @contextmanager
    def one_more(self, account: int, address: str, per_account: int, per_address: int) -> Iterator[None]:
        """Count a conversation for as long as it lasts. Raises ``TooManySockets``.

        An address that is not known ("") has no limit.
        """
        if self._accounts[account] >= per_account or (address and self._addresses[address] >= per_address):
            raise TooManySockets
        self._accounts[account] += 1
        self._addresses[address] += 1
        try:
            yield
        finally:
            _count_out(self._accounts, account)
            _count_out(self._addresses, address)


def _count_out(counts: Counter[Key], key: Key) -> None:
    counts[key] -= 1
    if not counts[key]:
        del counts[key]


open_sockets = OpenSockets()
