"""A side that stalls stops the other one; nothing piles up in between, and nothing is lost."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.backend.spin.fake_upstream import Upstream
from tests.backend.spin.running_server import Account, Server

BLOCKED_S = 1.0
"""A send that takes this long on loopback is held back."""
CEILING = 4_000
"""Messages of 64 KiB: 256 MiB, far more than any buffer between the two ends may hold."""
TIMEOUT_S = 60.0


@pytest.fixture(scope="module")
def unpaced(start_server: Callable[..., Server]) -> Account:
    """A server that lets audio come as fast as it can, so that only back-pressure holds it."""
    return start_server(SALESMIND_AUDIO_AHEAD_SECONDS="1000000", SALESMIND_LOG_AUDIO="0").log_in()


async def send_until_blocked(send: Callable[[int], Awaitable[None]]) -> tuple[int, asyncio.Task[None]]:
    """Send numbered messages until one is held back: how many went, and the one that waits."""
    for number in range(CEILING):
        waiting = asyncio.ensure_future(send(number))
        done, _pending = await asyncio.wait([waiting], timeout=BLOCKED_S)
        if not done:
            return number, waiting
    pytest.fail(f"{CEILING} messages went in without being held back")


async def test_an_upstream_that_does_not_read_holds_the_client(unpaced: Account, upstream: Upstream) -> None:
    released = asyncio.Event()
    loop = asyncio.get_running_loop()

    async def stall(connection: Any) -> None:
        await connection.send('{"type": "session.created"}')
        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(released.wait(), loop))
        async for message in connection:
            upstream.received.put(message)

    upstream.handler = stall
    async with asyncio.timeout(TIMEOUT_S), unpaced.ready_relay() as client:
        text = "x" * 65_000
        sent, waiting = await send_until_blocked(
            lambda n: client.send({"type": "note", "n": n, "text": text})
        )
        released.set()
        await waiting
        for number in range(sent + 1):
            assert (await upstream.next_message())["n"] == number


async def test_a_client_that_does_not_read_holds_the_upstream(unpaced: Account, upstream: Upstream) -> None:
    blocked_after: asyncio.Queue[int] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    async def flood(connection: Any) -> None:
        text = "x" * 65_000
        sent, waiting = await send_until_blocked(
            lambda n: connection.send(json.dumps({"type": "x.delta", "n": n, "t": text}))
        )
        loop.call_soon_threadsafe(blocked_after.put_nowait, sent)
        await waiting

    upstream.handler = flood
    # max_queue=1: the client's library reads one message ahead, then leaves the rest to TCP.
    async with asyncio.timeout(TIMEOUT_S), unpaced.relay(max_queue=1) as client:
        sent = await blocked_after.get()
        assert (await client.event())["type"] == "session.created"
        for number in range(sent + 1):
            assert (await client.event())["n"] == number


async def test_an_upstream_that_stalls_for_good_is_given_up(
    start_server: Callable[..., Server], upstream: Upstream
) -> None:
    server = start_server(SALESMIND_AUDIO_AHEAD_SECONDS="1000000", SALESMIND_STALL_SECONDS="0.5")
    released = asyncio.Event()
    loop = asyncio.get_running_loop()

    async def stall(connection: Any) -> None:
        await connection.send('{"type": "session.created"}')
        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(released.wait(), loop))

    upstream.handler = stall
    async with asyncio.timeout(TIMEOUT_S), server.log_in().ready_relay() as client:

        async def flood() -> None:
            while True:
                await client.send({"type": "note", "text": "x" * 65_000})

        flooding = asyncio.create_task(flood())
        events, close_code, _reason = await client.ending()
        await asyncio.gather(flooding, return_exceptions=True)
        released.set()
    assert (events[-1]["error"]["code"], close_code) == ("upstream_stalled", 4002)


def still_connected(server: Server, client_port: int) -> bool:
    """Whether the kernel knows the server's end of a connection."""
    ends = f"0100007F:{int(server.url.rpartition(':')[2]):04X} 0100007F:{client_port:04X}"
    return ends in Path("/proc/net/tcp").read_text()


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
async def test_a_client_that_stalls_for_good_is_let_go(
    start_server: Callable[..., Server], upstream: Upstream
) -> None:
    """Its socket too: what is still to be sent would keep it for as long as the client lives."""
    server = start_server(SALESMIND_STALL_SECONDS="1")

    async def flood(connection: Any) -> None:
        while True:
            await connection.send(json.dumps({"type": "x.delta", "t": "x" * 65_000}))

    upstream.handler = flood
    deaf: dict[str, Any] = {"max_queue": 1, "ping_interval": None, "close_timeout": 0.1}
    async with asyncio.timeout(TIMEOUT_S), server.log_in().relay(**deaf) as client:
        port = client.connection.local_address[1]
        assert still_connected(server, port)
        await asyncio.to_thread(server.wait_for_log, "client_stalled")
        while still_connected(server, port):
            await asyncio.to_thread(server.http.get, "/api/health/")
