"""What is waiting to be sent to one client: bounded, and never in the reader's way."""

from __future__ import annotations

import asyncio
from collections import deque

from backend.engine.protocol import Event

ROOM = 32
"""A response waits while more events than this are unsent: about six seconds of audio."""
LIMIT = 5_000
"""A client that lets so many events pile up does not read, and is let go."""


class ClientTooSlow(Exception):
    """The client has left ``LIMIT`` events unread."""


class Outbox:
    """Events in order. ``put`` never waits, ``put_when_room`` does."""

    def __init__(self) -> None:
        self._events: deque[Event] = deque()
        self._arrived = asyncio.Event()
        self._has_room = asyncio.Event()
        self._has_room.set()

    def put(self, event: Event) -> None:
        """Queue at once: for replies to the client and for VAD, which must not wait behind a response.

        Raises ``ClientTooSlow`` when too much is unread already.
        """
        if len(self._events) >= LIMIT:
            raise ClientTooSlow
        self._events.append(event)
        self._arrived.set()
        if len(self._events) >= ROOM:
            self._has_room.clear()

    async def put_when_room(self, event: Event) -> None:
        """Queue as soon as the client has read enough: for the deltas of a response."""
        await self._has_room.wait()
        self.put(event)

    async def get(self) -> Event:
        """The next event to send; waits for one."""
        while not self._events:
            self._arrived.clear()
            await self._arrived.wait()
        event = self._events.popleft()
        if len(self._events) < ROOM:
            self._has_room.set()
        return event
