"""Opening sources and sinks so that none is left open by mistake, and opening again what was lost."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from audio.errors import AudioError
from audio.ports import Sink, Source, StreamInfo

REOPEN_DELAYS_S = (1.0, 2.0, 4.0, 8.0)
"""When a device or sender that was lost is tried again, in seconds after each failure."""


async def open_or_close(end: Source | Sink, opening: Coroutine[Any, Any, StreamInfo]) -> StreamInfo:
    """Wait for ``opening``, which opens ``end``. Who is cancelled meanwhile leaves it closed, not half open."""
    try:
        return await opening
    except asyncio.CancelledError:
        await close_quietly(end)
        raise


async def close_quietly(end: Source | Sink) -> None:
    """Close ``end``; what is wrong with it does not matter any more."""
    with contextlib.suppress(AudioError):
        await end.close()


class Reopening:
    """Opens what was lost again, in the background: until that succeeds, or something else is chosen."""

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None

    def start(self, attempt: Callable[[], Awaitable[bool]]) -> None:
        """Call ``attempt`` after each of the delays until it says True."""
        self._task = asyncio.create_task(self._run(attempt), name="reopen")

    async def stop(self) -> None:
        """Make no more attempts. Returns when one that was under way has closed what it opened."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    async def _run(self, attempt: Callable[[], Awaitable[bool]]) -> None:
        for delay in REOPEN_DELAYS_S:
            await asyncio.sleep(delay)
            if await attempt():
                return
