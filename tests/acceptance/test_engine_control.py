"""Cutting the upstream: what is said to the engine, and what goes wrong with it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator

import pytest
from websockets.asyncio.server import ServerConnection, serve

from acceptance.engine_control import TOKEN_VARIABLE, cut_connections


@contextlib.asynccontextmanager
async def control(answer: str, heard: list[object]) -> AsyncIterator[str]:
    async def obey(socket: ServerConnection) -> None:
        assert socket.request is not None
        heard.append(socket.request.headers.get("Authorization"))
        async for message in socket:
            heard.append(json.loads(message))
            await socket.send(answer)

    async with serve(obey, "127.0.0.1", 0) as server:
        yield f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}/control"


async def test_connections_are_cut_and_new_ones_may_live(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TOKEN_VARIABLE, "secret")
    heard: list[object] = []
    async with control('{"faults": [], "connections": 0}', heard) as url:
        await cut_connections(url)
    assert heard == ["Bearer secret", {"add": [{"kind": "abort"}]}, {"clear": True}]


@pytest.mark.parametrize("answer", ['{"error": "there is no fault"}', "[]", "no JSON"])
async def test_a_refusal_is_an_error(answer: str) -> None:
    async with control(answer, []) as url:
        with pytest.raises(OSError):
            await cut_connections(url)


async def test_nobody_there_is_an_error() -> None:
    with pytest.raises(OSError):
        await cut_connections("ws://127.0.0.1:9/control")
