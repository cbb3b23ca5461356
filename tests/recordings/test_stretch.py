"""Faster and slower with the pitch kept."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio.ports import SAMPLE_RATE
from recordings.player.stretch import Samples, Stretcher, stretched
from recordings.playhead import SPEEDS


def tone(hz: float, seconds: float) -> Samples:
    t = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return np.round(12_000 * np.sin(2 * np.pi * hz * t)).astype(np.int16)


def spectrum(samples: Samples) -> tuple[float, float]:
    """The strongest frequency in Hz, and the part of all power within 10 Hz of it."""
    middle = samples[len(samples) // 4 : -len(samples) // 4].astype(float)
    power = np.abs(np.fft.rfft(middle * np.hanning(len(middle)))) ** 2
    hz = np.fft.rfftfreq(len(middle), 1 / SAMPLE_RATE)
    peak = float(hz[np.argmax(power)])
    return peak, float(power[np.abs(hz - peak) < 10].sum() / power.sum())


@pytest.mark.parametrize("speed", SPEEDS)
@pytest.mark.parametrize("hz", [110.0, 440.0, 1_000.0])
def test_a_tone_keeps_its_pitch_and_stays_a_tone(speed: float, hz: float) -> None:
    found = stretched(tone(hz, 4.0), speed)
    assert len(found) == round(4.0 * SAMPLE_RATE / speed)
    peak, purity = spectrum(found)
    assert peak == pytest.approx(hz, abs=SAMPLE_RATE / (len(found) / 2) + 0.5)
    assert purity > 0.98
    assert np.abs(found[2_000:-2_000]).max() == pytest.approx(12_000, rel=0.05)


@given(st.integers(0, 20_000), st.sampled_from(SPEEDS))
@settings(deadline=None, max_examples=30)
def test_any_length_comes_out_as_long_as_the_speed_says(length: int, speed: float) -> None:
    assert len(stretched(tone(440, 1.0)[:length], speed)) == round(min(length, SAMPLE_RATE) / speed)


@given(st.lists(st.integers(1, 5_000), min_size=1, max_size=20), st.sampled_from(SPEEDS))
@settings(deadline=None, max_examples=20)
def test_how_the_stream_is_cut_makes_no_difference(cuts: list[int], speed: float) -> None:
    samples = tone(300, 2.0)
    whole = Stretcher(speed).feed(samples)
    stretcher, pieces, at = Stretcher(speed), [], 0
    for cut in cuts:
        pieces.append(stretcher.feed(samples[at : at + cut]))
        at += cut
    pieces.append(stretcher.feed(samples[at:]))
    assert np.abs(np.concatenate(pieces).astype(int) - whole.astype(int)).max(initial=0) <= 1


def test_at_normal_speed_nothing_is_touched() -> None:
    samples = tone(440, 0.1)
    assert stretched(samples, 1.0).tobytes() == samples.tobytes()


def test_a_word_begins_when_it_should() -> None:
    samples = np.concatenate([np.zeros(SAMPLE_RATE, dtype=np.int16), tone(440, 0.5), tone(1, 0.5) // 12_000])
    for speed in SPEEDS:
        loud = np.abs(stretched(samples, speed).astype(int)) > 6_000
        assert int(np.argmax(loud)) / SAMPLE_RATE == pytest.approx(1.0 / speed, abs=0.03)


def test_no_speed_is_refused() -> None:
    with pytest.raises(ValueError, match="above 0"):
        Stretcher(0.0)
