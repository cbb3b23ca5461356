"""Opening sources and sinks without leaks, and reopening lost ones."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from audio.errors import AudioError
from audio.ports import Sink, Source, StreamInfo

REOPEN_DELAYS_S = (1.0, 2.0, 4.0, 8.0)
"""Delays (s) before each retry of a lost device or sender."""


async def open_or_close(end: Source | Sink, opening: Coroutine[Any, Any, StreamInfo]) -> StreamInfo:
    """Wait for ``opening``, which opens ``end``; close it again on cancellation."""
    try:
        return await opening
    except asyncio.CancelledError:
        await close_quietly(end)
        raise


async def close_quietly(end: Source | Sink) -> None:
    """Close ``end``, ignoring errors."""
    with contextlib.suppress(AudioError):
        await end.close()


class Reopening:
    """Reopens a lost source or sink in the background until it succeeds or another is chosen."""

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None

    def start(self, attempt: Callable[[], Awaitable[bool]]) -> None:
        """Call ``attempt`` after each delay until it returns True."""
        self._task = asyncio.create_task(self._run(attempt), name="reopen")

    async def stop(self) -> None:
        """Stop retrying. Returns once a running attempt has closed what it opened."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    async def _run(self, attempt: Callable[[], Awaitable[bool]]) -> None:
        for delay in REOPEN_DELAYS_S:
            await asyncio.sleep(delay)
            if await attempt():
                return
