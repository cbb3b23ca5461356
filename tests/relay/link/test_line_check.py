"""A connection that is dead, a server that is busy, and a line that is slow: which is which."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator

import pytest

from acceptance.fault_proxy import FaultProxy
from relay.link.line_check import MOVES_WITHIN_S, Slowness
from relay.stream import Connection, Meters, Notice, Problem, RealtimeMode, Step
from tests.relay.fake_salesmind import FakeSalesMind
from tests.relay.held_conversation import Hold

LIMIT_S = 1.0
"""In place of 5 s."""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("relay.link.line_check.SETTLES_S", 0.5)
    monkeypatch.setattr("relay.link.line_check.CHECK_EVERY_S", 0.05)
    monkeypatch.setattr("api_client.realtime.PING_INTERVAL_S", 0.2)


class Elsewhere:
    """A server on an event loop of its own, which can be blocked as an inline analysis blocks one."""

    def __init__(self) -> None:
        self.salesmind = FakeSalesMind()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="server")
        self._thread.start()

    async def start(self) -> None:
        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self.salesmind.start(), self._loop))

    def block(self, seconds: float) -> None:
        self._loop.call_soon_threadsafe(time.sleep, seconds)

    async def stop(self) -> None:
        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self.salesmind.stop(), self._loop))
        self._loop.call_soon_threadsafe(self._loop.stop)
        await asyncio.to_thread(self._thread.join)
        self._loop.close()


@pytest.fixture
async def elsewhere() -> AsyncIterator[Elsewhere]:
    server = Elsewhere()
    await server.start()
    yield server
    await server.stop()


async def test_a_line_behind_a_proxy_that_acknowledges_is_known_to_be_dead(
    salesmind: FakeSalesMind, hold: Hold
) -> None:
    async with FaultProxy(salesmind.url) as proxy:
        run = hold(server_url=proxy.url, source="tone", line_answer_within_s=LIMIT_S)
        await run.until(Step, step="gate_open")
        began = time.monotonic()
        proxy.half_open()
        lost = await run.until(Connection, state="lost")
        await run.until(Connection, state="restored")
        summary = await run.stop()
    assert lost.reason == "line_dead"
    assert run.began + lost.t - began < LIMIT_S + 2
    assert [problem.code for problem in run.of(Problem)] == ["line_dead"]
    assert (summary.reconnects, summary.exit_code) == (1, 0)


async def test_a_server_that_answers_nobody_is_busy(elsewhere: Elsewhere, hold: Hold) -> None:
    run = hold(server_url=elsewhere.salesmind.url, source="tone", line_answer_within_s=LIMIT_S)
    await run.until(Step, step="gate_open")
    before = len(run.of(RealtimeMode))
    elsewhere.block(4 * LIMIT_S)
    await run.until(Meters, count=len(run.of(Meters)) + round(40 * LIMIT_S))
    # It answers again: everybody at once.
    await run.until(RealtimeMode, count=before + 2)
    await run.until(Meters, count=len(run.of(Meters)) + 10)
    summary = await run.stop()
    assert summary.errors == []
    assert len(elsewhere.salesmind.sockets) == 1


async def test_a_slow_line_is_not_dead(salesmind: FakeSalesMind, hold: Hold) -> None:
    async with FaultProxy(salesmind.url) as proxy:
        run = hold(server_url=proxy.url, source="tone", line_answer_within_s=LIMIT_S)
        await run.until(Step, step="gate_open")
        proxy.bytes_per_s = 8_000
        await run.until(Meters, count=len(run.of(Meters)) + 60)
        proxy.bytes_per_s = None
        await run.stop()
    assert not run.of(Connection, state="lost")
    assert not run.of(Notice, code="line_dead")


def test_whoever_carries_something_is_slow_and_not_dead() -> None:
    line = Slowness()
    line.note(1_000, 10.0)
    assert not line.moves(10.0)
    line.note(1_500, 10.5)
    line.note(1_500, 11.0)
    assert line.moves(10.5 + MOVES_WITHIN_S - 0.1)
    assert not line.moves(10.5 + MOVES_WITHIN_S)
    line.note(None, 11.5)  # nothing waits
    line.note(9_000, 12.0)  # the first figure since then
    assert not line.moves(10.5 + MOVES_WITHIN_S)
