"""Connections that take up room and say nothing, against uvicorn's protocols as the server runs them."""

from __future__ import annotations

import asyncio
import ctypes
import logging
import socket
import struct
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
import uvicorn
from websockets.frames import Frame, Opcode

from backend import protocols
from backend.connection_limits import ConnectionLimits
from backend.protocols import Doors, ExhaustionLog, guarded_protocols, machine_gone, text_frame_head

TIMEOUT_S = 15.0
REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Reads the body, then says ok."""
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Connect = Callable[[], Any]


@asynccontextmanager
async def serving(limits: ConnectionLimits) -> AsyncIterator[Connect]:
    """A server; gives a function that connects to it."""
    http, websocket = guarded_protocols(Doors(limits, tell_addresses_apart=True), stall_s=30)
    config = uvicorn.Config(application, http=http, ws=websocket, lifespan="off", log_config=None)
    config.load()
    state = uvicorn.server.ServerState()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: http(config, state, {}), "127.0.0.1", 0)
    opened: list[asyncio.StreamWriter] = []

    async def connect() -> Connection:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
        opened.append(writer)
        return reader, writer

    async with server, asyncio.timeout(TIMEOUT_S):
        yield connect
        for writer in opened:
            writer.close()


async def ask(connection: Connection) -> bytes:
    """The answer to one request on a connection that stays open."""
    reader, writer = connection
    writer.write(REQUEST)
    head = await reader.readuntil(b"\r\n\r\n")
    return head + await reader.readexactly(2)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocols, "HEAD_TIMEOUT_S", 0.2)
    monkeypatch.setattr(protocols, "BODY_TIMEOUT_S", 0.2)


@pytest.mark.parametrize("sent", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\n"])
@pytest.mark.usefixtures("impatient")
async def test_a_request_that_is_not_finished_is_given_up(sent: bytes) -> None:
    limits = ConnectionLimits(5, 5)
    async with serving(limits) as connect:
        reader, writer = await connect()
        writer.write(sent)
        assert (await reader.read()).startswith(b"HTTP/1.1 408")
        assert limits.open_in_all == 0


@pytest.mark.usefixtures("impatient")
async def test_a_further_request_must_be_finished_too() -> None:
    async with serving(ConnectionLimits(5, 5)) as connect:
        connection = await connect()
        assert (await ask(connection)).endswith(b"ok")
        assert (await ask(connection)).endswith(b"ok")
        reader, writer = connection
        writer.write(b"GET / HT")
        assert (await reader.read()).startswith(b"HTTP/1.1 408")


@pytest.mark.usefixtures("impatient")
async def test_a_body_that_does_not_come_is_given_up() -> None:
    limits = ConnectionLimits(5, 5)
    async with serving(limits) as connect:
        reader, writer = await connect()
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab")
        with suppress(ConnectionResetError):
            assert await reader.read() == b""
        assert limits.open_in_all == 0


async def test_more_connections_than_an_address_may_have_are_told_so() -> None:
    async with serving(ConnectionLimits(5, 2)) as connect:
        connections = [await connect() for _ in range(2)]
        for connection in connections:
            assert (await ask(connection)).endswith(b"ok")
        reader, writer = await connect()
        writer.write(REQUEST)
        assert (await reader.read()).startswith(b"HTTP/1.1 429 ")
        assert (await ask(connections[0])).endswith(b"ok")
        connections[1][1].close()
        while not (await ask(await connect())).endswith(b"ok"):
            pass  # until the server has seen the close


async def test_a_flood_is_cut_off_and_does_not_flood_the_log(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocols, "LINGERING", 2)
    limits = ConnectionLimits(1, 1)
    async with serving(limits) as connect:
        first = await connect()
        assert (await ask(first)).endswith(b"ok")
        for _ in range(50):
            reader, _writer = await connect()
            try:
                answer = await reader.read()
            except ConnectionResetError:
                answer = b""
            assert answer == b"" or answer.startswith(b"HTTP/1.1 503 ")
        assert (await ask(first)).endswith(b"ok")
    assert len([record for record in caplog.records if record.name != "uvicorn.access"]) == 1


DROP_ALL = struct.pack("HBBI", 0x06, 0, 0, 0)
"""Linux's classic BPF: RET 0. Attached to a TCP socket, it drops what arrives before TCP acknowledges it."""
SO_ATTACH_FILTER = 26


def vanish(client: socket.socket) -> Any:
    """From now on the client's machine answers nothing. The result must be kept for as long."""
    program = ctypes.create_string_buffer(DROP_ALL)
    client.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HP", 1, ctypes.addressof(program)))
    return program


@asynccontextmanager
async def websocket(stall_s: float) -> AsyncIterator[tuple[socket.socket, asyncio.Future[float]]]:
    """A client that answers no ping, and what ends with the connection: how long it lived, in seconds."""
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[float] = loop.create_future()

    async def accept(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        began = loop.time()
        while (await receive())["type"] != "websocket.disconnect":
            pass
        ended.set_result(loop.time() - began)

    http, ws = guarded_protocols(Doors(ConnectionLimits(5, 5), tell_addresses_apart=True), stall_s)
    config = uvicorn.Config(
        accept, http=http, ws=ws, lifespan="off", log_config=None, ws_ping_interval=0.1, ws_ping_timeout=0.2
    )
    config.load()
    server = await loop.create_server(lambda: http(config, uvicorn.server.ServerState(), {}), "127.0.0.1", 0)
    client = socket.create_connection(server.sockets[0].getsockname()[:2])
    client.setblocking(False)
    async with server, asyncio.timeout(TIMEOUT_S):
        await loop.sock_sendall(client, UPGRADE)
        assert (await loop.sock_recv(client, 4096)).startswith(b"HTTP/1.1 101")
        yield client, ended
    client.close()


UPGRADE = (
    b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n"
)


@pytest.mark.skipif(sys.platform != "linux", reason="drops packets, and looks at TCP, as Linux has it")
async def test_a_machine_that_vanished_is_noticed_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocols, "VANISHED_S", 0.2)
    async with websocket(stall_s=1000) as (client, ended):
        _filter = vanish(client)
        await ended


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nobody tells a busy client from a lost one")
async def test_a_client_that_is_merely_busy_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocols, "VANISHED_S", 0.2)
    async with websocket(stall_s=1.5) as (_client, ended):
        assert await ended >= 1.5


TCP_INFO = struct.Struct("=8B13I")
"""linux/tcp.h, up to tcpi_last_ack_recv."""


def tcp_info(probes: int = 0, unacked: int = 0, last_ack_ms: int = 0) -> bytes:
    return TCP_INFO.pack(1, 0, 0, probes, 0, 0, 0, 0, 0, 0, 0, 0, unacked, *[0] * 7, last_ack_ms)


@pytest.mark.parametrize(
    ("info", "gone"),
    [
        (tcp_info(unacked=1, last_ack_ms=8000), True),
        (tcp_info(probes=1, last_ack_ms=9000), True),
        (tcp_info(unacked=1, last_ack_ms=7000), False),
        (tcp_info(last_ack_ms=60_000), False),
        (b"", False),
        (tcp_info(unacked=1, last_ack_ms=8000)[:40], False),
    ],
    ids=[
        "unanswered",
        "window probes unanswered",
        "not for long",
        "nothing to answer",
        "no such system",
        "short",
    ],
)
def test_when_a_machine_is_gone(info: bytes, gone: bool) -> None:
    assert machine_gone(info) is gone


def test_a_lack_of_descriptors_is_one_line_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    loop, handler = asyncio.new_event_loop(), ExhaustionLog()
    with caplog.at_level(logging.INFO):
        for _ in range(100):
            handler(
                loop, {"message": "socket.accept() out of system resource", "exception": OSError(24, "many")}
            )
        handler(loop, {"message": "something else"})
    loop.close()
    assert [record.name for record in caplog.records] == ["salesmind.connections", "asyncio"]


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65535, 65536, 1_000_000])
def test_a_text_frame_is_the_one_that_the_library_makes(size: int) -> None:
    payload = b"a" * size
    assert text_frame_head(size) + payload == Frame(Opcode.TEXT, payload).serialize(mask=False)
