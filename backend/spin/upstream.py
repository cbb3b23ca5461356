"""The far end of the relay: any server that speaks the Realtime API (GA shape)."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from django.conf import settings
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI
from websockets.frames import DATA_OPCODES, Frame, Opcode
from websockets.protocol import Event

from backend.spin.close_codes import CloseCode, UpstreamEnd, classify_http_refusal

OPENAI_HOST = "api.openai.com"
OPENAI_URL = f"wss://{OPENAI_HOST}/v1/realtime"
MAX_EVENT_BYTES = 32 * 1024 * 1024
"""A retrieved item carries its audio (realtime-protocol, section 15: at least 16 MiB)."""
RECEIVE_QUEUE = 16
"""Messages read ahead of the client; beyond it the upstream's TCP window closes."""
PING_INTERVAL_S = 5
PONG_MARGIN_S = 5
"""A pong is given so much more time than a stall: while the client takes nothing, the upstream's pongs wait unread."""
TCP_USER_TIMEOUT_MS = 10_000
"""Unacknowledged data for this long ends the connection; keepalive pings would wait behind it."""

# Announced to stop (realtime-protocol, section 4).
RETIRING_MODELS = {
    "gpt-realtime": "2027-01-20",
    "gpt-realtime-2025-08-28": "2027-01-20",
    "gpt-realtime-mini": "2027-01-20",
    "gpt-realtime-mini-2025-12-15": "2027-01-20",
}
RETIRED_PREFIX = "gpt-4o-"

logger = logging.getLogger(__name__)


class UpstreamUnreachable(Exception):
    """No connection came about. ``end`` says how to tell the client, ``cause`` why, free of secrets."""

    def __init__(self, end: UpstreamEnd, cause: str) -> None:
        super().__init__(cause)
        self.end = end
        self.cause = cause


class UpstreamConnection(ClientConnection):
    """Offers each text message to ``on_text`` as it is read; what that does not take is for ``recv``, in order.

    The library's queue, and waking a task for every message, were half of what receiving cost.
    """

    on_text: Callable[[str], bool] | None = None
    """Takes a message, or returns false. Must not raise."""
    _behind = 0
    """Messages for ``recv``, with the one in hand: until the next one is asked for, nothing may overtake it."""
    _in_hand = False

    def process_event(self, event: Event) -> None:
        """Called by the library with each frame, and first with the response to the handshake."""
        if isinstance(event, Frame) and event.opcode in DATA_OPCODES and event.fin:
            if self.on_text is not None and not self._behind and event.opcode is Opcode.TEXT:
                with suppress(UnicodeDecodeError):  # for ``recv``, which ends the connection
                    if self.on_text(str(event.data, "utf-8")):
                        return
            self._behind += 1
        super().process_event(event)

    async def recv(self, decode: bool | None = None) -> Any:
        """The next message that ``on_text`` did not take. Raises ``ConnectionClosed``."""
        if self._in_hand:
            self._in_hand = False
            self._behind -= 1
        message = await super().recv(decode)
        self._in_hand = True
        return message


async def _configured_address() -> str:
    url: str = settings.SALESMIND_REALTIME_URL
    return url


resolve_address: Callable[[], Awaitable[str]] = _configured_address
"""The URL to connect to; ``salesmind serve`` sets its engine's, waiting until the engine is up."""


def retirement_warning(model: str) -> str | None:
    """A sentence for a model that is being or has been retired, otherwise None."""
    if model.startswith(RETIRED_PREFIX):
        return f"Model {model} is retired or about to be; choose gpt-realtime-2.1 with --model."
    if date := RETIRING_MODELS.get(model):
        return (
            f"OpenAI has announced that model {model} stops on {date}; choose gpt-realtime-2.1 with --model."
        )
    return None


def is_openai(url: str) -> bool:
    """Whether the API key may be sent there: to OpenAI and nobody else, and only over TLS."""
    parts = urlsplit(url)
    return parts.scheme == "wss" and parts.hostname == OPENAI_HOST


def with_model(url: str, model: str) -> str:
    """``url`` with ``?model=``, unless it names a model or a call by itself."""
    parts = urlsplit(url)
    if "model=" in parts.query or "call_id=" in parts.query:
        return url
    query = "&".join(filter(None, [parts.query, urlencode({"model": model})]))
    return urlunsplit(parts._replace(query=query))


async def dial() -> UpstreamConnection:
    """Connect to the upstream. Raises ``UpstreamUnreachable``; within ``SALESMIND_DIAL_SECONDS`` in any case."""
    try:
        async with asyncio.timeout(settings.SALESMIND_DIAL_SECONDS):
            url = with_model(await resolve_address(), settings.SALESMIND_REALTIME_MODEL)
            return await _connect(url)
    except TimeoutError:
        raise _unreachable(f"no answer within {settings.SALESMIND_DIAL_SECONDS:g} s") from None
    except InvalidStatus as refused:
        status = refused.response.status_code
        raise UpstreamUnreachable(classify_http_refusal(status), f"HTTP {status}") from None
    except (OSError, UnicodeError, InvalidHandshake, InvalidURI, EOFError) as failure:
        raise _unreachable(_describe(failure)) from None


async def _connect(url: str) -> UpstreamConnection:
    key = settings.OPENAI_API_KEY
    headers = {"Authorization": f"Bearer {key}"} if key and is_openai(url) else {}
    connection = await connect(
        url,
        additional_headers=headers,
        compression=None,  # base64 audio shrinks too little to pay for it
        max_size=MAX_EVENT_BYTES,
        max_queue=RECEIVE_QUEUE,
        open_timeout=None,  # dial() keeps the time
        close_timeout=1,
        ping_interval=PING_INTERVAL_S,
        ping_timeout=settings.SALESMIND_STALL_SECONDS + PONG_MARGIN_S,
        proxy=True if is_openai(url) else None,
        create_connection=UpstreamConnection,
    )
    assert isinstance(connection, UpstreamConnection)
    raw = connection.transport.get_extra_info("socket")
    if raw is not None and hasattr(socket, "TCP_USER_TIMEOUT"):
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, TCP_USER_TIMEOUT_MS)
    return connection


def fell_silent(closed: ConnectionClosed) -> bool:
    """Whether a connection without a close frame was given up by us, or by our kernel, for want of an answer."""
    pings_unanswered = closed.sent is not None and closed.sent.code == CloseCode.INTERNAL_ERROR
    return pings_unanswered or isinstance(closed.__cause__, TimeoutError)


def _unreachable(cause: str) -> UpstreamUnreachable:
    return UpstreamUnreachable(UpstreamEnd(CloseCode.UPSTREAM_LOST, "upstream_unreachable"), cause)


def _describe(failure: Exception) -> str:
    """The kind of failure; a message of its own only from the operating system, which knows no secrets."""
    if isinstance(failure, OSError) and failure.strerror:
        return failure.strerror
    return type(failure).__name__
