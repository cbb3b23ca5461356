"""SPIN scoring by rules: no model, no network, the same result every time.

The contract of the existing server has a language model judge a finished role-play. This server has none,
so it counts what can be counted: which of the salesperson's utterances ask, and by their words what about
(situation, problem, implication, need-payoff; Japanese and English), whether the value proposition was
brought up, how much the customer spoke, and whether a next step was proposed. ``details["method"]`` says so
in every report. A score is an indication of coverage, not a judgement of quality.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

Stage = Literal["situation", "problem", "implication", "need"]
STAGES: tuple[Stage, ...] = ("situation", "problem", "implication", "need")

METHOD = "rule-based keywords v1"
DIMENSION_MAX = 20
"""Each of the five dimensions; ``total`` is their sum, 0-100."""
STAGE_MAX = 25
"""Each of the four stages of SPIN."""
ENOUGH_QUESTIONS = {"situation": 2, "problem": 2, "implication": 2, "need": 1}
"""How many questions of a stage earn its full mark."""

# Later stages first: "what would it be worth if that delay were solved?" names a problem but asks for the payoff.
_STAGE_WORDS: tuple[tuple[Stage, str], ...] = (
    (
        "need",
        r"できたら|できれば|解決(できた|され|すれ)|改善(できた|され|すれ)|もし.{0,60}(なれば|なったら|減れば|減ったら)|理想|メリット|役に立"
        r"|助かり|would (it|that|this) help|how (useful|valuable|important)|if (you|we) could"
        r"|what would it (mean|be worth)|benefit|ideal",
    ),
    (
        "implication",
        r"影響|損失|このまま|放置|その結果|波及|どのくらいの(コスト|費用|損)|リスク|支障|悪化|impact|consequence|affect"
        r"|how much .{0,60}(cost|lose|losing)|lead to|result in|what happens (if|when)|risk",
    ),
    (
        "problem",
        r"課題|問題|困|悩み|不満|難し|大変|お困り|手間|ミス|遅れ|負担|ネック|problem|challenge|difficult|struggl|issue|frustrat"
        r"|trouble|pain|concern|bottleneck|dissatisf",
    ),
    (
        "situation",
        r"現在|現状|今は|いま|普段|何人|何名|何社|どのよう|どうやって|体制|状況|使って|ご利用|お使い|担当|どちら|いつから"
        r"|currently|at the moment|how many|how do you|what (tools?|systems?|software|process)|who (is|handles)"
        r"|tell me about|how long",
    ),
)
_STAGE_PATTERNS = tuple((stage, re.compile(words, re.IGNORECASE)) for stage, words in _STAGE_WORDS)
_QUESTION = re.compile(
    r"[?？]|(ですか|ますか|でしょうか|ませんか|ましたか|のか|教えてください|聞かせてください|お聞かせ)"
    r"|^\s*(what|how|why|who|when|where|which|do|does|did|is|are|could|would|can|will|have|tell me)\b",
    re.IGNORECASE,
)
_NEXT_STEP = re.compile(
    r"次回|次の(ステップ|機会|打ち合わせ)|お見積|見積も|デモ|トライアル|資料をお送り|お送りし|日程|ご都合|契約|導入(を|し)|提案書"
    r"|next (step|meeting|week)|schedule|demo\b|trial|proposal|quote|follow.?up|sign (up|the)|contract|calendar",
    re.IGNORECASE,
)
_WORD = re.compile(r"[A-Za-z]{3,}|[\u30a0-\u30ff]{2,}|[\u4e00-\u9fff]{2,}")
_SENTENCE = re.compile(r"[^。！？!?.]+[。！？!?.]?")


@dataclass(frozen=True, slots=True)
class Utterance:
    """One finished message of the conversation."""

    by_salesperson: bool
    text: str


@dataclass(frozen=True, slots=True)
class Scoring:
    """The result: ``scores`` under the contract's keys, ``details`` with the method and its evidence."""

    scores: dict[str, int]
    questions: dict[Stage, int]
    next_step_proposed: bool
    proposition_mentioned: bool
    details: dict[str, Any]


def stage_of(sentence: str) -> Stage | None:
    """What a sentence asks about; None if it asks nothing, or nothing that the rules know."""
    if not _QUESTION.search(sentence):
        return None
    return next((stage for stage, words in _STAGE_PATTERNS if words.search(sentence)), None)


def count_questions(texts: Sequence[str]) -> dict[Stage, int]:
    """How many sentences of ``texts`` ask about each stage."""
    counts: dict[Stage, int] = dict.fromkeys(STAGES, 0)
    for text in texts:
        for sentence in _SENTENCE.findall(text):
            if stage := stage_of(sentence):
                counts[stage] += 1
    return counts


def _share(count: float, enough: float, full: int) -> int:
    """``count`` of ``enough`` as points of ``full``, never more than full."""
    return round(full * min(1.0, count / enough)) if enough else 0


def _proposition_share(texts: Sequence[str], proposition: str) -> float:
    """Which part of the proposition's content words the salesperson said, 0-1."""
    words = {word.lower() for word in _WORD.findall(proposition)}
    if not words:
        return float(any(proposition.strip() and proposition.strip() in text for text in texts))
    said = " ".join(texts).lower()
    return sum(word in said for word in words) / len(words)


def score(conversation: Sequence[Utterance], value_proposition: str) -> Scoring:
    """Score a conversation. A side that said nothing scores nothing; it never fails."""
    mine = [utterance.text for utterance in conversation if utterance.by_salesperson]
    theirs = [utterance.text for utterance in conversation if not utterance.by_salesperson]
    questions = count_questions(mine)
    stages = {stage: _share(questions[stage], ENOUGH_QUESTIONS[stage], STAGE_MAX) for stage in STAGES}
    proposition = _proposition_share(mine, value_proposition)
    next_steps = sum(bool(_NEXT_STEP.search(text)) for text in mine)
    spoken = sum(map(len, mine)) + sum(map(len, theirs))
    customer_share = sum(map(len, theirs)) / spoken if spoken and mine else 0.0
    dimensions = {
        "exploration": _share(questions["situation"] + questions["problem"], 4, DIMENSION_MAX),
        "implication": _share(questions["implication"], ENOUGH_QUESTIONS["implication"], DIMENSION_MAX),
        # Half the content words of the proposition is as good as all: nobody recites it.
        "value_proposition": _share(proposition, 0.5, DIMENSION_MAX),
        # Half the talking done by the customer earns the full mark.
        "customer_response": _share(customer_share, 0.5, DIMENSION_MAX),
        "advancement": _share(next_steps, 1, DIMENSION_MAX // 2)
        + _share(questions["need"], 1, DIMENSION_MAX // 2),
    }
    scores = {
        "total": sum(dimensions.values()),
        **dimensions,
        "situation": stages["situation"],
        "problem": stages["problem"],
        "implication_legacy": stages["implication"],
        "need": stages["need"],
    }
    details = {
        "method": METHOD,
        "questions": dict(questions),
        "salesperson_messages": len(mine),
        "customer_messages": len(theirs),
        "customer_share_of_text": round(customer_share, 3),
        "proposition_words_said": round(proposition, 3),
        "next_steps_proposed": next_steps,
        "maximum": {"total": 5 * DIMENSION_MAX, "dimension": DIMENSION_MAX, "stage": STAGE_MAX},
    }
    return Scoring(scores, questions, next_steps > 0, proposition > 0, details)
