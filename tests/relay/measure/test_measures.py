"""Rates, lateness, latency: plain arithmetic on times that are passed in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio.pcm import level
from relay.measure.latency import LatencyTracker, SentClock
from relay.measure.meters import LatenessMeter, RateMeter, RateWatch, expected_chunk_rate, suspected_rate
from relay.sound.loudness import loudness


def paced(meter: RateMeter, per_second: float, seconds: float, start: float = 0.0) -> float:
    """Events at an even pace from ``start``; the time of the last one."""
    at = start
    for n in range(1, round(per_second * seconds) + 1):
        at = start + n / per_second
        meter.add(at)
    return at


@pytest.mark.parametrize(("size", "rate"), [(8_192, 5.859), (1_920, 25.0), (960, 50.0), (4_800, 10.0)])
def test_expected_rate_comes_from_the_geometry(size: int, rate: float) -> None:
    assert expected_chunk_rate(size) == pytest.approx(rate, abs=0.001)


@pytest.mark.parametrize("per_second", [5.859375, 10.77, 25.0, 50.0])
def test_a_steady_rate_is_measured_without_jitter(per_second: float) -> None:
    meter = RateMeter()
    meter.open(0.0)
    at = paced(meter, per_second, 10)
    for late in (0.0, 0.3, 0.9):
        assert meter.rate(at + late / per_second) == pytest.approx(per_second, rel=0.001)


def test_no_rate_before_a_second_has_passed() -> None:
    meter = RateMeter()
    assert meter.rate(1.0) is None
    meter.open(10.0)
    at = paced(meter, 25, 0.9, start=10.0)
    assert meter.rate(at) is None


def test_a_rate_falls_when_nothing_comes_any_more() -> None:
    meter = RateMeter()
    meter.open(0.0)
    at = paced(meter, 25, 5)
    falling = [meter.rate(at + after) for after in (0.5, 1.0, 2.0, 2.9, 4.0)]
    assert falling == sorted(falling, key=lambda rate: -(rate or 0))
    assert falling[-1] == 0.0


@given(st.lists(st.floats(0, 10), max_size=60), st.floats(0, 20))
def test_a_rate_is_never_negative(times: list[float], now: float) -> None:
    meter = RateMeter()
    meter.open(0.0)
    for at in sorted(times):
        meter.add(at)
    rate = meter.rate(max([now, *times]))
    assert rate is None or rate >= 0


def test_a_mislabelled_microphone_is_recognised() -> None:
    expected = expected_chunk_rate(8_192)
    assert suspected_rate(44_100 * 2 / 8_192, expected) == (44_100, "chunk_rate_suggests_44100")
    assert suspected_rate(48_000 * 2 / 8_192, expected) == (48_000, "chunk_rate_suggests_48000")
    assert 10 <= 44_100 * 2 / 8_192 < 11  # the "10 chunks/sec" of the test summary document
    for honest in (expected, expected * 1.1, expected * 1.6, expected * 3, 0.0):
        assert suspected_rate(honest, expected) is None


def test_the_suspicion_is_told_once_and_only_when_it_lasts() -> None:
    watch = RateWatch(5.859, sustained_s=3.0)
    told = [watch.observe(10.77, at / 2) for at in range(20)]
    assert [index / 2 for index, found in enumerate(told) if found] == [3.0]
    watch.source_changed()
    assert watch.observe(10.77, 20.0) is None
    assert watch.observe(5.86, 21.0) is None
    assert watch.observe(10.77, 22.0) is None
    assert watch.observe(10.77, 24.9) is None
    assert watch.observe(10.77, 25.0) == (44_100, "chunk_rate_suggests_44100")


def test_lateness_of_the_window_and_of_the_run() -> None:
    meter = LatenessMeter(window_s=1.0)
    assert meter.window().p99_ms is None
    for n in range(100):
        late = 0.050 if n == 0 else 0.001
        meter.add(n * 0.04, n * 0.04 + late)
    window, run = meter.window(), meter.run()
    assert window.max_ms == pytest.approx(1.0)
    assert run.max_ms == pytest.approx(50.0)
    assert run.p50_ms == pytest.approx(1.0)
    assert run.p99_ms == pytest.approx(1.0)


def test_early_is_on_time() -> None:
    meter = LatenessMeter()
    meter.add(2.0, 1.9)
    assert meter.run().max_ms == 0.0


def sending(tracker: LatencyTracker, chunks: int, start: float = 0.0) -> None:
    for n in range(1, chunks + 1):
        tracker.clock.sent(960, start + n * 0.04)


def test_response_latency_is_from_the_end_of_speech_to_the_first_audio() -> None:
    tracker = LatencyTracker()
    sending(tracker, 100)
    tracker.speech_stopped(2_500, 500)  # spoken until 2000 ms, which the 50th chunk carried
    tracker.response_created("r")
    latency = tracker.audio_received("r", 3.2)
    assert latency is not None
    assert latency.response_latency_ms == pytest.approx(1_200)
    assert (latency.turn, latency.basis) == (1, "speech")
    assert tracker.audio_received("r", 3.3) is None


def test_audio_of_an_earlier_response_is_not_the_answer() -> None:
    tracker = LatencyTracker()
    sending(tracker, 100)
    tracker.response_created("old")
    tracker.speech_stopped(2_500, 500)
    assert tracker.audio_received("old", 3.0) is None
    tracker.response_created("new")
    assert tracker.audio_received("new", 3.5) is not None


def test_typed_turns_count_from_the_request() -> None:
    tracker = LatencyTracker()
    tracker.response_requested(10.0)
    tracker.response_created("r")
    latency = tracker.audio_received("r", 10.4)
    assert latency is not None
    assert (round(latency.response_latency_ms), latency.basis) == (400, "text")


def test_a_response_without_audio_leaves_no_latency() -> None:
    tracker = LatencyTracker()
    tracker.response_requested(10.0)
    tracker.response_created("r")
    tracker.response_done("r")
    tracker.response_created("r2")
    assert tracker.audio_received("r2", 11.0) is None


def test_a_new_socket_counts_from_its_first_byte() -> None:
    tracker = LatencyTracker()
    sending(tracker, 100)
    tracker.connected()
    tracker.speech_stopped(2_500, 500)  # nothing was sent on this socket: no basis, no figure
    tracker.response_created("r")
    assert tracker.audio_received("r", 9.0) is None
    sending(tracker, 50, start=100.0)
    tracker.speech_stopped(1_500, 500)
    tracker.response_created("r2")
    latency = tracker.audio_received("r2", 102.0)
    assert latency is not None
    assert latency.response_latency_ms == pytest.approx(1_000)


@given(st.integers(1, 400), st.floats(-1_000, 20_000))
def test_the_time_of_a_sample_is_one_that_was_measured(chunks: int, audio_ms: float) -> None:
    clock = SentClock(kept_chunks=100)
    times = [n * 0.04 for n in range(1, chunks + 1)]
    for at in times:
        clock.sent(960, at)
    found = clock.time_of(audio_ms)
    assert found is None or found in times[-100:]
    if found is not None and 0 < audio_ms <= chunks * 40:
        assert found == pytest.approx(-(-audio_ms // 40) * 0.04, abs=1e-6)


@given(st.binary(min_size=2, max_size=200).filter(lambda pcm: len(pcm) % 2 == 0))
def test_the_quick_level_is_the_level(pcm: bytes) -> None:
    quick, exact = loudness(pcm), level(pcm)
    assert quick.peak_dbfs == pytest.approx(exact.peak_dbfs)
    # The quick one rounds the RMS down to a whole step of one sample.
    amplitude = 10 ** (exact.rms_dbfs / 20) * 32_768
    if amplitude >= 100:
        assert quick.rms_dbfs == pytest.approx(exact.rms_dbfs, abs=0.1)
    assert loudness(bytes(20)).rms_dbfs == -120.0


def test_what_is_caught_up_after_a_stall_is_no_rate() -> None:
    """The laptop slept: half a second of chunks comes at once, then they come as before."""
    rate = RateMeter()
    rate.open(0.0)
    for n in range(1, 100):
        rate.add(n * 0.04)
    woke = 30.0
    rate.open(woke + 1.0)
    for _ in range(13):
        rate.add(woke)
    measured = []
    for n in range(1, 200):
        rate.add(woke + n * 0.04)
        measured.append(rate.rate(woke + n * 0.04))
    shown = [value for value in measured if value is not None]
    assert measured[:45] == [None] * 45
    assert shown
    assert all(24 <= value <= 26 for value in shown)
