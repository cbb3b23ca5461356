"""A token is planted, everything is made to fail, and it must show up nowhere."""

from __future__ import annotations

import asyncio
import json
import logging
import ssl
import traceback
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection
from websockets.datastructures import Headers
from websockets.http11 import Response

from api_client import realtime
from api_client.errors import ApiError
from api_client.models import NewSession
from api_client.realtime import RealtimeConnection
from api_client.rest import SalesMindClient

Start = Callable[..., Awaitable[Any]]
Answer = Callable[..., bytes]
PASSWORD = "correct-horse-battery"


@pytest.fixture(autouse=True)
def all_logging(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("websockets", "websockets.client", "httpx", "httpcore", "asyncio", "api_client"):
        caplog.set_level(logging.DEBUG, logger=name)


def _everything_said(error: BaseException) -> str:
    """The error and all that hangs on it, as a traceback, a debugger or a careless log would show it."""
    said = traceback.format_exception(error)
    pending: list[BaseException | None] = [error]
    seen: list[BaseException] = []
    while pending:
        current = pending.pop()
        if current is None or any(current is known for known in seen):
            continue
        seen.append(current)
        said += [repr(current), str(current), repr(vars(current)), repr(current.args)]
        pending += [current.__cause__, current.__context__]
    return "\n".join(said)


async def _failure(attempt: Awaitable[Any]) -> ApiError:
    with pytest.raises(ApiError) as caught:
        await attempt
    return caught.value


async def test_the_check_would_notice(
    relay_server: Start, token: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The library by itself does tell: so a silent log below means something."""

    async def handler(ws: ServerConnection) -> None: ...

    url = await relay_server(handler)
    async with connect(f"{url.replace('http', 'ws')}/ws/realtime/?token={token}"):
        pass
    assert token in caplog.text


async def test_a_whole_conversation_logs_no_token(
    relay_server: Start, token: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def handler(ws: ServerConnection) -> None:
        await ws.recv()
        await ws.close(4002, "gone")

    connection = await RealtimeConnection.open(await relay_server(handler), token, "new")
    await connection.send_audio(b"\0\0")
    async with asyncio.timeout(5):
        assert [received async for received in connection] == []
    lost = await _failure(connection.send_audio(b"\0\0"))
    assert token not in caplog.text + repr(connection) + _everything_said(lost)


@pytest.mark.parametrize("status", [301, 401, 403, 404, 429, 500, 502])
async def test_no_refused_handshake_tells_the_token(
    relay_server: Start, token: str, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(_: ServerConnection, request: Any) -> Response:
        return Response(status, "no", Headers({"Location": f"https://other.example{request.path}"}), b"")

    async def handler(ws: ServerConnection) -> None: ...

    url = await relay_server(handler, process_request=refuse)
    error = await _failure(RealtimeConnection.open(url, token))
    assert token not in caplog.text + _everything_said(error)


@pytest.mark.parametrize("raw", [b"", b"garbage\r\n\r\n", b"HTTP/1.1 101 Switching Protocols\r\n\r\n", None])
async def test_no_broken_handshake_tells_the_token(
    http_server: Start, token: str, raw: bytes | None, caplog: pytest.LogCaptureFixture
) -> None:
    server = await http_server(lambda _: raw)
    error = await _failure(RealtimeConnection.open(server.url, token, open_timeout_s=0.3))
    assert len(server.asked) == 1
    assert token in server.asked[0].path
    assert token not in caplog.text + _everything_said(error)


async def test_no_tls_or_address_failure_tells_the_token(
    http_server: Start,
    answer: Answer,
    token: str,
    self_signed: ssl.SSLContext,
    caplog: pytest.LogCaptureFixture,
) -> None:
    server = await http_server(lambda _: answer(200, {}), tls=self_signed)
    said = caplog.text
    for url in (server.url, "http://127.0.0.1:1", f"http://exa mple/{token}", f"http://127.0.0.1/?{token}"):
        said += _everything_said(await _failure(RealtimeConnection.open(url, token)))
        said += _everything_said(await _failure(_session_list(url, token)))
    for odd in (f"{token}\n", f"{token}é", f"{token}=="):
        said += _everything_said(await _failure(RealtimeConnection.open(server.url, odd)))
    assert token not in said + caplog.text


async def test_a_stalled_send_tells_no_token(
    relay_server: Start, token: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(realtime, "SEND_TIMEOUT_S", 0.2)
    release = asyncio.Event()

    async def handler(ws: ServerConnection) -> None:
        ws.transport.pause_reading()
        await release.wait()
        ws.transport.abort()

    connection = await RealtimeConnection.open(await relay_server(handler), token)

    async def flood() -> None:
        while True:
            await connection.send_audio(bytes(2**18))

    async with asyncio.timeout(20):
        error = await _failure(flood())
    await connection.close()
    release.set()
    assert token not in caplog.text + _everything_said(error)


@pytest.mark.parametrize("status", [200, 301, 400, 401, 403, 404, 429, 500])
async def test_no_http_failure_tells_token_or_password(
    http_server: Start, answer: Answer, token: str, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    server = await http_server(lambda _: answer(status, {"x": 1}, headers={"Location": f"/?token={token}"}))
    async with SalesMindClient(server.url, token=token) as client:
        said = repr(client)
        for attempt in (
            client.list_sessions(),
            client.get_session("abc"),
            client.start_session(NewSession(value_proposition="v")),
            client.login("admin", PASSWORD),
        ):
            said += _everything_said(await _failure(attempt))
    assert len(server.asked) == 4
    assert PASSWORD in server.asked[-1].body.decode()
    assert token not in said + caplog.text
    assert PASSWORD not in said + caplog.text


@pytest.mark.parametrize("odd", ["\n", "é", "\x00"])
async def test_a_token_that_no_header_can_hold_is_not_shown(
    http_server: Start, answer: Answer, token: str, odd: str, caplog: pytest.LogCaptureFixture
) -> None:
    server = await http_server(lambda _: answer(200, {}))
    error = await _failure(_session_list(server.url, token + odd))
    assert error.code == "invalid_parameter"
    assert token not in _everything_said(error) + caplog.text


async def test_a_login_that_is_no_login_does_not_show_what_it_held(
    http_server: Start, answer: Answer, token: str, caplog: pytest.LogCaptureFixture
) -> None:
    server = await http_server(lambda _: answer(200, {"token": [token], "user": token}))
    async with SalesMindClient(server.url) as client:
        error = await _failure(client.login("admin", PASSWORD))
    assert token not in _everything_said(error) + caplog.text


async def _session_list(url: str, token: str) -> str:
    async with SalesMindClient(url, token=token, timeout_s=2) as client:
        return json.dumps((await client.list_sessions()).count)
