"""Which language speech is taken to be in, and how the stretches of a turn become one."""

from __future__ import annotations

import pytest

from backend.engine.speech import Expectation, Words, joined

JAPANESE = Expectation(("ja",), others=("en",))
LISTED = Expectation(("ja", "en"), limited=True)


@pytest.mark.parametrize(
    ("expectation", "probabilities", "language"),
    [
        (JAPANESE, {"ja": 0.99, "en": 0.003}, "ja"),
        (JAPANESE, {"en": 0.97, "ja": 0.01}, "en"),
        (JAPANESE, {"en": 0.35, "ms": 0.2, "id": 0.2, "ja": 0.01}, "en"),  # an accent, and surely no Japanese
        (JAPANESE, {"en": 0.6, "ja": 0.2}, "ja"),
        (JAPANESE, {"en": 0.2, "ja": 0.01}, "ja"),
        (JAPANESE, {"ko": 0.9, "ja": 0.02}, "ja"),  # a short word
        (JAPANESE, {"fr": 0.98, "ja": 0.001, "en": 0.01}, "fr"),
        (Expectation(("ja", "en")), {"en": 0.5, "ja": 0.4}, "en"),
        (LISTED, {"fr": 0.98, "en": 0.01, "ja": 0.001}, "en"),
        (JAPANESE, {}, "ja"),
    ],
)
def test_the_expected_language_unless_it_is_clearly_another(
    expectation: Expectation, probabilities: dict[str, float], language: str
) -> None:
    assert expectation.candidates(probabilities)[0] == language


def test_a_second_language_is_tried_only_if_it_is_likely_too() -> None:
    assert JAPANESE.candidates({"ja": 0.5, "en": 0.4}) == ("ja", "en")
    assert JAPANESE.candidates({"ja": 0.9, "en": 0.05}) == ("ja",)
    assert LISTED.candidates({"en": 0.5, "ja": 0.4}) == ("en", "ja")
    assert Expectation(("ja",), limited=True).candidates({"en": 0.99}) == ("ja",)


def test_english_that_was_written_for_japanese_is_english() -> None:
    assert JAPANESE.written_in("Sorry, I did not catch that.", "ja") == "en"
    assert JAPANESE.written_in("Excel.", "ja") == "ja"
    assert JAPANESE.written_in("Excelを使っています。", "ja") == "ja"
    assert Expectation(("ja",), limited=True).written_in("Sorry, I did not catch that.", "ja") == "ja"


def test_there_is_nothing_to_find_out_where_only_one_is_possible() -> None:
    assert Expectation(("ja",), limited=True).settled == "ja"
    assert LISTED.settled is None
    assert JAPANESE.settled is None


def test_stretches_are_joined_as_their_language_is_written() -> None:
    assert joined([Words("在庫が、", "ja"), Words("", "ja"), Words("足りません。", "ja")]) == Words(
        "在庫が、足りません。", "ja"
    )
    assert joined([Words("", "ja"), Words("We run", "en"), Words("short.", "en")]) == Words(
        "We run short.", "en"
    )
    assert joined([Words("", "ja")]) == Words("", "ja")
