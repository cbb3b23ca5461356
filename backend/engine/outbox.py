"""One client's send queue: bounded, and never blocking the reader."""

from __future__ import annotations

import asyncio
import time
from collections import deque

from backend.engine.json_text import to_json
from backend.engine.protocol import Event

ROOM = 32
"""Unsent events beyond which a response waits: about six seconds of audio."""
LIMIT_BYTES = 64 * 1024 * 1024
"""A client with this much unread is not reading and is dropped."""
POLICY_VIOLATION = 1008


class Closing(Exception):
    """Everything has been sent; the socket is to be closed with ``code`` and ``reason``."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Outbox:
    """Events in order, written as JSON the moment they are put, so that what they show cannot change."""

    def __init__(self) -> None:
        self._frames: deque[tuple[float, str | bytes]] = deque()
        self.queued_at = 0.0
        """When the frame that ``get`` gave last was put, on the monotonic clock."""
        self._size = 0
        self._closing: Closing | None = None
        self._arrived = asyncio.Event()
        self._has_room = asyncio.Event()
        self._has_room.set()

    def put(self, event: Event) -> None:
        """Queue ``event`` at once. With ``LIMIT_BYTES`` unread it is dropped and the client let go."""
        self.put_frame(to_json(event))

    def put_frame(self, frame: str | bytes) -> None:
        """Queue a raw frame; bytes become a binary one."""
        if self._closing is not None:
            return
        if self._size + len(frame) > LIMIT_BYTES:
            self.finish(POLICY_VIOLATION, "client does not read", at_once=True)
            return
        self._frames.append((time.monotonic(), frame))
        self._size += len(frame)
        self._arrived.set()
        if len(self._frames) >= ROOM:
            self._has_room.clear()

    def finish(self, code: int, reason: str, *, at_once: bool = False) -> None:
        """Close the socket after what is queued, or without it; nothing more is taken."""
        if at_once:
            self._frames.clear()
        self._closing = Closing(code, reason)
        self._arrived.set()
        self._has_room.set()

    async def room(self) -> None:
        """Wait until the client has read enough: for the deltas of a response."""
        await self._has_room.wait()

    async def get(self) -> str | bytes:
        """The next frame to send; waits for one. Raises ``Closing`` after the last."""
        while not self._frames:
            if self._closing is not None:
                raise self._closing
            self._arrived.clear()
            await self._arrived.wait()
        self.queued_at, frame = self._frames.popleft()
        self._size -= len(frame)
        if len(self._frames) < ROOM:
            self._has_room.set()
        return frame
