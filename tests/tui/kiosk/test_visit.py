"""The clocks of a visit."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tui import i18n
from tui.kiosk.visit import OUTCOMES, Presence, farewell, stay_words


def test_nobody_there_is_asked_for_a_minute_and_then_ended() -> None:
    presence = Presence(idle_s=300)
    presence.touched(1000)
    assert not presence.doubtful(1239)
    assert presence.doubtful(1240)
    assert presence.left_s(1240) == 60
    presence.touched(1250)
    assert not presence.doubtful(1251)
    assert presence.left_s(1550) == 0


@given(idle_s=st.floats(1, 10_000), passed_s=st.floats(0, 20_000))
def test_nobody_is_ended_without_having_been_asked(idle_s: float, passed_s: float) -> None:
    presence = Presence(idle_s)
    if presence.left_s(passed_s) == 0:
        assert presence.doubtful(passed_s)
        assert not presence.doubtful(0)


def test_the_rest_of_a_stay_is_in_minutes_and_then_in_seconds() -> None:
    assert stay_words(1800) == ("30 min left", False)
    assert stay_words(61) == ("2 min left", False)
    assert stay_words(60) == ("60 s left", True)
    assert stay_words(0.4) == ("0 s left", True)


def test_every_end_has_its_words_in_both_languages() -> None:
    english = [farewell(outcome) for outcome in OUTCOMES]
    assert len(set(english)) == len(OUTCOMES)
    i18n.set_language("ja")
    assert all(farewell(outcome) not in english for outcome in OUTCOMES)
    assert farewell("of tomorrow") == farewell("lost")
