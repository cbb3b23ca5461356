"""What a socket becomes: a WebSocket where its first request asks for one, else one plain HTTP exchange.

The websockets package reads requests without a body only and answers others with nothing; here they get an answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import h11
from websockets.asyncio.server import ServerConnection

from backend.engine.json_text import to_json

log = logging.getLogger(__name__)

MAX_SOCKETS = 512
"""Of more than this at once the idle ones are closed: each takes a file descriptor, of which a process has few."""
_OTHER_DESCRIPTORS = 64
"""Descriptors reserved for the engine itself if a process may have fewer than ``MAX_SOCKETS``."""
MAX_REQUEST_BYTES = 256 * 1024
_MAX_HEAD_BYTES = 64 * 1024
_HEAD_END = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class PlainRequest:
    """One HTTP request. ``headers`` by lower-case name."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class PlainAnswer:
    """The JSON answer to it."""

    status: HTTPStatus
    content: Any
    headers: tuple[tuple[str, str], ...] = ()

    def body(self) -> bytes:
        """The content as it is sent."""
        return to_json(self.content).encode() + b"\n"


@dataclass(slots=True)
class Doorman:
    """Counts one engine's sockets and answers its plain HTTP requests."""

    answer: Callable[[PlainRequest], PlainAnswer]
    _inside: dict[Doorway, None] = field(default_factory=dict)  # the oldest first
    _full: bool = False
    limit: int = field(init=False)

    def __post_init__(self) -> None:
        self.limit = min(MAX_SOCKETS, _descriptors() - _OTHER_DESCRIPTORS)

    def admit(self, socket: Doorway) -> bool:
        """Whether there is room for one more; the socket idle longest is closed to make it.

        That it got full is logged once, not for each.
        """
        if len(self._inside) >= self.limit:
            if not self._full:
                log.warning("%d sockets are open; more push out the idle ones, or are closed", self.limit)
            self._full = True
            idle = next((other for other in self._inside if not other.is_websocket), None)
            if idle is None:
                return False
            idle.transport.abort()
            del self._inside[idle]
        self._inside[socket] = None
        return True

    def leave(self, socket: Doorway) -> None:
        """A socket has gone, admitted or not."""
        if socket in self._inside:
            del self._inside[socket]
            self._full = False

    def send_away(self) -> None:
        """Close sockets without a request: a stopping engine does not wait for them."""
        for socket in list(self._inside):
            if not socket.is_websocket:
                socket.transport.abort()


class Doorway(ServerConnection):
    """One socket. ``doorman`` is set by a subclass made for each engine, as ``serve`` makes the connections."""

    doorman: Doorman

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._head = b""
        self._http: h11.Connection | None = None
        self._body = bytearray()
        self._request: h11.Request | None = None
        self.is_websocket = self._answered = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Let the socket in, unless too many are in already."""
        super().connection_made(transport)
        if not self.doorman.admit(self):
            self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Make room for the next."""
        self.doorman.leave(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Hold back the head of the first request, and pass everything on to whom it is meant for."""
        if self.is_websocket:
            super().data_received(data)
        elif self._http is not None:
            self._read_plain(data)
        else:
            self._head += data
            self._decide()

    def _decide(self) -> None:
        if not self._head[:1].isalpha():
            if self._head[:1] == b"\x16":
                log.warning("a client spoke TLS to a port without: ws:// in place of wss://, or --tls-cert")
            self.transport.close()
            return
        head, end, _ = self._head.partition(_HEAD_END)
        if not end and len(head) < _MAX_HEAD_BYTES:
            return
        data, self._head = self._head, b""
        if end and _asks_for_websocket(head):
            self.is_websocket = True
            super().data_received(data)
            return
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=_MAX_HEAD_BYTES)
        self._read_plain(data)

    def _read_plain(self, data: bytes) -> None:
        """Gather one request and answer it; what comes after it is not read."""
        http = self._http
        if http is None or self._answered:
            return
        try:
            http.receive_data(data)
            while (event := http.next_event()) not in (h11.NEED_DATA, h11.PAUSED):
                if isinstance(event, h11.Request):
                    self._request = event
                elif isinstance(event, h11.Data):
                    self._body += event.data
                    if len(self._body) > MAX_REQUEST_BYTES:
                        self._reply(
                            error_answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The body is too long.")
                        )
                        return
                elif isinstance(event, h11.EndOfMessage) and self._request is not None:
                    self._reply(self._answer(self._request))
                    return
                else:
                    return
            if http.they_are_waiting_for_100_continue:
                self.transport.write(http.send(h11.InformationalResponse(status_code=100, headers=[])) or b"")
        except h11.RemoteProtocolError:
            self._reply(error_answer(HTTPStatus.BAD_REQUEST, "This is no HTTP request."))

    def _answer(self, request: h11.Request) -> PlainAnswer:
        plain = PlainRequest(
            method=request.method.decode("ascii"),
            target=request.target.decode("ascii", "replace"),
            headers={name.decode("ascii"): value.decode("latin-1") for name, value in request.headers},
            body=bytes(self._body),
        )
        try:
            return self.doorman.answer(plain)
        except Exception:  # a fault of ours is told to the client, and the engine goes on
            log.exception("request could not be answered")
            message = "The server had an error while processing your request."
            return error_answer(HTTPStatus.INTERNAL_SERVER_ERROR, message, kind="server_error")

    def _reply(self, answer: PlainAnswer) -> None:
        assert self._http is not None
        self._answered = True
        body = answer.body()
        headers = [
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(body))),
            ("Connection", "close"),
            *answer.headers,
        ]
        response = h11.Response(
            status_code=answer.status, headers=headers, reason=answer.status.phrase.encode()
        )
        if self._request is not None and self._request.method == b"HEAD":
            body = b""
        with contextlib.suppress(h11.LocalProtocolError):  # a request so broken that nothing fits it
            sent = self._http.send(response) or b""
            sent += self._http.send(h11.Data(data=body)) or b""
            self.transport.write(sent)
        if self._http.their_state is h11.SEND_BODY:
            # Closing on what is still being sent would take the answer along. It is read, and thrown away, until
            # the other side has closed or its time is up.
            self._body.clear()
            return
        self.transport.close()


def _descriptors() -> int:
    """How many files and sockets this process may have open."""
    try:
        import resource
    except ImportError:  # Windows, where sockets are no files
        return sys.maxsize
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return sys.maxsize if soft == resource.RLIM_INFINITY else soft


def error_answer(
    status: HTTPStatus,
    message: str,
    code: str | None = None,
    param: str | None = None,
    *,
    kind: str = "invalid_request_error",
    headers: tuple[tuple[str, str], ...] = (),
) -> PlainAnswer:
    """An error in the form in which OpenAI's HTTP interface tells one."""
    error = {"message": message, "type": kind, "param": param, "code": code}
    return PlainAnswer(status, {"error": error}, headers)


def _asks_for_websocket(head: bytes) -> bool:
    """Whether the head of a request is one of a WebSocket handshake."""
    if not head.startswith(b"GET "):
        return False
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"upgrade":
            return b"websocket" in value.lower()
    return False
