"""The relay's WebSocket: raw PCM16 and JSON out, typed events in (salesmind-api.md, section 3)."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Any, Literal, NamedTuple, Protocol, Self
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import (
    ConnectionClosed,
    InvalidMessage,
    InvalidProxy,
    InvalidProxyStatus,
    InvalidStatus,
    ProxyError,
    WebSocketException,
)
from websockets.frames import CloseCode as FrameCloseCode

from api_client import peer
from api_client.client_events import ClientEvent, encode
from api_client.close_codes import CloseMeaning, close_meaning, unreadable
from api_client.connect_errors import (
    look_up_host,
    proxy_refused,
    proxy_unreachable,
    timeout_error,
    tls_error,
    unreachable_error,
)
from api_client.errors import ApiError, ConnectionLost, SendStalled, UnexpectedAnswer
from api_client.events import BinaryAudio, ServerEvent, SessionCreated, decode_event
from api_client.handshake_errors import handshake_error
from api_client.harmless import one_line
from api_client.proxies import Proxy, proxy_for
from api_client.server_url import normalise_server_url, realtime_url
from api_client.session_update import Dialect
from api_client.tls import client_ssl_context

MAX_MESSAGE_BYTES = 32 * 2**20
"""Largest received message. An item with its audio exceeds the library's 1 MiB (realtime-protocol, section 1)."""
PING_INTERVAL_S = 1.0
PING_TIMEOUT_S = 40.0
"""Long, because a busy server answers late. Whoever watches ``heard_at`` notices a dead one sooner."""
LINE_FULL_BYTES = 8_192
"""Waiting in this process: the kernel then holds ``peer.UNSENT_BYTES`` more, and the network what it carries."""
SLOW_BYTES = 16_384
"""More than that is unacknowledged all the time on a line that is slower than what is sent."""
CLOSE_TIMEOUT_S = 1.0
DRAIN_TIMEOUT_S = 3.0
"""Time (s) to flush earlier data when closing a slow connection."""
SEND_TIMEOUT_S = 30.0 if peer.KNOWN else 5.0
"""A connection counts as dead if a message is not accepted by then (s), even if the peer is alive."""
DRAIN_CHECK_S = 0.2
DRAIN_BYTES = 524_288
"""No slow connection carries more than this in that time."""
PEER_CHECK_S = 0.5
RECEIVE_QUEUE = 256
"""Queued messages beyond which reading from the socket pauses."""

_VIOLATIONS = frozenset(
    {FrameCloseCode.PROTOCOL_ERROR, FrameCloseCode.INVALID_DATA, FrameCloseCode.MESSAGE_TOO_BIG}
)
"""Codes the library sends as it drops a peer; the peer's own code is then 1006."""

# The library writes request lines, with the token in them, to its logger at DEBUG. This one takes nothing.
# It stands outside logging's hierarchy, so that no configuration can wake it.
_silent = logging.Logger("silent", level=logging.CRITICAL + 1)


class Received(NamedTuple):
    """One message: ``at`` is ``time.monotonic()`` when its last bytes came, ``size_bytes`` its payload's size."""

    event: ServerEvent
    at: float
    size_bytes: int


class Tap(Protocol):
    """Called with each message sent or received at monotonic ``at``."""

    def __call__(self, direction: Literal["in", "out"], message: str | bytes, at: float) -> None:
        """Must return at once and never raise."""
        ...


class _StampedConnection(ClientConnection):
    """Timestamps bytes on arrival: by the time a message leaves the queue, a busy loop may be late."""

    arrived_at: float = 0.0

    def data_received(self, data: bytes) -> None:
        self.arrived_at = time.monotonic()
        super().data_received(data)


class _Connect(connect):
    """Follows no redirect: the token in the query would be sent along."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


class RealtimeConnection:
    """One open socket to the relay. Made by ``open``; ``repr`` leaves the token out.

    Iterating gives a ``Received`` for each message and ends when the socket is closed, by whichever side:
    ``close_code``, ``close_reason`` and ``meaning`` then say how.
    """

    def __init__(self, websocket: _StampedConnection, server_url: str, session_id: str | None) -> None:
        self._websocket = websocket
        self._server_url = server_url
        self._session_id = session_id
        self._dialect: Dialect | None = None
        self._unreadable: str | None = None
        """Why we dropped the connection, if it was for what the server sent."""
        self._peer = peer.Peer(websocket.transport.get_extra_info("socket"))
        self._peer.set_limits(SEND_TIMEOUT_S)
        self._watching = asyncio.create_task(self._watch_peer(), name="peer")
        self.tap: Tap | None = None
        """Told of every message as it is on the wire, for a recording."""

    @classmethod
    async def open(
        cls,
        server_url: str,
        token: str | None,
        session_id: str | None = None,
        *,
        insecure: bool = False,
        open_timeout_s: float = 10.0,
        language: str = "en",
    ) -> Self:
        """Connect. An open socket does not mean that the server's upstream is ready: wait for
        ``session.created``. Without a token every server must refuse: that is for acceptance tests.

        Raises ``BadUrl``, ``InvalidParameter``, ``ServerUnreachable`` (and its subclasses for names and proxies),
        ``ServerTimeout``, ``TlsError``, ``UnexpectedRedirect``, ``UnexpectedAnswer`` (no WebSocket server) and
        ``RealtimeRefused``.
        """
        base = normalise_server_url(server_url)
        url = realtime_url(base, token, session_id)
        proxy = proxy_for(base)
        await look_up_host(base, proxy)
        failure: ApiError
        try:
            connection = await _dial(url, proxy, insecure, open_timeout_s, language)
        except (WebSocketException, OSError, EOFError, ImportError, ValueError) as error:
            failure = _open_error(error, base, open_timeout_s, proxy)
        else:
            return cls(connection, base, session_id)
        # Outside the except block: the library's exceptions hold the URI, and with it the token.
        raise failure

    def __repr__(self) -> str:
        return f"<RealtimeConnection {self._server_url} session={self._session_id}>"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @property
    def dialect(self) -> Dialect | None:
        """The upstream's dialect, once ``session.created`` has shown it."""
        return self._dialect

    @property
    def close_code(self) -> int | None:
        """Null while open; 1006 when the socket was lost without a close frame."""
        return self._websocket.close_code

    @property
    def close_reason(self) -> str:
        """The peer's close reason, usually empty."""
        return one_line(self._websocket.close_reason or "")

    @property
    def heard_at(self) -> float:
        """``time.monotonic()`` at which anything last came, be it the answer to a ping."""
        return self._websocket.arrived_at

    @property
    def ping_s(self) -> float:
        """How long the answer to the last ping took, in seconds; 0.0 before the first."""
        return self._websocket.latency

    @property
    def line_full(self) -> bool:
        """Whether what was sent waits in this process, because the network takes no more."""
        return self._websocket.transport.get_write_buffer_size() >= LINE_FULL_BYTES

    @property
    def acknowledged_bytes(self) -> int | None:
        """How much of what waits on a slow line has gone out so far; None if the line is not slow, or it is unknown."""
        return self._peer.acknowledged_bytes() if self._waiting_bytes() >= SLOW_BYTES else None

    @property
    def meaning(self) -> CloseMeaning | None:
        """The meaning of the close; null while open."""
        code = self.close_code
        if code is None:
            return None
        return (
            close_meaning(code, self.close_reason)
            if self._unreadable is None
            else unreadable(self._unreadable)
        )

    async def send_audio(self, pcm: bytes | bytearray | memoryview) -> None:
        """Send PCM16 LE mono 24 kHz as one binary message. Raises ``ConnectionLost`` and ``SendStalled``."""
        await self._send(pcm, text=False)

    async def send(self, event: ClientEvent) -> None:
        """Send an event as one text message. Raises ``ConnectionLost``, ``SendStalled`` and ``NotText``."""
        await self._send(encode(event), text=True)

    def abort(self) -> None:
        """Drop the connection at once, without a closing handshake: it is dead."""
        self._websocket.transport.abort()

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Close, waiting at most ``CLOSE_TIMEOUT_S`` for the peer's answer. Harmless when closed already."""
        await self._drain()
        self._watching.cancel()
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self._websocket.close(code, reason)
        except TimeoutError:
            # The library's own limit begins when the close is sent, and that waits behind a message that is stuck.
            self._websocket.transport.abort()
            await self._websocket.wait_closed()

    async def _drain(self) -> None:
        """Let a slow connection drain while it makes progress: the close frame waits behind the data."""
        ends = time.monotonic() + DRAIN_TIMEOUT_S
        waiting = self._waiting_bytes()
        stuck = 0
        while 0 < waiting < DRAIN_BYTES and stuck < 4 and time.monotonic() < ends:
            await asyncio.sleep(DRAIN_CHECK_S)
            before, waiting = waiting, self._waiting_bytes()
            stuck = stuck + 1 if waiting >= before else 0

    def _waiting_bytes(self) -> int:
        return self._websocket.transport.get_write_buffer_size() + self._peer.unacknowledged_bytes()

    async def _watch_peer(self) -> None:
        while self.close_code is None:
            await asyncio.sleep(PEER_CHECK_S)
            if self._peer.is_gone():
                # A closing handshake would wait behind what is stuck.
                self._websocket.transport.abort()

    async def __aiter__(self) -> AsyncIterator[Received]:
        receive = self._websocket.recv
        while True:
            try:
                message = await receive()
            except ConnectionClosed as closed:
                if closed.rcvd is None and closed.sent is not None and closed.sent.code in _VIOLATIONS:
                    self._unreadable = closed.sent.reason
                return
            yield self._received(message)

    def _received(self, message: str | bytes) -> Received:
        at = self._websocket.arrived_at
        if self.tap is not None:
            self.tap("in", message, at)
        if isinstance(message, bytes):
            return Received(BinaryAudio(pcm=message), at, len(message))
        raw = message.encode()
        event = decode_event(raw)
        if isinstance(event, SessionCreated) and event.dialect is not None:
            self._dialect = event.dialect
        return Received(event, at, len(raw))

    async def _send(self, message: bytes | bytearray | memoryview, *, text: bool) -> None:
        failure: ApiError
        try:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                await self._websocket.send(message, text=text)
        except ConnectionClosed:
            failure = self._lost()
        except TimeoutError:
            # A closing handshake would wait behind what is stuck.
            self._websocket.transport.abort()
            failure = SendStalled(
                f"The network took nothing for {SEND_TIMEOUT_S:g} seconds, so the connection was dropped.",
                params={"seconds": f"{SEND_TIMEOUT_S:g}"},
            )
        else:
            if self.tap is not None:
                sent = bytes(message)
                self.tap("out", sent.decode() if text else sent, time.monotonic())
            return
        raise failure

    def _lost(self) -> ConnectionLost:
        code = self.close_code if self.close_code is not None else 1006
        meaning = self.meaning or close_meaning(code, self.close_reason)
        return ConnectionLost(meaning.message, close_code=code, close_reason=self.close_reason)


async def _dial(
    url: str, proxy: Proxy | None, insecure: bool, open_timeout_s: float, language: str
) -> _StampedConnection:
    options: dict[str, Any] = {}
    if url.startswith("wss:"):
        options["ssl"] = client_ssl_context(insecure=insecure)
    connection = await _Connect(
        url,
        compression=None,  # base64 audio does not shrink enough to pay for the work
        additional_headers={"Accept-Language": language},
        user_agent_header="SalesMind-Console",
        proxy=None if proxy is None else proxy.url,
        open_timeout=open_timeout_s,
        ping_interval=PING_INTERVAL_S,
        ping_timeout=PING_TIMEOUT_S,
        close_timeout=CLOSE_TIMEOUT_S,
        max_size=MAX_MESSAGE_BYTES,
        max_queue=RECEIVE_QUEUE,
        logger=_silent,
        create_connection=_StampedConnection,
        **options,
    )
    assert isinstance(connection, _StampedConnection)
    return connection


def _open_error(error: Exception, base: str, open_timeout_s: float, proxy: Proxy | None) -> ApiError:
    if isinstance(error, TimeoutError):
        return timeout_error(open_timeout_s, proxy)
    if isinstance(error, InvalidStatus):
        response = error.response
        return handshake_error(
            response.status_code,
            base,
            location=response.headers.get("Location"),
            retry_after=response.headers.get("Retry-After"),
            body=bytes(response.body),
        )
    if isinstance(error, InvalidProxyStatus) and proxy is not None:
        return proxy_refused(proxy, error.response.status_code)
    if isinstance(error, (ProxyError, InvalidProxy)) and proxy is not None:
        return proxy_unreachable(proxy)
    if (failure := tls_error(error)) is not None:
        return failure
    broken_off = isinstance(error, InvalidMessage) and isinstance(error.__cause__, (EOFError, OSError))
    if isinstance(error, WebSocketException) and not broken_off:
        return UnexpectedAnswer(
            "The server at that address does not speak WebSocket: check the address.",
            params={"reason": "no websocket"},
        )
    return unreachable_error(error, urlsplit(base).hostname or "", proxy)
