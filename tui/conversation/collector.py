"""The garbage collector, kept out of the way while a conversation is on screen.

A full collection stops everything for tens of milliseconds. During a conversation what exists is
frozen (never looked at again) and full collections happen between turns; switched off for good, they leak.
"""

from __future__ import annotations

import gc

RARE = 1_000
"""Generation 1 collections per full one, while tamed."""
BETWEEN_S = 5.0


class Collector:
    """Tames the collector from ``tame`` to ``release``."""

    def __init__(self) -> None:
        self._thresholds: tuple[int, int, int] | None = None
        self._last = 0.0

    def tame(self, now: float) -> None:
        """Freeze what exists and suspend full collections."""
        self._thresholds = gc.get_threshold()
        gc.collect()
        gc.freeze()
        gc.set_threshold(self._thresholds[0], self._thresholds[1], RARE)
        self._last = now

    def between_turns(self, now: float) -> None:
        """Run a full collection while nobody speaks, at most every few seconds."""
        if self._thresholds is not None and now - self._last >= BETWEEN_S:
            self._last = now
            gc.collect()

    def release(self) -> None:
        if self._thresholds is not None:
            gc.set_threshold(*self._thresholds)
            gc.unfreeze()
            self._thresholds = None
