"""Clocks that count samples."""

from __future__ import annotations

import asyncio
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio.pacing import MAX_CATCH_UP_S, CaptureClock, Pacer

STEP_S = 0.02
STEP_SAMPLES = 480


class Clock:
    """A monotonic clock that only a sleep or a test moves."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1_000.0
        self.slept = 0
        monkeypatch.setattr(asyncio, "sleep", self._sleep)

    async def _sleep(self, seconds: float) -> None:
        self.slept += 1
        self.now += seconds

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


async def test_steps_are_due_on_an_absolute_schedule(clock: Clock) -> None:
    pacer = Pacer(STEP_SAMPLES, now=clock)
    for n in range(1, 5_001):
        due = await pacer.wait()
        assert due == pytest.approx(1_000 + n * STEP_S, abs=1e-6)
        # Work that takes a little time makes nothing later in the end.
        clock.now += 0.007
    assert clock.now == pytest.approx(1_000 + 5_000 * STEP_S + 0.007, abs=1e-6)


async def test_whoever_is_a_little_late_catches_up_without_waiting(clock: Clock) -> None:
    pacer = Pacer(STEP_SAMPLES, now=clock)
    await pacer.wait()
    clock.now += 0.4
    slept = clock.slept
    assert pacer.skipped_samples() == 0
    dues = [await pacer.wait() for _ in range(20)]
    assert clock.slept == slept
    assert dues == pytest.approx([1_000 + (n + 2) * STEP_S for n in range(20)])


async def test_a_stall_is_given_up_instead_of_poured_out(clock: Clock) -> None:
    pacer = Pacer(STEP_SAMPLES, now=clock)
    await pacer.wait()
    clock.now += 10.0
    skipped = pacer.skipped_samples()
    assert skipped % STEP_SAMPLES == 0
    assert skipped / 24_000 == pytest.approx(10.0, abs=2 * STEP_S)
    due = await pacer.wait()
    assert due == pytest.approx(clock.now, abs=2 * STEP_S)
    assert pacer.skipped_samples() == 0


async def test_nothing_is_skipped_before_the_first_step(clock: Clock) -> None:
    pacer = Pacer(STEP_SAMPLES, now=clock)
    clock.now += 100
    assert pacer.skipped_samples() == 0
    assert await pacer.wait() == pytest.approx(1_100 + STEP_S)


@given(st.lists(st.floats(0, 3), max_size=60))
def test_steps_and_skips_together_keep_to_the_clock(stalls: list[float]) -> None:
    now = 0.0
    pacer = Pacer(STEP_SAMPLES, now=lambda: now)
    given_samples = 0

    def step() -> float:
        with pytest.MonkeyPatch.context() as patch:
            waited: list[float] = []

            async def sleep(seconds: float) -> None:
                waited.append(seconds)

            patch.setattr(asyncio, "sleep", sleep)
            try:
                pacer.wait().send(None)
            except StopIteration:
                return sum(waited)
        raise AssertionError("a step waits by sleeping only")

    for stall in stalls:
        given_samples += pacer.skipped_samples()
        now += step()
        given_samples += STEP_SAMPLES
        behind = now - given_samples / 24_000
        assert -1e-6 <= behind <= MAX_CATCH_UP_S + STEP_S + 1e-6
        now += stall


@given(
    st.lists(st.floats(0, 0.03), min_size=300, max_size=300), st.floats(-2e-4, 2e-4), st.integers(0, 2**32)
)
def test_capture_clock_sees_through_jitter_and_drift(jitter: list[float], drift: float, seed: int) -> None:
    clock = CaptureClock()
    order = random.Random(seed)
    previous = 0.0
    for n in range(1, 301):
        true_time = n * STEP_S * (1 + drift)
        # Whatever else happens, now and then a block comes on time.
        late = 0.0 if n == 1 or order.random() < 0.2 else jitter[n - 1]
        captured = clock.captured_at(n * STEP_SAMPLES, true_time + late)
        assert captured <= true_time + late + 1e-9
        assert captured >= previous
        assert captured == pytest.approx(true_time, abs=0.004)
        previous = captured


def test_capture_clock_starts_again_after_a_loss() -> None:
    clock = CaptureClock()
    clock.captured_at(480, 10.0)
    clock.restart()
    assert clock.captured_at(960, 15.0) == pytest.approx(15.0)


async def test_schedules_of_one_process_fall_due_together(clock: Clock) -> None:
    first = Pacer(2 * STEP_SAMPLES, now=clock)
    clock.now += 0.013
    dues = [await first.wait() for _ in range(3)]
    clock.now += 0.005
    second = Pacer(STEP_SAMPLES, now=clock)
    dues_of_second = [await second.wait() for _ in range(4)]
    assert {round(due / STEP_S, 6) % 1 for due in dues + dues_of_second} == {0.0}
