"""The queue of text messages to one socket, so that its reader never waits for a write."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from api_client.client_events import ClientEvent
from api_client.errors import ApiError
from api_client.realtime import RealtimeConnection
from relay.link.protocol_log import ProtocolLog

OnSent = Callable[[float], None]
"""Called with the ``time.monotonic()`` at which the event was handed to the socket."""


class Outbox:
    """Sends what is posted, in order. One per socket."""

    def __init__(self, socket: RealtimeConnection, log: ProtocolLog) -> None:
        self._socket = socket
        self._log = log
        self._queue: asyncio.Queue[tuple[ClientEvent, OnSent | None]] = asyncio.Queue()

    def post(self, event: ClientEvent, *, on_sent: OnSent | None = None) -> None:
        """Send ``event`` after everything posted before."""
        self._queue.put_nowait((event, on_sent))

    async def flush(self) -> None:
        """Wait until everything posted so far was handed to the socket."""
        await self._queue.join()

    async def run(self) -> None:
        """Send until cancelled, or until the socket is gone (its reader reports that)."""
        while True:
            event, on_sent = await self._queue.get()
            try:
                await self._socket.send(event)
            except ApiError:
                return
            handed = time.monotonic()
            if on_sent is not None:
                on_sent(handed)
            self._log.sent(event, handed)
            self._queue.task_done()
