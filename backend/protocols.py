"""uvicorn's protocols, with limits on the number of connections and their idle time."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import struct
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request
from websockets.protocol import State

from backend.connection_limits import ConnectionLimits, Refusal

HEAD_TIMEOUT_S = 10.0
"""From connecting, or the first byte of a further request, to the end of its head."""
BODY_TIMEOUT_S = 120.0
"""2.5 MiB, the longest body, over 256 kbit/s take 80 s."""
LINGER_S = 1.0
"""A refused connection stays open for so long that its client can read why."""
LINGERING = 32
"""Refused connections that may stay at a time; the others are cut off."""
PING_INTERVAL_S = 4
VANISHED_S = 8.0
"""A ping unanswered for this long, with no sign of life from the client's kernel either: the machine is gone."""
_TCP_INFO = struct.Struct("=3x B 4x 16x I 28x I")
"""The start of Linux's ``struct tcp_info`` (linux/tcp.h): probes, unacked, last_ack_recv (ms)."""

SEND_NOW = "salesmind.send_now"
"""The ASGI extension with ``send_now``: ``{"send": a function}``."""

_REFUSALS: dict[Refusal, tuple[str, str]] = {
    "full": ("503 Service Unavailable", "The server has no room for more connections. Try again later."),
    "address_full": (
        "429 Too Many Requests",
        "Too many connections from this address. Close some, then try again.",
    ),
}
_TIMED_OUT = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"

logger = logging.getLogger("salesmind.connections")


def _refusal(refusal: Refusal) -> bytes:
    status, sentence = _REFUSALS[refusal]
    body = json.dumps({"detail": sentence})
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return f"{head}Retry-After: 5\r\nConnection: close\r\n\r\n{body}".encode()


class Doors:
    """What the connections of one server share: the limits, and how much of them has been logged."""

    def __init__(self, limits: ConnectionLimits, tell_addresses_apart: bool) -> None:
        self.limits = limits
        self.lingering = 0
        self._tell_addresses_apart = tell_addresses_apart
        self._refused: dict[Refusal, int] = {}

    def address(self, client: tuple[str, int] | None) -> str:
        """Whose limit a connection counts towards; behind a proxy all of them come from one address."""
        from backend.spin.addresses import canonical

        return canonical(client[0]) if client and self._tell_addresses_apart else ""

    def log_refusal(self, refusal: Refusal, address: str) -> None:
        """The first of its kind, and then each thousandth: whoever floods the server must not flood its log."""
        count = self._refused[refusal] = self._refused.get(refusal, 0) + 1
        if count % 1000 == 1:
            logger.warning(
                "Connection refused (%s): %s, number %d since the start", refusal, address or "-", count
            )


def text_frame_head(size_bytes: int) -> bytes:
    """What precedes ``size_bytes`` of payload in an unmasked frame that is a whole text message (RFC 6455, 5.2)."""
    if size_bytes < 126:
        return bytes((0x81, size_bytes))
    if size_bytes < 65536:
        return b"\x81\x7e" + size_bytes.to_bytes(2, "big")
    return b"\x81\x7f" + size_bytes.to_bytes(8, "big")


def guarded_protocols(
    doors: Doors, stall_s: float
) -> tuple[type[H11Protocol], type[WebSocketsSansIOProtocol]]:
    """The HTTP and the WebSocket protocol that share ``doors``. uvicorn makes one object for each connection."""

    class GuardedWebSocket(WebSocketsSansIOProtocol):
        """Counts as the HTTP connection did that it comes from, and notices a client's machine that vanished."""

        def connection_lost(self, exc: Exception | None) -> None:
            doors.limits.leave(doors.address(self.client))
            super().connection_lost(exc)

        def handle_connect(self, event: Request) -> None:
            """Offer the application a way to send without a coroutine."""
            super().handle_connect(event)
            if self.response.status_code == 101:
                self.scope["extensions"][SEND_NOW] = {"send": self.send_now}

        def send_now(self, text: str) -> bool:
            """Send a text message if that needs no waiting; False if it was not sent."""
            if not self.writable.is_set() or self.conn.state is not State.OPEN:
                return False
            payload = text.encode()
            self.transport.write(text_frame_head(len(payload)) + payload)
            return True

        def keepalive_timeout(self) -> None:
            """No pong yet. A client that is merely busy, or that we do not read, has a kernel that answers."""
            waited_s = self.loop.time() - self.ping_sent_at
            if waited_s < stall_s and not machine_gone(_tcp_info(self.transport)):
                self.pong_timer = self.loop.call_later(1.0, self.keepalive_timeout)
                return
            super().keepalive_timeout()
            self.transport.abort()  # closing would wait until what is in the socket has been taken

    class GuardedHTTP(H11Protocol):
        """Refuses connections beyond the limits, and drops clients that do not finish a request."""

        _refused = False
        _watched: tuple[str, asyncio.TimerHandle] | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            address = doors.address(self.client)
            if refusal := doors.limits.enter(address):
                self._refused = True
                doors.log_refusal(refusal, address)
                self._send_away(_refusal(refusal))
            else:
                self._watch()

        def _send_away(self, answer: bytes) -> None:
            if doors.lingering >= LINGERING:
                self.transport.abort()
                return
            doors.lingering += 1
            self.transport.write(answer)
            self.transport.write_eof()  # closing now would reset the connection if a request is still on its way
            self.loop.call_later(LINGER_S, self._cut_off)

        def _cut_off(self) -> None:
            doors.lingering -= 1
            self.transport.abort()

        def data_received(self, data: bytes) -> None:
            if not self._refused:
                super().data_received(data)
                self._watch()

        def handle_websocket_upgrade(self, event: h11.Request) -> None:
            self._stop_watching()
            super().handle_websocket_upgrade(event)

        def connection_lost(self, exc: Exception | None) -> None:
            self._stop_watching()
            if not self._refused:
                doors.limits.leave(doors.address(self.client))
            super().connection_lost(exc)

        def _watch(self) -> None:
            """Have a clock run while a request is being waited for; one for its head, another for its body."""
            upgraded = self.transport.get_protocol() is not self
            awaited = (
                None if upgraded else {h11.IDLE: "head", h11.SEND_BODY: "body"}.get(self.conn.their_state)
            )
            if self._watched is not None and self._watched[0] == awaited:
                return
            self._stop_watching()
            if awaited is not None:
                limit_s = HEAD_TIMEOUT_S if awaited == "head" else BODY_TIMEOUT_S
                self._watched = (awaited, self.loop.call_later(limit_s, self._give_up, awaited))

        def _stop_watching(self) -> None:
            if self._watched is not None:
                self._watched[1].cancel()
                self._watched = None

        def _give_up(self, awaited: str) -> None:
            self._watched = None
            if awaited == "head" and not self.transport.is_closing():
                self.transport.write(_TIMED_OUT)
                self.transport.close()
            else:
                self.transport.abort()

    return GuardedHTTP, GuardedWebSocket


def _tcp_info(transport: asyncio.BaseTransport) -> bytes:
    """Linux's ``struct tcp_info`` of a connection; empty where the system has none."""
    raw: Any = transport.get_extra_info("socket")
    if raw is None or not hasattr(socket, "TCP_INFO"):
        return b""
    try:
        return bytes(raw.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO.size))
    except OSError:
        return b""


def machine_gone(tcp_info: bytes) -> bool:
    """Whether something of ours has gone unacknowledged for ``VANISHED_S``, with nothing heard meanwhile.

    A program that is stopped or busy has a kernel that acknowledges, if only that its window is full.
    """
    if len(tcp_info) < _TCP_INFO.size:
        return False
    probes, unacknowledged, last_ack_ms = _TCP_INFO.unpack_from(tcp_info)
    return bool(probes or unacknowledged) and last_ack_ms >= VANISHED_S * 1000


class ExhaustionLog:
    """An exception handler for the loop: without descriptors it would log a traceback for every failed accept."""

    def __init__(self) -> None:
        self._told_at = float("-inf")

    def __call__(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Log it, once a minute at most; everything else as the loop itself would."""
        if "out of system resource" not in str(context.get("message")):
            loop.default_exception_handler(context)
        elif loop.time() >= self._told_at + 60:
            self._told_at = loop.time()
            logger.error("No file descriptors are left: new connections wait (%s)", context.get("exception"))
