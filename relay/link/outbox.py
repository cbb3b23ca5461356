"""Text messages on their way to one socket, so that whoever reads it need not wait for it to be written."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from api_client.client_events import ClientEvent, encode
from api_client.errors import ApiError
from api_client.realtime import RealtimeConnection
from relay.output import Output
from relay.stream import ProtocolEvent

OnSent = Callable[[float], None]
"""Told ``time.monotonic()`` at which the event was handed to the socket."""


class Outbox:
    """Sends what is posted, in order. One per socket."""

    def __init__(self, socket: RealtimeConnection, output: Output, connection: int) -> None:
        self._socket = socket
        self._output = output
        self._connection = connection
        self._queue: asyncio.Queue[tuple[ClientEvent, OnSent | None]] = asyncio.Queue()

    def post(self, event: ClientEvent, *, on_sent: OnSent | None = None) -> None:
        """Send ``event`` after everything posted before."""
        self._queue.put_nowait((event, on_sent))

    async def flush(self) -> None:
        """Wait until everything posted so far was handed to the socket."""
        await self._queue.join()

    async def run(self) -> None:
        """Send until cancelled, or until the socket is gone (its reader says so)."""
        while True:
            event, on_sent = await self._queue.get()
            try:
                await self._socket.send(event)
            except ApiError:
                return
            handed = time.monotonic()
            if on_sent is not None:
                on_sent(handed)
            self._output.emit(
                ProtocolEvent(
                    t=self._output.at(handed),
                    direction="out",
                    type=event.type,
                    size_bytes=len(encode(event)),
                    connection=self._connection,
                    item_id=getattr(event, "item_id", None),
                    response_id=getattr(event, "response_id", None),
                )
            )
            self._queue.task_done()
