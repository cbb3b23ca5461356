"""Servers that cannot be reached, over HTTP and WebSocket alike: every cause has its own code."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from api_client.errors import (
    ApiError,
    NoTls,
    RedirectedAway,
    ServerTimeout,
    ServerUnreachable,
    TlsError,
    UnexpectedAnswer,
    UnexpectedRedirect,
)
from api_client.realtime import RealtimeConnection
from api_client.rest import SalesMindClient
from api_client.server_url import normalise_server_url

Start = Callable[..., Awaitable[Any]]
Answer = Callable[..., bytes]
Reach = Callable[..., Awaitable[None]]


async def _by_http(url: str, token: str, *, timeout_s: float = 5.0, insecure: bool = False) -> None:
    async with SalesMindClient(url, token=token, timeout_s=timeout_s, insecure=insecure) as client:
        await client.health()


async def _by_login(url: str, token: str, *, timeout_s: float = 5.0, insecure: bool = False) -> None:
    async with SalesMindClient(url, token=token, timeout_s=timeout_s, insecure=insecure) as client:
        await client.login("admin", "x")


async def _by_websocket(url: str, token: str, *, timeout_s: float = 5.0, insecure: bool = False) -> None:
    connection = await RealtimeConnection.open(url, token, open_timeout_s=timeout_s, insecure=insecure)
    await connection.close()


both = pytest.mark.parametrize("reach", [_by_http, _by_login, _by_websocket])


@both
async def test_nobody_listens(reach: Reach, token: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(ServerUnreachable) as caught:
        await reach(f"http://127.0.0.1:{port}", token)
    assert caught.value.params["reason"] == "refused"


@both
async def test_the_name_is_unknown(reach: Reach, token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(ServerUnreachable) as caught:
        await reach("http://no-such-host.invalid", token)
    assert caught.value.params["reason"] == "name_unknown"


@both
async def test_no_answer_comes(reach: Reach, token: str, http_server: Start) -> None:
    server = await http_server(lambda _: None)
    with pytest.raises(ServerTimeout) as caught:
        await reach(server.url, token, timeout_s=0.2)
    assert caught.value.params["seconds"] == "0.2"


async def test_an_answer_that_drips_is_timed_over_its_whole_length(token: str) -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        try:
            while True:
                await writer.drain()
                writer.write(b" ")
                await asyncio.sleep(0.01)  # the server's own pace: it never lets a read go without a byte
        except ConnectionError:
            writer.close()

    async with await asyncio.start_server(drip, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(ServerTimeout):
            await _by_http(f"http://127.0.0.1:{port}", token, timeout_s=0.3)


@both
async def test_the_connection_breaks_before_the_answer(reach: Reach, token: str, http_server: Start) -> None:
    server = await http_server(lambda _: b"")
    with pytest.raises(ServerUnreachable) as caught:
        await reach(server.url, token)
    assert caught.value.params["reason"] == "broken"


@both
async def test_a_self_signed_certificate_needs_insecure(
    reach: Reach, token: str, http_server: Start, answer: Answer, self_signed: ssl.SSLContext
) -> None:
    server = await http_server(lambda _: answer(404, {"detail": "reached"}), tls=self_signed)
    with pytest.raises(TlsError) as caught:
        await reach(server.url, token)
    assert "--insecure" in str(caught.value)
    assert server.asked == []  # nothing was said to a stranger
    with pytest.raises(ApiError) as reached:
        await reach(server.url, token, insecure=True)
    assert not isinstance(reached.value, TlsError)
    assert reached.value.status == 404


@both
async def test_https_to_a_port_without_tls(reach: Reach, token: str, answer: Answer) -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)  # the TLS greeting, which uvicorn and nginx answer just so
        writer.write(answer(400, "Invalid HTTP request received.", html=True))
        writer.close()

    async with await asyncio.start_server(plain, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(NoTls) as caught:
            await reach(f"https://127.0.0.1:{port}", token)
    assert "http://" in str(caught.value)


@both
@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_told_and_not_followed(
    reach: Reach, token: str, status: int, http_server: Start, answer: Answer
) -> None:
    elsewhere = await http_server(lambda _: answer(200, {"status": "ok"}))
    target = f"{elsewhere.url}/somewhere/?token={token}"
    server = await http_server(lambda _: answer(status, headers={"Location": target}))
    with pytest.raises(UnexpectedRedirect) as caught:
        await reach(server.url, token)
    assert isinstance(caught.value, RedirectedAway)
    assert caught.value.location == f"{elsewhere.url}/somewhere/"
    assert caught.value.location in str(caught.value)
    assert elsewhere.asked == []


@both
@pytest.mark.parametrize("prefix", ["", "/salesmind"])
async def test_a_server_that_moved_tells_the_address_to_use(
    reach: Reach, token: str, prefix: str, http_server: Start, answer: Answer
) -> None:
    new = "https://new.example" + prefix
    server = await http_server(lambda asked: answer(301, headers={"Location": new + asked.path}))
    with pytest.raises(UnexpectedRedirect) as caught:
        await reach(server.url, token)
    assert not isinstance(caught.value, RedirectedAway)
    assert caught.value.location == new
    assert normalise_server_url(caught.value.location) == new
    assert str(caught.value).count(new) == 1


@both
async def test_a_server_that_sends_us_in_a_circle_is_not_recommended(
    reach: Reach, token: str, http_server: Start, answer: Answer
) -> None:
    server = await http_server(lambda asked: answer(302, headers={"Location": asked.path}))
    with pytest.raises(RedirectedAway):
        await reach(server.url, token)


@both
async def test_a_relative_redirect_names_the_whole_address(
    reach: Reach, token: str, http_server: Start, answer: Answer
) -> None:
    server = await http_server(lambda _: answer(301, headers={"Location": "/login/"}))
    with pytest.raises(UnexpectedRedirect) as caught:
        await reach(server.url, token)
    assert caught.value.location == f"{server.url}/login/"


@both
async def test_what_answers_is_no_http_server(reach: Reach, token: str, http_server: Start) -> None:
    server = await http_server(lambda _: b"SSH-2.0-OpenSSH_9.6\r\n\r\n")
    with pytest.raises((UnexpectedAnswer, ServerUnreachable)):
        await reach(server.url, token)


@both
async def test_a_broken_proxy_setting_is_named_without_its_password(
    reach: Reach, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "gopher://me:hunter2@proxy.example:1")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with pytest.raises(ServerUnreachable) as caught:
        await reach("https://salesmind.example", token)
    assert caught.value.params["reason"] == "proxy"
    assert "hunter2" not in str(caught.value)


@both
async def test_this_machine_is_reached_past_any_proxy(
    reach: Reach, token: str, http_server: Start, answer: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    server = await http_server(lambda _: answer(404, {"detail": "reached"}))
    with pytest.raises(ApiError) as caught:
        await reach(server.url, token)
    assert caught.value.status == 404
