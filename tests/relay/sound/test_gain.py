"""Gain as arithmetic: with the C module and without, the same."""

from __future__ import annotations

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio.pcm import level
from relay.sound import gain

SAMPLES = st.lists(st.integers(-32_768, 32_767), max_size=50).map(lambda values: array("h", values).tobytes())


def test_six_decibels_are_twice_as_loud() -> None:
    pcm = array("h", [1_000, -2_000, 0]).tobytes()
    assert level(gain.amplified(pcm, 6.0)).peak_dbfs == pytest.approx(level(pcm).peak_dbfs + 6, abs=0.01)
    assert gain.amplified(pcm, 0.0) is pcm


@given(SAMPLES, st.floats(-40, 40))
def test_nothing_wraps_around(pcm: bytes, gain_db: float) -> None:
    made = array("h", gain.amplified(pcm, gain_db))
    for before, after in zip(array("h", pcm), made, strict=True):
        assert before * after >= 0
        assert abs(after) >= abs(before) - 1 or gain_db < 0


@given(SAMPLES, st.floats(-40, 40))
def test_without_the_c_module_it_is_the_same(pcm: bytes, gain_db: float) -> None:
    fast = array("h", gain.amplified(pcm, gain_db))
    module, gain._audioop = gain._audioop, None
    try:
        slow = array("h", gain.amplified(pcm, gain_db))
    finally:
        gain._audioop = module
    assert all(abs(one - other) <= 1 for one, other in zip(fast, slow, strict=True))
