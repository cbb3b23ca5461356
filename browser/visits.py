"""Who is visiting: one program and one pair of sound ports for each, and no more visitors than allowed."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from browser.sound import Sound
from browser.terminal import Terminal

ARRIVAL_TIMEOUT_S = 30.0
"""How long a place is kept for a visitor whose terminal has not connected yet."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a visitor arrives with: the language of the page, and the sound that the browser has allowed."""

    language: str
    microphone: bool


@dataclass(frozen=True, slots=True)
class Arrival:
    """What the program is started with: ``source`` and ``sink`` are the visitor's sound as the console names it."""

    language: str
    source: str
    sink: str


CommandFor = Callable[[Arrival], Sequence[str]]


class Full(Exception):
    """All places are taken."""


class Visit:
    """One visitor, from the button to the end. ``key`` is known to this visitor only."""

    def __init__(self, number: int, wish: Wish) -> None:
        self.number = number
        self.key = secrets.token_urlsafe(24)
        self.sound = Sound()
        self.terminal: Terminal | None = None
        self._wish = wish
        self._began = time.monotonic()

    def start(self, command_for: CommandFor, columns: int, rows: int) -> Terminal:
        """Start the visitor's program. Raises ``OSError``."""
        source = self.sound.source if self._wish.microphone else "silence"
        arrival = Arrival(self._wish.language, source, self.sound.sink)
        environment = {
            **os.environ,
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "SALESMIND_LANG": arrival.language,
            "SALESMIND_SOURCE": arrival.source,
            "SALESMIND_SINK": arrival.sink,
        }
        self.terminal = Terminal(command_for(arrival), environment, columns, rows)
        log.info("Visit %d: program %d started", self.number, self.terminal.pid)
        return self.terminal

    async def end(self) -> None:
        """End the program and close the ports; may be called twice."""
        terminal, self.terminal = self.terminal, None
        self.sound.close()
        if terminal is not None:
            await terminal.hang_up()
            log.info("Visit %d ended after %.0f s", self.number, time.monotonic() - self._began)


class Visits:
    """All visitors. ``most``: how many at a time."""

    def __init__(self, command_for: CommandFor, most: int) -> None:
        self.most = most
        self._command_for = command_for
        self._visits: dict[str, Visit] = {}
        self._count = 0
        self._timers: dict[str, asyncio.TimerHandle] = {}

    def __len__(self) -> int:
        return len(self._visits)

    async def admit(self, wish: Wish) -> Visit:
        """A place, kept for ``ARRIVAL_TIMEOUT_S``. Raises ``Full``, or ``OSError`` if no port is free."""
        if len(self) >= self.most:
            raise Full
        self._count += 1
        visit = Visit(self._count, wish)
        self._visits[visit.key] = visit
        try:
            await visit.sound.open()
        except OSError:
            await self.leave(visit)
            raise
        loop = asyncio.get_running_loop()
        self._timers[visit.key] = loop.call_later(ARRIVAL_TIMEOUT_S, self._give_up, visit)
        return visit

    def find(self, key: str) -> Visit | None:
        """The visit with this key."""
        return self._visits.get(key)

    def start(self, visit: Visit, columns: int, rows: int) -> Terminal | None:
        """The program of ``visit``; None if it has been started before. Raises ``OSError``."""
        timer = self._timers.pop(visit.key, None)
        if timer is None:
            return None
        timer.cancel()
        return visit.start(self._command_for, columns, rows)

    async def leave(self, visit: Visit) -> None:
        """End ``visit``; its place is free once its program is gone."""
        timer = self._timers.pop(visit.key, None)
        if timer is not None:
            timer.cancel()
        await visit.end()
        self._visits.pop(visit.key, None)

    async def close(self) -> None:
        """End all."""
        await asyncio.gather(*(self.leave(visit) for visit in list(self._visits.values())))

    def _give_up(self, visit: Visit) -> None:
        self._timers.pop(visit.key, None)
        visit.sound.close()
        self._visits.pop(visit.key, None)
