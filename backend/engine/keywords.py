"""Keywords: recognising topics in speech. Pure."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from backend.engine.figures import amount, duration_days
from backend.engine.grammar.answer import weekdays
from backend.engine.grammar.english import english_kind
from backend.engine.grammar.japanese import japanese_kind
from backend.engine.grammar.kind import Kind

_KATAKANA_TO_HIRAGANA = {code: code - 0x60 for code in range(ord("ァ"), ord("ヶ") + 1)}
_NOT_A_WORD = re.compile(r"[\W_]+")
_SENTENCES = re.compile(r"(?<=[。！？!?\n])|(?<=\.)\s+")
_CLAUSES = re.compile(r"[、,;]\s*")
_JAPANESE_QUESTION = re.compile(r"(?:か|かね|かな|かしら|でしょ)$")
_ENGLISH_QUESTION = frozenset(
    "who whose what which when where why how do does did is are am was were can could will would shall should may "  # noqa: SIM905
    "has have whom what's who's how's isn't aren't don't doesn't".split()
)
_INFLECTION = "(?:s|es|d|ed|ing)?"
_SHORTEST_INFLECTED = 4
"""The least letters of a keyword that is found in its inflected forms too."""
_FIGURE_WEIGHT = 3
_LONGEST_PLAN_DAYS = 1_000

AMOUNT, DURATION = "{amount}", "{duration}"
"""Keywords that any sum of money is, and any time that somebody may plan for."""


def fold(text: str, language: str) -> str:
    """``text`` as it is compared: width, case, punctuation and katakana folded away.

    Japanese loses its spaces; in other languages each word stands between single spaces, so that a keyword
    matches whole words only.
    """
    text = unicodedata.normalize("NFKC", text).lower()
    if language == "ja":
        return _NOT_A_WORD.sub("", text).translate(_KATAKANA_TO_HIRAGANA)
    return f" {_NOT_A_WORD.sub(' ', text).strip()} "


@dataclass(frozen=True, slots=True)
class Heard:
    """Some of what was said, ready to be compared."""

    folded: str
    question: bool = False
    amount: int | float | None = None
    """The sum of money it names, in whatever currency."""
    days: int | float | None = None
    """The length of time it names."""
    kind: Kind = Kind.STATEMENT
    """What it asks for or does."""
    weekdays: frozenset[str] = frozenset()
    """The days of the week it names."""


@dataclass(frozen=True, slots=True)
class Keyword:
    """Words that tell a topic, or a kind of figure; ``weight``: how much they tell."""

    pattern: re.Pattern[str] | None
    weight: int
    figure: str = ""

    def found_in(self, heard: Heard) -> bool:
        """Whether ``heard`` has it."""
        if self.pattern is None:
            if self.figure == AMOUNT:
                return heard.amount is not None
            return heard.days is not None and heard.days <= _LONGEST_PLAN_DAYS
        return self.pattern.search(heard.folded) is not None


def keyword(text: str, language: str) -> Keyword:
    """``text`` as a persona's file has it: ``*`` for what may stand between, or for any ending of an English word."""
    if text in (AMOUNT, DURATION):
        return Keyword(None, _FIGURE_WEIGHT, text)
    if language == "ja":
        pieces = [fold(piece, language) for piece in text.split("*")]
        return Keyword(re.compile(".{0,10}".join(map(re.escape, pieces))), sum(map(len, pieces)))
    pattern, weight = "", 0
    for word in text.split():
        if word == "*":
            pattern += r"(?: \S+){0,5}"
            continue
        folded = fold(word, language).strip()
        weight += len(folded) + 1
        ending = _INFLECTION if len(folded) >= _SHORTEST_INFLECTED else ""
        pattern += " " + re.escape(folded) + (r"\S*" if word.endswith("*") else ending)
    return Keyword(re.compile(pattern + "(?= )"), weight)


def heard(text: str, language: str) -> Heard:
    """The whole of ``text``."""
    return Heard(
        fold(text, language),
        _asks(text, language),
        amount(text),
        duration_days(text),
        japanese_kind(text) if language == "ja" else english_kind(text),
        weekdays(text, language),
    )


def sentences(text: str, language: str) -> list[Heard]:
    """The sentences of ``text``, without those that hold no word."""
    return [heard(part, language) for part in _SENTENCES.split(text) if fold(part, language).strip()]


def _asks(sentence: str, language: str) -> bool:
    stripped = sentence.strip()
    if stripped.endswith(("?", "？")):
        return True
    if language == "ja":
        return _JAPANESE_QUESTION.search(_NOT_A_WORD.sub("", stripped)) is not None
    # After "well," or "thank you,": the clause that ends the sentence asks.
    openings = (clause.split(" ", 1)[0] for clause in _CLAUSES.split(stripped.lower()))
    return any(opening in _ENGLISH_QUESTION for opening in openings)
