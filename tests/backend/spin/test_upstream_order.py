"""What ``on_text`` takes and what ``recv`` gives are one stream: nothing is lost, and nothing overtakes."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

import pytest
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from backend.spin.upstream import UpstreamConnection

MESSAGES = 400
TIMEOUT_S = 15.0


async def numbered(connection: ServerConnection) -> None:
    """Send numbers: most as whole text messages, some in fragments, some as bytes."""
    for number in range(MESSAGES):
        text = str(number)
        await connection.send([text[:1], text[1:]] if number % 7 == 3 else text, text=number % 11 != 5)
        if number % 5 == 0:
            await (await connection.ping())  # the client has read everything until here


async def everything(takes: Callable[[], bool]) -> tuple[list[int], int]:
    """The numbers in the order in which they were dealt with, and how many ``on_text`` took."""
    dealt_with: list[int] = []
    taken = 0

    def on_text(message: str) -> bool:
        nonlocal taken
        if not takes():
            return False
        dealt_with.append(int(message))
        taken += 1
        return True

    async with serve(numbered, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        connection = await connect(
            f"ws://127.0.0.1:{port}", create_connection=UpstreamConnection, max_queue=4, compression=None
        )
        assert isinstance(connection, UpstreamConnection)
        connection.on_text = on_text
        async with asyncio.timeout(TIMEOUT_S):
            with pytest.raises(ConnectionClosed):
                while True:
                    message = await connection.recv()
                    await asyncio.sleep(0)  # a client that takes its time: the message is still in hand
                    dealt_with.append(int(message))
    return dealt_with, taken


@pytest.mark.parametrize("seed", range(5))
async def test_order_is_kept_whoever_takes_a_message(seed: int) -> None:
    choice = random.Random(seed)
    dealt_with, taken = await everything(lambda: choice.random() < 0.8)
    assert dealt_with == list(range(MESSAGES))
    assert 0 < taken < MESSAGES


async def test_whole_texts_are_taken_when_nothing_waits() -> None:
    dealt_with, taken = await everything(lambda: True)
    assert dealt_with == list(range(MESSAGES))
    assert taken > 0


async def test_without_a_taker_recv_gives_all() -> None:
    dealt_with, taken = await everything(lambda: False)
    assert dealt_with == list(range(MESSAGES))
    assert taken == 0
