"""Connection limits of the embedded server, in total and per address: plain counting, no sockets."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

DESCRIPTORS_FOR_THE_REST = 100
"""Database, log, engine, modules."""
DESCRIPTORS_EACH = 3
"""A client's socket, the upstream's that belongs to it, and a share of the threads' database files."""
SHARE_OF_ONE_ADDRESS = 0.75
"""So that the others still get in where descriptors are few."""

Refusal = Literal["full", "address_full"]


def raise_descriptor_limit() -> int:
    """Raise the file descriptor limit as far as allowed; returns the limit."""
    if sys.platform == "win32":
        return 8192  # sockets are handles there, of which there are plenty
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard in (resource.RLIM_INFINITY, -1):
        hard = 65_536
    if soft < hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
        except (ValueError, OSError):  # macOS has a limit of its own below the one it names
            return soft
    return max(soft, hard)


@dataclass(slots=True)
class ConnectionLimits:
    """Counts open connections. An unknown address ("") only counts towards the total."""

    in_all: int
    per_address: int
    open_in_all: int = 0
    _open: Counter[str] = field(default_factory=Counter)

    @classmethod
    def within(cls, descriptors: int, in_all: int, per_address: int) -> ConnectionLimits:
        """The requested limits, or lower ones, so that descriptors never run out."""
        in_all = min(in_all, max(4, (descriptors - DESCRIPTORS_FOR_THE_REST) // DESCRIPTORS_EACH))
        return cls(in_all, min(per_address, max(1, int(in_all * SHARE_OF_ONE_ADDRESS))))

    def enter(self, address: str) -> Refusal | None:
        """Count a connection, or return why it is refused."""
        if self.open_in_all >= self.in_all:
            return "full"
        if address and self._open[address] >= self.per_address:
            return "address_full"
        self.open_in_all += 1
        if address:
            self._open[address] += 1
        return None

    def leave(self, address: str) -> None:
        """Remove a connection that ``enter`` counted."""
        self.open_in_all -= 1
        if address:
            self._open[address] -= 1
            if self._open[address] <= 0:
                del self._open[address]
