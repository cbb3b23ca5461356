"""A conversation of the run: the same process as the live screen's, driven by commands."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path

from acceptance.record import Record
from relay.client import RelayProcess
from relay.commands import Command
from relay.config import RelayConfig
from relay.conversation import ConversationState, fold
from relay.stream import Recording, StreamEvent

STOP_TIMEOUT_S = 15.0
"""Closing asks the server for ``realtime_mode`` for up to five seconds."""

Tell = Callable[[StreamEvent], None]


class HeldConversation:
    """Keeps every event of the stream, and lets the procedure wait for conditions."""

    def __init__(self, name: str, relay: RelayProcess, tell: Tell) -> None:
        self.name = name
        self.events: list[StreamEvent] = []
        self.state = ConversationState()
        self.on_batch: Callable[[HeldConversation], None] | None = None
        """Called whenever events have come."""
        self._relay = relay
        self._tell = tell
        self._news = asyncio.Condition()
        self._reading = asyncio.create_task(self._read(), name=f"acceptance-{name}")

    @classmethod
    async def start(cls, name: str, config: RelayConfig, *, log_path: Path, tell: Tell) -> HeldConversation:
        """Start the process. Raises ``OSError``."""
        return cls(name, await RelayProcess.start(config, log_path=log_path), tell)

    @property
    def record(self) -> Record:
        """Everything so far."""
        return Record(self.name, self.events)

    @property
    def mark(self) -> int:
        """Number of the next event."""
        return len(self.events)

    @property
    def recording(self) -> Path | None:
        """The recording's directory, or None. It may differ from the requested one: no recording is overwritten."""
        begun = self.record.one(Recording, lambda event: event.state == "started")
        return None if begun is None else Path(begun.directory)

    @property
    def over(self) -> bool:
        """Whether nothing more can be expected: ended, given up, or its process gone."""
        return self._reading.done() or self.state.status in ("ended", "given_up")

    async def until(self, ready: Callable[[HeldConversation], bool], timeout_s: float) -> bool:
        """Wait until ``ready``; False if time ran out or the conversation ended first."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s), self._news:
                await self._news.wait_for(lambda: ready(self) or self.over)
        return ready(self)

    async def send(self, command: Command) -> None:
        """Give it a command."""
        await self._relay.send(command)

    async def stop(self) -> None:
        """End it cleanly and collect everything up to its last event."""
        await self._relay.stop(STOP_TIMEOUT_S)
        await self._reading

    async def _read(self) -> None:
        try:
            while not self._relay.ended or await self._relay.wait_event(0):
                await self._relay.wait_event()
                self._take(self._relay.drain())
                async with self._news:
                    self._news.notify_all()
        finally:
            # Also when nobody can be told any more: whoever waits must not wait for ever.
            async with self._news:
                self._news.notify_all()

    def _take(self, batch: list[StreamEvent]) -> None:
        self.events += batch
        self.state = fold(self.state, batch)
        for event in batch:
            self._tell(event)
        if self.on_batch is not None:
            self.on_batch(self)
