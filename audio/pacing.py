"""Clocks that count samples: when a chunk is due, regardless of event loop delays."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable

from audio.ports import SAMPLE_RATE

MAX_CATCH_UP_S = 0.5
"""How far behind a schedule may fall and still catch up; beyond that, the lost time is skipped."""


GRID_S = 0.04
"""Schedules start on multiples of this. Those of one process then fall due together, and the process
wakes once for all of them: most of a conversation's CPU is wake-ups (``benchmarks/conversation.py``)."""


def next_on_grid(now: float, grid_s: float = GRID_S) -> float:
    """The first multiple of ``grid_s`` at or after ``now``, in seconds of the monotonic clock."""
    return math.ceil(now / grid_s) * grid_s


class Pacer:
    """An absolute schedule: step n is due n steps after the first, so lateness never adds up.

    A late caller gets the overdue steps at once, up to half a second of them. A caller that is
    later has stalled, and the schedule moves instead of bursting out what was missed.
    """

    def __init__(self, samples_per_step: int, *, now: Callable[[], float] = time.monotonic) -> None:
        self._samples_per_step = samples_per_step
        self._now = now
        self._start: float | None = None
        self._steps = 0

    async def wait(self) -> float:
        """Wait until the next step is due; the clock starts with the first call. Returns its due time."""
        due = self.next_due()
        delay = due - self._now()
        if delay > 0:
            await asyncio.sleep(delay)
        # Only now: whoever was cancelled in his sleep has not taken the step.
        self.take()
        return due

    def next_due(self) -> float:
        """When the next step is due; the clock starts with the first call."""
        if self._start is None:
            self._start = next_on_grid(self._now())
        return self._start + (self._steps + 1) * self._samples_per_step / SAMPLE_RATE

    def take(self) -> None:
        """Take the step that was due."""
        self._steps += 1

    def skipped_samples(self) -> int:
        """Skip what cannot be caught up, in whole steps; returns the samples skipped (usually 0)."""
        if self._start is None:
            return 0
        step_s = self._samples_per_step / SAMPLE_RATE
        behind = self._now() - (self._start + (self._steps + 1) * step_s)
        if behind <= MAX_CATCH_UP_S:
            return 0
        steps = int(behind / step_s)
        self._start += steps * step_s
        return steps * self._samples_per_step


class CaptureClock:
    """Estimates when a sample was captured, from the sample count and the jittery arrival of blocks.

    Blocks arrive late, never early (PortAudio delivers them in pairs when the latency is 0.1 s), so the earliest
    arrival seen is the best estimate of the true clock; it drifts slowly, because a sound card's second
    is not ours.
    """

    SLIP_PER_BLOCK = 0.001

    def __init__(self) -> None:
        self._origin: float | None = None

    def captured_at(self, samples: float, arrived: float) -> float:
        """When sample number ``samples`` (counted at 24 000 Hz) was captured, never after ``arrived``."""
        elapsed = samples / SAMPLE_RATE
        seen = arrived - elapsed
        if self._origin is None or seen < self._origin:
            self._origin = seen
        else:
            self._origin += (seen - self._origin) * self.SLIP_PER_BLOCK
        return self._origin + elapsed

    def restart(self) -> None:
        """Start over after samples were lost."""
        self._origin = None
