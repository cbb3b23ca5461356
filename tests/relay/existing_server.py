"""A stand-in for an existing SalesMind server, whose upstream fails as upstreams do: it reports what happened, or says
nothing at all, and never closes the socket itself (docs/reference/salesmind-api.md, section 3).

REST is enough for logging in and starting a session, so that ``salesmind talk``, the console and ``salesmind check``
can be run against it: ``async with ExistingServer("beta_refused") as server: ... server.url``. From a test that is not
asynchronous, use ``serve_in_thread``.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
import threading
from collections.abc import Iterator
from typing import Any, Literal
from urllib.parse import urlsplit

import numpy as np
from websockets.asyncio.server import ServerConnection
from websockets.http11 import Request, Response

from tests.relay.fake_salesmind import SESSION_ID, TOKEN, FakeSalesMind, Socket, json_response

Upstream = Literal["well", "beta_refused", "key_missing", "quota", "expired", "mute", "busy"]

_SAID: dict[str, dict[str, Any]] = {
    "beta_refused": {
        "type": "invalid_request_error",
        "code": "beta_api_shape_disabled",
        "message": "The Realtime Beta API is no longer supported.",
    },
    "key_missing": {"type": "connection_error", "message": "OPENAI_API_KEY not configured"},
    "quota": {
        "type": "insufficient_quota",
        "code": "insufficient_quota",
        "message": "You exceeded your current quota.",
    },
    "expired": {
        "type": "invalid_request_error",
        "code": "session_expired",
        "message": "Your session hit the maximum duration of 60 minutes.",
    },
}


HEARD = "はじめまして。"
LOUD = 1_000
"""Samples beyond this are speech."""
SILENCE_BYTES = 24_000


class ExistingServer(FakeSalesMind):
    """``upstream``: what becomes of it. ``expired`` and ``busy`` happen once, on the first connection.

    - beta_refused, key_missing: reported as soon as the client connects, and nothing is answered.
    - quota, expired: reported when an answer is due, and nothing is answered from then on.
    - mute: takes everything and says nothing.
    - busy: an analysis blocks everything for ``busy_s`` when an answer is due; then it is given.

    An answer is due after a typed turn, and when half a second of silence follows on what is said. The words heard
    are always HEARD.
    """

    def __init__(self, upstream: Upstream = "well", *, busy_s: float = 2.0) -> None:
        super().__init__()
        self._upstream = upstream
        self._busy_s = busy_s
        self._quiet: dict[Socket, int] = {}
        """Bytes of silence since somebody spoke on that connection; absent while nobody has."""
        if upstream in ("beta_refused", "key_missing", "mute"):
            self.upstream_created = False
            self.stub = upstream == "beta_refused"
            self.ignore = {"session.update", "conversation.item.retrieve"}

    async def __aenter__(self) -> ExistingServer:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self, port: int = 0, *, tls: ssl.SSLContext | None = None) -> None:
        """Serve WebSocket and GET on a port of its own, and before it what takes POST as well."""
        await super().start()
        self._front = await asyncio.start_server(self._front_door, "127.0.0.1", port, ssl=tls)

    async def stop(self) -> None:
        self._front.close()
        await super().stop()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._front.sockets[0].getsockname()[1]}"

    async def _front_door(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """The WebSocket library takes no request with a body: those are answered here."""
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            method, target, _ = head.split(b" ", 2)
            if method == b"GET":
                await self._pass_on(head, reader, writer)
            else:
                body = json.dumps(self._posted(target.decode())).encode()
                kind = b"Content-Type: application/json\r\nConnection: close"
                writer.write(
                    b"HTTP/1.1 200 OK\r\n%b\r\nContent-Length: %d\r\n\r\n%b" % (kind, len(body), body)
                )
                await writer.drain()
        writer.close()

    async def _pass_on(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        behind_reader, behind_writer = await asyncio.open_connection("127.0.0.1", self.port)
        behind_writer.write(head)
        await asyncio.gather(_pipe(reader, behind_writer), _pipe(behind_reader, writer))

    def _posted(self, target: str) -> dict[str, Any]:
        if target == "/api/auth/login/":
            user = {"id": 1, "username": "admin", "email": "admin@example.com"}
            return {"message": "ok", "token": TOKEN, "user": user}
        return {**self.session, "realtime_mode": False, "status": "active"}

    def _request(self, connection: ServerConnection, request: Request) -> Response | None:
        match urlsplit(request.path).path:
            case "/api/health/":
                return json_response(200, {"status": "ok"})
            case "/api/session/list/":
                page = {"count": 1, "page": 1, "page_size": 20, "results": [self.session]}
                return json_response(200, page)
            case _:
                return super()._request(connection, request)

    async def _greet(self, socket: Socket) -> None:
        await super()._greet(socket)
        if self._upstream in ("beta_refused", "key_missing"):
            await socket.send("error", error=_SAID[self._upstream])

    async def _listen(self, socket: Socket, pcm: bytes) -> None:
        if np.abs(np.frombuffer(pcm, "<i2").astype(np.int32)).max(initial=0) > LOUD:
            self._quiet[socket] = 0
        elif socket in self._quiet:
            self._quiet[socket] += len(pcm)
            if self._quiet[socket] >= SILENCE_BYTES:
                del self._quiet[socket]
                heard_ms = len(socket.audio) // 48
                await self.hear(socket, f"item_heard_{heard_ms}", HEARD, end_ms=heard_ms)
                await self._answer(socket, {"type": "response.create"})

    async def _answer(self, socket: Socket, text: dict[str, Any]) -> None:
        first = len(self.sockets) == 1
        if text["type"] == "response.create":
            if self._upstream == "quota" or (self._upstream == "expired" and first):
                self.ignore = {"conversation.item.retrieve"}
                await socket.send("error", error=_SAID[self._upstream])
                return
            if self._upstream == "busy" and first:
                await asyncio.sleep(self._busy_s)
        await super()._answer(socket, text)


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.close()


@contextlib.contextmanager
def serve_in_thread(server: ExistingServer) -> Iterator[ExistingServer]:
    """Serve until the end of the block, on an event loop of its own."""
    ready, over = threading.Event(), asyncio.Event()
    loops: list[asyncio.AbstractEventLoop] = []

    async def serve() -> None:
        loops.append(asyncio.get_running_loop())
        async with server:
            ready.set()
            await over.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), name="existing-server")
    thread.start()
    try:
        assert ready.wait(10)
        yield server
    finally:
        loops[0].call_soon_threadsafe(over.set)
        thread.join(10)


__all__ = ["SESSION_ID", "TOKEN", "ExistingServer", "Upstream", "serve_in_thread"]
