"""Requests that a server should refuse, and its responses."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Literal

import msgspec

from acceptance.measurements import HttpReply, SocketReply, WrongLogins
from acceptance.run import wall_now
from acceptance.socket_attempt import NotOpened
from api_client.errors import ApiError, BadCredentials
from api_client.events import ErrorEvent, InputTranscriptionCompleted
from api_client.http_transport import HttpTransport
from api_client.realtime import RealtimeConnection
from api_client.rest import SalesMindClient
from api_client.session_update import SessionSettings, session_update
from audio.open import make_source
from audio.ports import Source, SourceEnded
from relay.chunk_bytes import DEFAULT_CHUNK_BYTES
from relay.config import BYTES_PER_SECOND

OVERSIZED_BYTES = 1024 * 1024 + 1
_PIECE = bytes(32 * 1024)
_NOBODY = "salesmind-acceptance-nobody"

Open = Callable[[], Awaitable[RealtimeConnection]]
"""A WebSocket that has received ``session.created``. Raises ``NotOpened``."""


async def oversized(open_: Open, within_s: float) -> SocketReply:
    """One message of 1 MiB and one byte."""

    async def send(connection: RealtimeConnection) -> tuple[float, float]:
        await connection.send_audio(bytes(OVERSIZED_BYTES))
        return 0.0, 0.0

    reply = await _replied(open_, send, within_s)
    return replace(reply, sent_s=None, took_s=None)


async def flood(open_: Open, audio_s: float, no_longer_than_s: float, within_s: float) -> SocketReply:
    """``audio_s`` seconds of silence, as fast as the server accepts them."""

    async def send(connection: RealtimeConnection) -> tuple[float, float]:
        sent, began = 0, time.monotonic()
        try:
            async with asyncio.timeout(no_longer_than_s):
                while sent < audio_s * BYTES_PER_SECOND and connection.close_code is None:
                    await connection.send_audio(_PIECE)
                    sent += len(_PIECE)
        except (TimeoutError, ApiError):
            pass  # held up, or closed: what came is looked at next
        return sent / BYTES_PER_SECOND, time.monotonic() - began

    return await _replied(open_, send, within_s)


async def after(open_: Open, act: Callable[[], Awaitable[None]], within_s: float) -> SocketReply:
    """What comes when something is done to the server while a WebSocket is open. Raises what ``act`` raises."""

    async def send(_connection: RealtimeConnection) -> tuple[float, float]:
        await act()
        return 0.0, 0.0

    reply = await _replied(open_, send, within_s)
    return replace(reply, sent_s=None, took_s=None)


async def _replied(
    open_: Open, send: Callable[[RealtimeConnection], Awaitable[tuple[float, float]]], within_s: float
) -> SocketReply:
    """The first error, and the close if one follows, up to ``within_s`` after everything was sent."""
    at = wall_now()
    try:
        connection = await open_()
    except NotOpened as refusal:
        return SocketReply(at, refused=refusal.code)
    reading = asyncio.create_task(_first_error(connection))
    sent_s = took_s = 0.0
    try:
        with contextlib.suppress(ApiError):  # it was closed meanwhile, or takes no more
            sent_s, took_s = await send(connection)
        await asyncio.wait({reading}, timeout=within_s)
        error = reading.result() if reading.done() else None
        if error is not None and connection.close_code is None:
            await asyncio.wait({asyncio.ensure_future(_to_the_end(connection))}, timeout=0.5)
        close_code, reason = connection.close_code, connection.close_reason
    finally:
        reading.cancel()
        await connection.close()
    return SocketReply(
        at,
        error_code=None if error is None else error.code or error.error_type or "error",
        said=None if error is None else error.message or None,
        close_code=close_code,
        close_reason=reason or None,
        sent_s=sent_s,
        took_s=took_s,
    )


async def _first_error(connection: RealtimeConnection) -> ErrorEvent | None:
    async for received in connection:
        if isinstance(received.event, ErrorEvent):
            return received.event
    return None


async def _to_the_end(connection: RealtimeConnection) -> None:
    async for _received in connection:
        pass


async def speak(
    connection: RealtimeConnection, source: str, language: Literal["ja", "en"], within_s: float
) -> str | None:
    """Say what ``source`` holds, then silence; the transcript that comes of it, None if none does.

    Raises ``AudioError``. The transcript needs a configuration, as in any conversation.
    """
    settings = SessionSettings(instructions="", transcription_language=language)
    transcript = asyncio.create_task(_transcript(connection))
    with contextlib.suppress(ApiError, TimeoutError):
        await connection.send(session_update(settings, connection.dialect or "ga"))
        async with asyncio.timeout(within_s):
            for spec in (source, "silence"):
                await _pump(connection, make_source(spec, chunk_bytes=DEFAULT_CHUNK_BYTES), transcript)
    transcript.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        return await transcript
    return None


async def _pump(connection: RealtimeConnection, source: Source, until: asyncio.Task[str | None]) -> None:
    await source.open()
    try:
        while not until.done():
            await connection.send_audio((await source.read()).pcm)
    except SourceEnded:
        return
    finally:
        await source.close()


async def _transcript(connection: RealtimeConnection) -> str | None:
    async for received in connection:
        event = received.event
        if isinstance(event, InputTranscriptionCompleted) and event.transcript.strip():
            return event.transcript.strip()
    return None


async def wrong_requests(
    server_url: str, token: str, bad_token: str, *, insecure: bool, language: str
) -> tuple[HttpReply, ...]:
    """Requests that are the caller's fault, each answered by the server or not."""
    transport = HttpTransport(server_url, insecure=insecure, language=language)
    try:
        return tuple(
            [
                await _wrong_request(transport, what, path, given)
                for what, path, given in (
                    ("GET /api/session/list/?page=0", "/api/session/list/?page=0", token),
                    ("GET /api/session/not-a-uuid/", "/api/session/not-a-uuid/", token),
                    ("GET /api/health/ (wrong token)", "/api/health/", bad_token),
                )
            ]
        )
    finally:
        await transport.aclose()


async def _wrong_request(transport: HttpTransport, what: str, path: str, token: str) -> HttpReply:
    at = wall_now()
    try:
        answer = await transport.request("GET", path, token=token, timeout_s=10.0)
    except ApiError as error:
        return HttpReply(at, what, error=str(error.code))
    try:
        msgspec.json.decode(answer.body)
    except (msgspec.DecodeError, UnicodeError):
        return HttpReply(at, what, answer.status)
    return HttpReply(at, what, answer.status, json=True)


async def wrong_logins(server_url: str, n: int, *, insecure: bool, until_slow_s: float) -> WrongLogins:
    """``n`` logins in a row with a nonexistent user, or fewer once the server refuses."""
    at = wall_now()
    replies: list[tuple[int | None, float]] = []
    async with SalesMindClient(server_url, insecure=insecure, timeout_s=until_slow_s * 10) as client:
        while len(replies) < n:
            began = time.monotonic()
            status: int | None = None
            try:
                await client.login(_NOBODY, "wrong")
            except BadCredentials:
                status = 401
            except ApiError as error:
                status = error.status
            replies.append((status, time.monotonic() - began))
            slow = [seconds >= until_slow_s for _, seconds in replies[-3:]]
            if status == 429 or (len(slow) == 3 and all(slow)):
                break
    return WrongLogins(at, tuple(replies))
