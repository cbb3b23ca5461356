"""A stall is noticed; a slow side and an idle one are not."""

from __future__ import annotations

import asyncio

from backend.spin.stall_watch import StallWatch


async def test_a_send_that_takes_too_long_is_a_stall_and_is_told_once() -> None:
    told = 0

    def stalled() -> None:
        nonlocal told
        told += 1
        released.set()

    released = asyncio.Event()
    loop = asyncio.get_running_loop()
    watch = StallWatch(0.08, stalled)
    begun = loop.time()
    with watch:
        await asyncio.wait_for(released.wait(), 10)
        assert loop.time() - begun >= 0.08
        await asyncio.sleep(0.1)
    assert told == 1


async def test_many_short_sends_are_no_stall_however_long_they_go_on() -> None:
    def stalled() -> None:
        raise AssertionError("none of them took longer than the limit")

    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _loop, context: failures.append(context))
    failures: list[object] = []
    watch = StallWatch(0.5, stalled)
    end = loop.time() + 0.8
    while loop.time() < end:
        with watch:
            await asyncio.sleep(0)
        await asyncio.sleep(0)
    watch.close()
    assert not failures


async def test_a_closed_watch_tells_nothing() -> None:
    told: list[None] = []
    watch = StallWatch(0.01, lambda: told.append(None))
    with watch:
        watch.close()
        await asyncio.sleep(0.03)
    assert not told
