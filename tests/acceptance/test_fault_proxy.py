"""The proxy that breaks the network: whole when asked for nothing, broken in the way that was asked for."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acceptance.fault_proxy import FaultProxy
from acceptance.request_head import END, BadHead, rewrite
from api_client.errors import ApiError
from api_client.realtime import RealtimeConnection
from api_client.rest import SalesMindClient
from tests.acceptance import fake_salesmind

WITHIN_S = 5.0


class TcpServer:
    """Notes the heads of requests, answers each with 200 or 101, then echoes."""

    def __init__(self) -> None:
        self.heads: list[bytes] = []
        self.ended: asyncio.Queue[str] = asyncio.Queue()
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(END)
                self.heads.append(head)
                if b"Upgrade: websocket" in head:
                    writer.write(b"HTTP/1.1 101 Switching Protocols" + END)
                    while data := await reader.read(65_536):
                        writer.write(data)
                        await writer.drain()
                    self.ended.put_nowait("eof")
                    return
                length = int(dict(line.split(b": ") for line in head.split(b"\r\n")[1:-2])[b"Content-Length"])
                body = await reader.readexactly(length)
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        except (ConnectionError, asyncio.IncompleteReadError) as error:
            self.ended.put_nowait(type(error).__name__)
        finally:
            writer.close()


@pytest.fixture
async def server() -> AsyncIterator[TcpServer]:
    echo = TcpServer()
    listening = await asyncio.start_server(echo.serve, "127.0.0.1", 0)
    echo.url = f"http://localhost:{listening.sockets[0].getsockname()[1]}"
    yield echo
    listening.close()


async def dial(proxy: FaultProxy) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, port = proxy.url.removeprefix("http://").split("/")[0].split(":")
    return await asyncio.open_connection(host, int(port))


async def upgraded(proxy: FaultProxy) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await dial(proxy)
    writer.write(b"GET / HTTP/1.1\r\nHost: proxy\r\nUpgrade: websocket" + END)
    async with asyncio.timeout(WITHIN_S):
        await reader.readuntil(END)
    return reader, writer


async def echoed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, data: bytes) -> bytes:
    writer.write(data)
    async with asyncio.timeout(WITHIN_S):
        return await reader.readexactly(len(data))


async def test_every_request_of_a_connection_names_the_server(server: TcpServer) -> None:
    async with FaultProxy(f"{server.url}/site") as proxy:
        assert proxy.url.endswith("/site")
        reader, writer = await dial(proxy)
        for body in (b"one", b"second"):
            writer.write(
                b"POST /x HTTP/1.1\r\nHost: 127.0.0.1:1\r\nContent-Length: %d" % len(body) + END + body
            )
            async with asyncio.timeout(WITHIN_S):
                answer = await reader.readuntil(END)
                assert b"200 OK" in answer
                assert await reader.readexactly(len(body)) == body
        writer.close()
    host = server.url.removeprefix("http://").encode()
    assert [b"Host: " + host in head for head in server.heads] == [True, True]
    assert not any(b"127.0.0.1:1" in head for head in server.heads)


async def test_an_untouched_connection_is_whole(server: TcpServer) -> None:
    async with FaultProxy(server.url) as proxy:
        reader, writer = await upgraded(proxy)
        assert proxy.upgraded == 1
        data = bytes(range(256)) * 1_000
        assert await echoed(reader, writer, data) == data
        writer.close()
        assert await asyncio.wait_for(server.ended.get(), WITHIN_S) == "eof"


async def test_reset_reaches_both_ends_as_a_reset(server: TcpServer) -> None:
    async with FaultProxy(server.url) as proxy:
        reader, _ = await upgraded(proxy)
        proxy.reset()
        with pytest.raises(ConnectionResetError):
            await asyncio.wait_for(reader.read(1), WITHIN_S)
        assert await asyncio.wait_for(server.ended.get(), WITHIN_S) == "ConnectionResetError"
        again = await upgraded(proxy)
        assert await echoed(*again, b"still there") == b"still there"


async def test_a_pause_loses_nothing(server: TcpServer) -> None:
    async with FaultProxy(server.url) as proxy:
        reader, writer = await upgraded(proxy)
        proxy.pause()
        writer.write(b"later")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.readexactly(5), 0.2)
        proxy.resume()
        assert await asyncio.wait_for(reader.readexactly(5), WITHIN_S) == b"later"


async def test_corruption_hits_what_the_server_says_once(server: TcpServer) -> None:
    async with FaultProxy(server.url) as proxy:
        reader, writer = await upgraded(proxy)
        proxy.corrupt()
        assert await echoed(reader, writer, b"\x00\x0f") == b"\xff\xf0"
        assert await echoed(reader, writer, b"\x00\x0f") == b"\x00\x0f"


async def test_half_open_connections_say_nothing_and_new_ones_work(server: TcpServer) -> None:
    async with FaultProxy(server.url) as proxy:
        reader, writer = await upgraded(proxy)
        proxy.half_open()
        writer.write(b"lost")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), 0.2)
        assert server.ended.empty(), "neither end may be told"
        assert await echoed(*await upgraded(proxy), b"new") == b"new"
        proxy.bury_dead()
        assert await asyncio.wait_for(server.ended.get(), WITHIN_S) == "ConnectionResetError"


async def test_a_slow_network_takes_the_time_that_its_rate_says(server: TcpServer) -> None:
    async with FaultProxy(server.url) as proxy:
        reader, writer = await upgraded(proxy)
        proxy.bytes_per_s = 40_960
        loop = asyncio.get_running_loop()
        began = loop.time()
        data = bytes(16_384)
        assert await echoed(reader, writer, data) == data
        assert loop.time() - began > 0.3, "16 KiB at 40 KiB/s, the last piece not counted"


async def test_a_server_that_is_not_there_is_a_broken_connection() -> None:
    async with FaultProxy("http://127.0.0.1:9") as proxy:
        client = SalesMindClient(proxy.url, token="x")
        with pytest.raises(ApiError) as failure:
            await client.health()
        await client.aclose()
    assert str(failure.value.code) == "server_unreachable"


# --- TLS -----------------------------------------------------------------------------------------


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[str, str]:
    """Key and certificate of ``localhost`` that nobody vouches for."""
    if shutil.which("openssl") is None:
        pytest.skip("the openssl command makes the certificate")
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    command = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost"
    )
    arguments = [*command.split(), "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run([*arguments, "-keyout", key, "-out", cert], check=True, capture_output=True)
    return str(key), str(cert)


async def test_a_server_with_tls_is_spoken_to_by_its_own_name(
    certificate: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    key, cert = certificate
    app = fake_salesmind.FakeSalesMind()
    session_id = str(uuid.uuid4())
    app.sessions[session_id] = fake_salesmind.TESTER.username
    async with fake_salesmind.serving(app, ssl_keyfile=key, ssl_certfile=cert) as url:
        url = url.replace("127.0.0.1", "localhost")
        async with FaultProxy(url) as unverified:
            with pytest.raises(ApiError):
                await RealtimeConnection.open(unverified.url, fake_salesmind.TESTER.token, session_id)
        monkeypatch.setenv("SSL_CERT_FILE", cert)
        async with (
            FaultProxy(url) as proxy,
            await RealtimeConnection.open(proxy.url, fake_salesmind.TESTER.token, session_id) as connection,
        ):
            received = await asyncio.wait_for(anext(aiter(connection)), WITHIN_S)
            assert received.event.wire_type == "session.created"


# --- heads ---------------------------------------------------------------------------------------

NAMES = st.sampled_from([b"Accept", b"X-A", b"hOsT", b"Host", b"Authorization"])
VALUES = st.binary(max_size=20).map(lambda value: value.replace(b"\r", b"").replace(b"\n", b""))


@given(st.lists(st.tuples(NAMES, VALUES), max_size=8))
def test_a_head_keeps_everything_but_its_host(headers: list[tuple[bytes, bytes]]) -> None:
    lines = [b"%s: %s" % header for header in headers]
    head = rewrite(b"\r\n".join([b"GET / HTTP/1.1", *lines]) + END, "example.org")
    first, host, *rest = head.data.removesuffix(END).split(b"\r\n")
    assert (first, host) == (b"GET / HTTP/1.1", b"Host: example.org")
    assert rest == [line for line, (name, _) in zip(lines, headers, strict=True) if name.lower() != b"host"]
    assert (head.body_bytes, head.upgrade) == (0, False)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_head_or_refused(data: bytes) -> None:
    try:
        head = rewrite(data + END, "example.org")
    except BadHead:
        return
    assert b"\r\nHost: example.org\r\n" in head.data


@pytest.mark.parametrize(
    "head",
    [
        b"GET /",
        b"GET / HTTP/1.1\r\nno colon",
        b"GET / HTTP/1.1\r\nContent-Length: ten",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked",
    ],
)
def test_what_our_clients_never_send_is_refused(head: bytes) -> None:
    with pytest.raises(BadHead):
        rewrite(head + END, "example.org")
