"""Clocks that count samples: when a chunk is due, whatever the event loop was doing meanwhile."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable

from audio.ports import SAMPLE_RATE

MAX_CATCH_UP_S = 0.5
"""How far behind a schedule may be and still catch up; beyond that the lost time is given up."""


GRID_S = 0.04
"""Schedules begin on whole multiples of this. Those of one process then fall due together, and the process
wakes once for all of them: most of what a conversation costs is waking up (``benchmarks/conversation.py``)."""


def next_on_grid(now: float, grid_s: float = GRID_S) -> float:
    """The first multiple of ``grid_s`` at or after ``now``, in seconds of the monotonic clock."""
    return math.ceil(now / grid_s) * grid_s


class Pacer:
    """An absolute schedule: step n is due n steps after the first, so lateness never adds up.

    Somebody who comes late gets the steps that are due at once, at most half a second of them. Whoever is
    later than that has stalled, and the schedule is moved instead of pouring out what was missed.
    """

    def __init__(self, samples_per_step: int, *, now: Callable[[], float] = time.monotonic) -> None:
        self._samples_per_step = samples_per_step
        self._now = now
        self._start: float | None = None
        self._steps = 0

    async def wait(self) -> float:
        """Until the next step is due; the clock starts with the first call. Returns when it was due."""
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
        """The step that was due is taken."""
        self._steps += 1

    def skipped_samples(self) -> int:
        """Give up what cannot be caught up, in whole steps; how many samples that was (mostly 0)."""
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
    """Says when a sample was captured, from a count of samples and the jittery arrival of their blocks.

    Blocks come late, never early (PortAudio gives them in pairs when the latency is 0.1 s), so the earliest
    arrival seen is the best estimate of the true clock; it is let slip slowly, because a sound card's second
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
        """Samples were lost: what was known of their times is void."""
        self._origin = None
