"""A WebSocket of the run's own: opened to hold a session, or to be refused."""

from __future__ import annotations

import asyncio

from acceptance.measurements import Attempt
from acceptance.run import wall_now
from api_client.errors import ApiError, RealtimeRefused
from api_client.events import ErrorEvent, SessionCreated
from api_client.realtime import RealtimeConnection

_NOT_A_REFUSAL = frozenset({1001, 1006, 1011, 1012, 1013, 4002, 4003, 4008, 4500})
"""Close codes about the server, its upstream or the network, not about the request."""


class NotOpened(Exception):
    """The connection did not get as far as ``session.created``. ``code`` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


async def open_socket(
    server_url: str, token: str, session_id: str, *, insecure: bool, within_s: float, language: str = "en"
) -> RealtimeConnection:
    """A connection that has received ``session.created``. Raises ``NotOpened``."""
    try:
        connection = await RealtimeConnection.open(
            server_url, token, session_id, insecure=insecure, language=language
        )
    except ApiError as error:
        raise NotOpened(str(error.code)) from None
    code = "session_created_timeout"
    try:
        async with asyncio.timeout(within_s):
            async for received in connection:
                if isinstance(received.event, SessionCreated):
                    return connection
            code = f"closed_{connection.close_code}"
    except TimeoutError:
        pass
    await connection.close()
    raise NotOpened(code)


async def attempt(
    server_url: str,
    token: str | None,
    session_id: str,
    *,
    insecure: bool,
    within_s: float,
    language: str = "en",
) -> Attempt:
    """Try what the server should refuse, and say what it did. Nothing is sent over the connection."""
    at = wall_now()
    try:
        connection = await RealtimeConnection.open(
            server_url, token, session_id, insecure=insecure, language=language
        )
    except RealtimeRefused as refusal:
        if refusal.status is not None and refusal.status >= 500:
            return Attempt(at, "no_answer", http_status=refusal.status, detail=str(refusal.code))
        return Attempt(at, "refused_http", http_status=refusal.status)
    except ApiError as error:
        return Attempt(at, "no_answer", detail=str(error.code))
    error_code: str | None = None
    said: str | None = None
    try:
        async with asyncio.timeout(within_s):
            async for received in connection:
                if isinstance(received.event, SessionCreated):
                    return Attempt(at, "served", error_code=error_code)
                if isinstance(received.event, ErrorEvent):
                    error_code = received.event.code or received.event.error_type
                    said = received.event.message or None
    except TimeoutError:
        return Attempt(at, "left_open", error_code=error_code)
    finally:
        await connection.close()
    close_code = connection.close_code
    if close_code in _NOT_A_REFUSAL:
        return Attempt(
            at, "no_answer", close_code=close_code, error_code=error_code, detail=error_code, said=said
        )
    return Attempt(
        at,
        "closed",
        close_code=close_code,
        error_code=error_code,
        said=said or connection.close_reason or None,
    )
