"""The thread that speech recognition has: what it turns to next, and what it gives up."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import pytest

from backend.engine.worker import Abandoned, Worker

TIMEOUT_S = 5.0


@pytest.fixture
async def worker() -> AsyncIterator[Worker]:
    made = Worker("test", lambda: None)
    yield made
    made.close()


async def occupied(worker: Worker, until: threading.Event) -> asyncio.Task[bool]:
    """Something that keeps the thread busy."""
    begun = asyncio.Event()
    loop = asyncio.get_running_loop()

    def work(wanted: object) -> bool:
        loop.call_soon_threadsafe(begun.set)
        return until.wait(TIMEOUT_S)

    task = asyncio.create_task(worker.do(work, lambda: False))
    await asyncio.wait_for(begun.wait(), TIMEOUT_S)
    return task


async def test_the_urgent_comes_first_even_if_it_became_so_while_it_waited(worker: Worker) -> None:
    free = threading.Event()
    busy = await occupied(worker, free)
    order: list[str] = []
    urgent = {"c"}

    def do(name: str) -> Coroutine[Any, Any, None]:
        return worker.do(lambda _: order.append(name), lambda: name in urgent)

    tasks = [asyncio.create_task(do(name)) for name in "abcd"]
    await asyncio.sleep(0)
    urgent.add("d")
    free.set()
    await asyncio.gather(busy, *tasks)
    assert order == ["c", "d", "a", "b"]


async def test_what_nobody_wants_is_not_begun(worker: Worker) -> None:
    free = threading.Event()
    busy = await occupied(worker, free)
    done: list[str] = []
    unwanted = asyncio.create_task(worker.do(lambda _: done.append("unwanted"), lambda: True))
    await asyncio.sleep(0)
    unwanted.cancel()
    await asyncio.wait([unwanted])  # else the thread may be quicker than the cancellation
    free.set()
    await busy
    await worker.do(lambda _: done.append("wanted"), lambda: False)
    assert done == ["wanted"]


async def test_work_learns_that_nobody_wants_it_any_more(worker: Worker) -> None:
    begun, cancelled, learned = asyncio.Event(), threading.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def work(wanted: object) -> None:
        assert callable(wanted)
        assert wanted()
        loop.call_soon_threadsafe(begun.set)
        cancelled.wait(TIMEOUT_S)
        if not wanted():
            learned.set()
            raise Abandoned

    task = asyncio.create_task(worker.do(work, lambda: False))
    await asyncio.wait_for(begun.wait(), TIMEOUT_S)
    task.cancel()
    await asyncio.wait([task])
    cancelled.set()
    assert await worker.do(lambda _: "next", lambda: False) == "next"
    assert learned.is_set()


async def test_a_failure_reaches_whoever_asked(worker: Worker) -> None:
    def fail(wanted: object) -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await worker.do(fail, lambda: False)
    assert await worker.do(lambda _: 1, lambda: False) == 1


async def test_closing_drops_what_waits() -> None:
    worker = Worker("test", lambda: None)
    free = threading.Event()
    busy = await occupied(worker, free)
    waiting = asyncio.create_task(worker.do(lambda _: 1, lambda: False))
    await asyncio.sleep(0)
    worker.close()
    free.set()
    await busy
    with pytest.raises(asyncio.CancelledError):
        await waiting
