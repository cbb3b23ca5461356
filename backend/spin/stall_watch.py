"""Notices a side that takes nothing for too long, without a timer for every message."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

LOOKS = 8
"""Within one limit: a stall is noticed an eighth of the limit late at most."""


class StallWatch:
    """Around each send of one direction; calls ``stalled`` once if a send takes longer than ``limit_s``.

    It looks at the clock a few times per limit. ``asyncio.timeout`` around every message took a seventh of a
    conversation's CPU.
    """

    def __init__(self, limit_s: float, stalled: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._limit_s = limit_s
        self._stalled = stalled
        self._sending_since: float | None = None
        self._timer = self._loop.call_later(limit_s / LOOKS, self._look)

    def __enter__(self) -> None:
        self._sending_since = self._loop.time()

    def __exit__(self, *_: object) -> None:
        self._sending_since = None

    def close(self) -> None:
        """Stop watching."""
        self._timer.cancel()

    def _look(self) -> None:
        since, now = self._sending_since, self._loop.time()
        if since is not None and now - since >= self._limit_s:
            self._stalled()
        else:
            self._timer = self._loop.call_later(self._limit_s / LOOKS, self._look)
