"""How far ahead of real time audio may run."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from backend.spin.pacing import AudioPacing

SECOND = 48_000


def test_audio_at_the_pace_of_speech_is_always_admitted() -> None:
    pacing = AudioPacing(10)
    assert all(pacing.admit(SECOND // 25, now=number / 25) for number in range(10_000))


def test_ten_seconds_at_once_and_no_more() -> None:
    pacing = AudioPacing(10)
    assert [pacing.admit(SECOND, now=0.0) for _ in range(12)] == [True] * 10 + [False] * 2


def test_time_makes_room() -> None:
    pacing = AudioPacing(10)
    for _ in range(10):
        pacing.admit(SECOND, now=0.0)
    assert pacing.pause_s(1.0, now=0.25) == 0.75
    assert not pacing.admit(SECOND, now=0.75)
    assert pacing.admit(SECOND, now=1.0)


def test_silence_saves_up_nothing() -> None:
    pacing = AudioPacing(10)
    pacing.admit(SECOND, now=0.0)
    assert sum(pacing.admit(SECOND, now=1000.0) for _ in range(12)) == 10


def test_one_message_longer_than_the_limit_may_begin() -> None:
    assert AudioPacing(10).admit(1024 * 1024, now=0.0)


@given(st.lists(st.tuples(st.integers(1, 400_000), st.floats(0, 5)), max_size=60))
def test_never_further_ahead_than_the_limit_or_one_message(steps: list[tuple[int, float]]) -> None:
    pacing, now = AudioPacing(10), 0.0
    for size, passed in steps:
        now += passed
        pacing.admit(size, now)
        assert pacing.ahead_s(now) <= 10 + 1e-6
