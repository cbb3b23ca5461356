"""Two loopback ports of a demo box for one visitor's microphone and loudspeaker, taken by no other visitor.

A claim is an abstract Unix socket (Linux): the kernel lets one process have each name, whatever user it runs as, and
frees it however the process ends.
"""

from __future__ import annotations

import contextlib
import random
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass

LOOPBACK = "127.0.0.1"


class NoPortsFree(Exception):
    """Every pair is taken, or this system cannot claim one."""


@dataclass(frozen=True, slots=True)
class PortRange:
    """``first`` to ``last``, both included; pairs begin at ``first``."""

    first: int
    last: int

    @classmethod
    def parse(cls, text: str) -> PortRange:
        """``20000-20079``. Raises ``ValueError`` unless it holds at least one pair of unprivileged ports."""
        found = re.fullmatch(r"([0-9]{4,5})-([0-9]{4,5})", text)
        if found is None:
            raise ValueError(text)
        first, last = int(found[1]), int(found[2])
        if not 1024 <= first < last <= 65_535:
            raise ValueError(text)
        return cls(first, last)

    def pairs(self) -> Iterator[int]:
        """The first port of each pair."""
        return iter(range(self.first, self.last, 2))


@dataclass(frozen=True, slots=True)
class VoicePorts:
    """A claim. Forwarded from the laptop: ``microphone`` is read, ``loudspeaker`` is written."""

    microphone: int
    _claim: socket.socket

    @property
    def loudspeaker(self) -> int:
        """The port after the microphone's."""
        return self.microphone + 1

    @property
    def source(self) -> str:
        """As ``--source`` names it."""
        return f"tcp:{LOOPBACK}:{self.microphone}"

    @property
    def sink(self) -> str:
        """As ``--sink`` names it."""
        return f"tcp:{LOOPBACK}:{self.loudspeaker}"

    def release(self) -> None:
        """Let others have them."""
        self._claim.close()


def claim(ports: PortRange) -> VoicePorts:
    """A pair of ``ports``, chosen at random, on which nobody listens. Raises ``NoPortsFree``."""
    for first in random.SystemRandom().sample(list(ports.pairs()), len(list(ports.pairs()))):
        if _listened_to(first) or _listened_to(first + 1):
            continue  # somebody's tunnel: a stranger's microphone must not become this visitor's
        held = socket.socket(socket.AF_UNIX)
        try:
            held.bind(f"\0salesmind-voice-port-{first}")
        except OSError:
            held.close()
            continue
        return VoicePorts(first, held)
    raise NoPortsFree


def _listened_to(port: int) -> bool:
    """Asked without connecting: a tunnel would carry the connection to the laptop."""
    with socket.socket() as probe:
        probe.setsockopt(
            socket.SOL_SOCKET, socket.SO_REUSEADDR, 1
        )  # only listeners count, not past connections
        with contextlib.suppress(OSError):
            probe.bind((LOOPBACK, port))
            return False
    return True
