"""The Realtime endpoint that the server relays to, in a thread of the test."""

from __future__ import annotations

import asyncio
import json
import queue
import threading
from collections.abc import Awaitable, Callable
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

TIMEOUT_S = 15.0
Handler = Callable[[ServerConnection], Awaitable[None]]


class Upstream:
    """A Realtime endpoint that does what the test says, on a loop of its own."""

    def __init__(self) -> None:
        self.received: queue.Queue[str | bytes] = queue.Queue()
        self.headers: queue.Queue[dict[str, str]] = queue.Queue()
        self.paths: queue.Queue[str] = queue.Queue()
        self.closed: queue.Queue[int | None] = queue.Queue()
        self.handler: Handler = self.converse
        self._loop = asyncio.new_event_loop()
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._started.wait(TIMEOUT_S)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._start())
        self._started.set()
        self._loop.run_forever()

    async def _start(self) -> None:
        self._stop_reading = asyncio.Event()
        self._server = await serve(
            self._connected, "127.0.0.1", 0, max_size=None, compression=None, close_timeout=1
        )
        port = self._server.sockets[0].getsockname()[1]
        self.url = f"ws://127.0.0.1:{port}/v1/realtime"

    async def _connected(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        self.headers.put(dict(connection.request.headers.raw_items()))
        self.paths.put(connection.request.path)
        try:
            await self.handler(connection)
            await connection.wait_closed()
        except ConnectionClosed:
            pass
        self.closed.put(connection.close_code)

    async def converse(self, connection: ServerConnection) -> None:
        """Behave: created, updated for each update, and note everything that comes."""
        await connection.send(
            json.dumps({"type": "session.created", "event_id": "event_1", "session": {"model": "m"}})
        )
        async for message in connection:
            self.received.put(message)
            if isinstance(message, str) and json.loads(message).get("type") == "session.update":
                await connection.send(json.dumps({"type": "session.updated", "session": {}}))

    def saying(self, *messages: str | bytes, close: tuple[int, str] | None = None) -> Handler:
        """A handler that sends ``messages`` after its session.created, then closes or converses."""

        async def handler(connection: ServerConnection) -> None:
            for message in messages:
                await connection.send(message)
            if close is not None:
                await connection.close(*close)
                return
            await self.converse(connection)

        return handler

    async def next_message(self) -> Any:
        """The next message that reached the upstream, decoded."""
        message = await asyncio.to_thread(self.received.get, timeout=TIMEOUT_S)
        return json.loads(message) if isinstance(message, str) else message

    def reset(self) -> None:
        """Behave again, and forget what was."""
        self.handler = self.converse
        for noted in (self.received, self.headers, self.paths, self.closed):
            while not noted.empty():
                noted.get_nowait()

    def stop(self) -> None:
        """End the thread."""

        async def close() -> None:
            self._server.close()
            await self._server.wait_closed()

        asyncio.run_coroutine_threadsafe(close(), self._loop).result(TIMEOUT_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(TIMEOUT_S)
        self._loop.close()
