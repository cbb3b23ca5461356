"""REST and WebSocket through a proxy, and what is said when the proxy is what fails."""

from __future__ import annotations

import asyncio
import base64
import re
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from typing import Any
from urllib.parse import urlsplit

import pytest
from websockets.asyncio.server import ServerConnection

from api_client.errors import ApiError, ApiErrorCode, ProxyTimeout
from api_client.realtime import RealtimeConnection
from api_client.rest import SalesMindClient

Start = Callable[..., Awaitable[Any]]
Answer = Callable[..., bytes]

HOST = "salesmind.test"
"""No such name: only the proxy, which sends everything to this machine, can reach it."""


class Proxy:
    """Takes CONNECT and whole URLs; ``answers`` with a status of its own instead, or never if that is 0."""

    def __init__(self, answers: int | None = None, login: str | None = None) -> None:
        self.answers = answers
        self.login = login
        self.asked: list[str] = []
        self.port = 0

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            method, target, _ = head.split(b"\r\n", 1)[0].decode().split()
            self.asked.append(method)
            status = self.answers
            if self.login is not None:
                wanted = b"basic " + base64.b64encode(self.login.encode())
                status = None if wanted.lower() in head.lower() else 407
            if status is not None:
                await self._answer(status, reader, writer)
            elif method == "CONNECT":
                await self._connect(int(target.rpartition(":")[2]), b"", reader, writer)
            else:
                parts = urlsplit(target)
                head = head.replace(target.encode(), (parts.path or "/").encode(), 1)
                head = re.sub(rb"(?i)connection: keep-alive", b"Connection: close", head)
                await self._connect(parts.port or 80, head, reader, writer)
        writer.close()

    async def _answer(self, status: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if status == 0:
            await reader.read()
        writer.write(
            f"HTTP/1.1 {status} No\r\nContent-Type: text/html\r\nContent-Length: 9\r\n\r\n<h1>no</h1>"[
                :-2
            ].encode()
        )
        await writer.drain()

    async def _connect(
        self, port: int, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", port)
        if head:
            server_writer.write(head)
        else:
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await asyncio.gather(_pump(reader, server_writer), _pump(server_reader, writer))


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.close()


@pytest.fixture
async def start_proxy() -> AsyncIterator[Callable[..., Awaitable[Proxy]]]:
    async with AsyncExitStack() as stack:

        async def start(**options: Any) -> Proxy:
            proxy = Proxy(**options)
            server = await asyncio.start_server(proxy.handle, "127.0.0.1", 0)
            stack.callback(server.close)
            proxy.port = server.sockets[0].getsockname()[1]
            return proxy

        yield start


async def _by_http(url: str, token: str, timeout_s: float = 5) -> None:
    async with SalesMindClient(url, token=token, timeout_s=timeout_s) as client:
        await client.health()


async def _by_websocket(url: str, token: str, timeout_s: float = 5) -> None:
    await (await RealtimeConnection.open(url, token, open_timeout_s=timeout_s)).close()


both = pytest.mark.parametrize("reach", [_by_http, _by_websocket])
Reach = Callable[..., Awaitable[None]]


async def _greet(_: ServerConnection) -> None: ...


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
@pytest.mark.parametrize("scheme", ["", "http://"])
async def test_both_go_through_the_same_proxy(
    variable: str,
    scheme: str,
    token: str,
    start_proxy: Start,
    http_server: Start,
    answer: Answer,
    relay_server: Start,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    proxy = await start_proxy(login="me:S3cr#t")
    monkeypatch.setenv(variable, f"{scheme}me:S3cr#t@127.0.0.1:{proxy.port}")
    rest = await http_server(lambda _: answer(200, {"status": "ok"}))
    relay = await relay_server(_greet)
    await _by_http(rest.url.replace("127.0.0.1", HOST), token)
    await _by_websocket(relay.replace("127.0.0.1", HOST), token)
    assert proxy.asked == ["GET", "CONNECT"]


@both
@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize(
    ("status", "code"),
    [
        (403, ApiErrorCode.PROXY_REFUSED),
        (407, ApiErrorCode.PROXY_LOGIN),
        (502, ApiErrorCode.PROXY_BAD_GATEWAY),
        (503, ApiErrorCode.PROXY_BAD_GATEWAY),
    ],
)
async def test_a_proxy_that_refuses_is_named(
    reach: Reach,
    scheme: str,
    status: int,
    code: ApiErrorCode,
    token: str,
    start_proxy: Start,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    proxy = await start_proxy(answers=status)
    monkeypatch.setenv("ALL_PROXY", f"http://me:hunter2@127.0.0.1:{proxy.port}")
    with pytest.raises(ApiError) as caught:
        await reach(f"{scheme}://{HOST}:8000", token)
    assert caught.value.code == code
    assert caught.value.params["proxy"] == f"127.0.0.1:{proxy.port}"
    assert f"127.0.0.1:{proxy.port}" in str(caught.value)
    assert "hunter2" not in str(caught.value)


@both
async def test_a_server_that_refuses_is_not_taken_for_the_proxy(
    reach: Reach,
    token: str,
    start_proxy: Start,
    http_server: Start,
    answer: Answer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    proxy = await start_proxy()
    monkeypatch.setenv("ALL_PROXY", f"127.0.0.1:{proxy.port}")
    server = await http_server(lambda _: answer(403, {"detail": "no"}))
    with pytest.raises(ApiError) as caught:
        await reach(server.url.replace("127.0.0.1", HOST), token)
    assert caught.value.code in (ApiErrorCode.FORBIDDEN, ApiErrorCode.REALTIME_BAD_TOKEN)


@both
async def test_nobody_answers_as_the_proxy(
    reach: Reach, token: str, monkeypatch: pytest.MonkeyPatch, start_proxy: Start
) -> None:
    monkeypatch.setenv("ALL_PROXY", "127.0.0.1:9")
    with pytest.raises(ApiError) as caught:
        await reach(f"http://{HOST}", token)
    assert caught.value.code == ApiErrorCode.PROXY_UNREACHABLE
    assert caught.value.params["proxy"] == "127.0.0.1:9"


@both
async def test_a_proxy_whose_name_is_not_known(
    reach: Reach, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    monkeypatch.setenv("ALL_PROXY", "me:hunter2@proxy.invalid:1")
    with pytest.raises(ApiError) as caught:
        await reach(f"http://{HOST}", token)
    assert (caught.value.code, caught.value.params["proxy"]) == (
        ApiErrorCode.PROXY_UNREACHABLE,
        "proxy.invalid:1",
    )


@both
async def test_a_silent_proxy_is_named(
    reach: Reach, token: str, monkeypatch: pytest.MonkeyPatch, start_proxy: Start
) -> None:
    proxy = await start_proxy(answers=0)
    monkeypatch.setenv("ALL_PROXY", f"127.0.0.1:{proxy.port}")
    with pytest.raises(ProxyTimeout) as caught:
        await reach(f"http://{HOST}", token, timeout_s=0.2)
    assert caught.value.params == {"seconds": "0.2", "proxy": f"127.0.0.1:{proxy.port}"}
