"""A conversation held in the test's own process."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Any, TypeVar

from relay.commands import Command, Stop
from relay.config import RelayConfig
from relay.live import converse
from relay.stream import StreamEvent, Summary
from tests.relay.fake_salesmind import WITHIN_S

Event = TypeVar("Event", bound=StreamEvent)


class Run:
    """A conversation in this process, its events as they come, and its commands."""

    def __init__(self, config: RelayConfig) -> None:
        self.events: list[StreamEvent] = []
        self.began = time.monotonic()
        self._queue: asyncio.Queue[Command] = asyncio.Queue()
        self._news = asyncio.Event()
        self._task = asyncio.create_task(converse(config, self._emit, self._commands()))

    def _emit(self, event: StreamEvent) -> None:
        self.events.append(event)
        self._news.set()

    async def _commands(self) -> AsyncIterator[Command]:
        while True:
            yield await self._queue.get()

    def command(self, command: Command) -> None:
        self._queue.put_nowait(command)

    def of(self, kind: type[Event], **fields: Any) -> list[Event]:
        return [
            event
            for event in self.events
            if isinstance(event, kind)
            and all(getattr(event, name) == value for name, value in fields.items())
        ]

    async def until(
        self,
        kind: type[Event],
        *,
        count: int = 1,
        such: Callable[[Event], object] = lambda _: True,
        **fields: Any,
    ) -> Event:
        async with asyncio.timeout(WITHIN_S):
            while len(found := list(filter(such, self.of(kind, **fields)))) < count:
                assert not self._task.done(), f"ended without {count} {kind.__name__} {fields}"
                self._news.clear()
                await self._news.wait()
        return found[count - 1]

    async def ended(self) -> Summary:
        async with asyncio.timeout(WITHIN_S + 10):
            return await self._task

    async def stop(self) -> Summary:
        self.command(Stop())
        return await self.ended()

    async def abandon(self) -> None:
        if not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task])


Hold = Callable[..., Run]
"""Starts one: the fixture ``hold``, whose keywords are those of ``RelayConfig``."""
