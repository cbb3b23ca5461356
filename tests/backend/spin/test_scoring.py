"""The scoring by rules."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.spin.scoring import Utterance, count_questions, score, stage_of

KEYS = {
    "total", "exploration", "implication", "value_proposition", "customer_response", "advancement", "situation",
    "problem", "implication_legacy", "need",
}  # fmt: skip
GOOD = [
    Utterance(True, "現在、在庫は何名で管理されていますか。どのようなシステムをお使いですか。"),
    Utterance(
        False, "三名で、表計算ソフトを使っています。毎日棚卸しをしていて、かなり時間がかかっています。"
    ),
    Utterance(True, "困っていることは何ですか。特に手間がかかる作業はどれでしょうか。"),
    Utterance(False, "数え間違いが多くて、欠品が出てしまうことです。お客様をお待たせしてしまいます。"),
    Utterance(
        True, "欠品が続くと、売上にどんな影響がありますか。このまま放置すると損失はどのくらいになりますか。"
    ),
    Utterance(False, "月に百万円ほどの機会損失になっていると思います。"),
    Utterance(
        True,
        "もし在庫管理を自動化できたら、どんなメリットがありますか。次回デモの日程をご相談させてください。",
    ),
    Utterance(False, "残業が減って助かります。ぜひお願いします。"),
]


@pytest.mark.parametrize(
    ("sentence", "stage"),
    [
        ("現在は何名で管理されていますか。", "situation"),
        ("How do you track stock today?", "situation"),
        ("困っていることは何ですか", "problem"),
        ("What is the biggest challenge?", "problem"),
        ("それは売上にどう影響しますか。", "implication"),
        ("What happens if that continues?", "implication"),
        ("解決できたらどんなメリットがありますか。", "need"),
        ("Would it help if that were automatic?", "need"),
        ("弊社は課題を解決します。", None),
        ("お元気ですか。", None),
        ("", None),
    ],
)
def test_what_a_sentence_asks_about(sentence: str, stage: str | None) -> None:
    assert stage_of(sentence) == stage


def test_each_sentence_counts() -> None:
    counts = count_questions(["現在は何名ですか。困っていることはありますか。", "ありがとうございます。"])
    assert counts == {"situation": 1, "problem": 1, "implication": 0, "need": 0}


def test_a_conversation_that_covers_everything_beats_a_monologue() -> None:
    good = score(GOOD, "在庫管理の自動化")
    monologue = score([Utterance(True, "弊社の製品は業界最高です。ぜひ買ってください。")], "在庫管理の自動化")
    assert good.scores["total"] > 80
    assert monologue.scores["total"] < 20
    assert all(good.scores[stage] == 25 for stage in ("situation", "problem", "implication_legacy", "need"))


def test_the_customers_questions_earn_nothing() -> None:
    assert score([Utterance(False, "困っていることは何ですか。")], "在庫").scores["total"] == 0


def test_the_details_say_how_it_was_scored() -> None:
    details = score(GOOD, "在庫管理の自動化").details
    assert details["method"] == "rule-based keywords v1"
    assert details["questions"] == {"situation": 2, "problem": 2, "implication": 2, "need": 1}


@pytest.mark.parametrize("words", ["how much ", "もし", "if you "])
def test_a_long_utterance_is_no_burden(words: str) -> None:
    started = time.monotonic()
    score([Utterance(True, words * 50_000)], "在庫管理")
    assert time.monotonic() - started < 10  # it took minutes when it grew with the square of the length


@given(st.lists(st.builds(Utterance, st.booleans(), st.text())), st.text())
def test_any_conversation_gets_scores_in_range(conversation: list[Utterance], proposition: str) -> None:
    scores = score(conversation, proposition).scores
    assert set(scores) == KEYS
    assert all(
        isinstance(points, int) and 0 <= points <= (100 if key == "total" else 25)
        for key, points in scores.items()
    )
