"""What sentences ask for and answers tell."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.engine.grammar.answer import chooses, tells, weekdays
from backend.engine.grammar.english import english_kind
from backend.engine.grammar.japanese import japanese_kind
from backend.engine.grammar.kind import WH, Kind

ENGLISH = {
    "When does it start?": Kind.TIME,
    "And by what date would you want it?": Kind.TIME,
    "How long has it been so?": Kind.DURATION,
    "How often does that happen?": Kind.FREQUENCY,
    "How many of you are there?": Kind.FIGURE,
    "So, how serious is that?": Kind.FIGURE,
    "Who signs?": Kind.PERSON,
    "Okay, why is that?": Kind.CAUSE,
    "Is it red or blue?": Kind.CHOICE,
    "Well, how do you do it?": Kind.MANNER,
    "Which one is yours?": Kind.THING,
    "What's that?": Kind.THING,
    "Are you open on Sundays?": Kind.WHETHER,
    "Did you sleep well?": Kind.EXPERIENCE,
    "If it works, would you want it?": Kind.PROSPECT,
    "Could you pass that on?": Kind.REQUEST,
    "Please tell me your name.": Kind.REQUEST,
    "May I ask you something?": Kind.OFFER,
    "I'll call you tomorrow.": Kind.PROMISE,
    "Our tool saves time.": Kind.CLAIM,
    "The sky is blue.": Kind.STATEMENT,
}
JAPANESE = {
    "いつ始めますか。": Kind.TIME,
    "何年くらい続いていますか。": Kind.DURATION,
    "月に何回ありますか。": Kind.FREQUENCY,
    "それはいくらですか。": Kind.FIGURE,
    "どなたが担当ですか。": Kind.PERSON,
    "なぜでしょうか。": Kind.CAUSE,
    "赤と青、どちらがいいですか。": Kind.CHOICE,
    "どうやって直すんですか。": Kind.MANNER,
    "会社はどちらにありますか。": Kind.THING,
    "日曜日は開いていますか。": Kind.WHETHER,
    "よく眠れましたか。": Kind.EXPERIENCE,
    "使えるとしたら、うれしいですか。": Kind.PROSPECT,
    "伝えていただけますか。": Kind.REQUEST,
    "ひとつ伺ってもいいですか。": Kind.OFFER,
    "あとでお電話いたします。": Kind.PROMISE,
    "弊社の製品は軽いです。": Kind.CLAIM,
    "空は青いです。": Kind.STATEMENT,
}


@pytest.mark.parametrize(("sentence", "kind"), ENGLISH.items())
def test_an_english_sentence_is_of_a_kind(sentence: str, kind: Kind) -> None:
    assert english_kind(sentence) is kind


@pytest.mark.parametrize(("sentence", "kind"), JAPANESE.items())
def test_a_japanese_sentence_is_of_a_kind(sentence: str, kind: Kind) -> None:
    assert japanese_kind(sentence) is kind


@given(st.text(max_size=60))
def test_every_sentence_is_of_some_kind(text: str) -> None:
    for kind, language in ((english_kind(text), "en"), (japanese_kind(text), "ja")):
        assert isinstance(kind, Kind)
        assert tells(text, kind, language) in (True, False)


@pytest.mark.parametrize(
    ("answer", "kind", "language", "told"),
    [
        ("Before the next count.", Kind.TIME, "en", True),
        ("That is fine with me.", Kind.TIME, "en", False),
        ("Three of us.", Kind.FIGURE, "en", True),
        ("That sounds useful.", Kind.FIGURE, "en", False),
        ("Our owner does.", Kind.PERSON, "en", True),
        ("That is fine.", Kind.CAUSE, "en", False),
        ("社長が決めます。", Kind.PERSON, "ja", True),
        ("表計算です。", Kind.PERSON, "ja", False),
        ("5名です。", Kind.FIGURE, "ja", True),
        ("はい、どうぞ。", Kind.FREQUENCY, "ja", False),
        ("はい、どうぞ。", Kind.WHETHER, "ja", True),
    ],
)
def test_an_answer_tells_what_was_asked_or_not(answer: str, kind: Kind, language: str, told: bool) -> None:
    assert tells(answer, kind, language) is told


def test_nothing_is_demanded_of_an_answer_in_a_language_without_grammar() -> None:
    assert all(tells("x", kind, "fr") for kind in WH)


def test_a_choice_is_made_by_a_word_of_it() -> None:
    assert chooses("Tuesday afternoon works.", " mornings or afternoons ", "en")
    assert not chooses("It is not cheap.", " monthly or yearly ", "en")
    assert not chooses("割引はありますか。", "年払いと月払いどちらがいい", "ja")


def test_days_of_the_week() -> None:
    assert weekdays("On Tuesday, or Fridays.", "en") == {"tues", "fri"}
    assert weekdays("来週の火曜日でしたら", "ja") == {"火"}
