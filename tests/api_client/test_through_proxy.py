"""REST and WebSocket through a proxy, and what is said when the proxy is what fails."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection

from api_client.errors import ApiError, ApiErrorCode, ProxyTimeout
from api_client.realtime import RealtimeConnection
from api_client.rest import SalesMindClient
from tests.forward_proxy import Proxy

Start = Callable[..., Awaitable[Any]]
Answer = Callable[..., bytes]

HOST = "salesmind.test"
"""No such name: only the proxy, which sends everything to this machine, can reach it."""


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
