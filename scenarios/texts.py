"""Comparing what was said with what was expected: character error rate, and the language of a text. Pure."""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

_KANA = re.compile("[\u3040-\u30ff\uff66-\uff9d]")
_JAPANESE = re.compile("[\u3040-\u30ff\uff66-\uff9d\u3400-\u9fff\uf900-\ufaff]")
_LATIN = re.compile("[A-Za-z]+")


def plain(text: str) -> str:
    """Only letters and digits, of one width and case: spaces and punctuation are nobody's words."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(sign for sign in folded if unicodedata.category(sign)[0] in "LMN")


def character_errors(heard: str, wanted: str) -> tuple[int, int]:
    """Fewest insertions, deletions and substitutions that make ``wanted`` of ``heard`` (Levenshtein), and the number of
    characters of ``wanted``, both without spaces and punctuation."""
    one, other = plain(heard), plain(wanted)
    row = list(range(len(other) + 1))
    for y, sign in enumerate(one, 1):
        corner, row[0] = row[0], y
        for x, expected in enumerate(other, 1):
            corner, row[x] = row[x], min(row[x] + 1, row[x - 1] + 1, corner + (sign != expected))
    return row[-1], len(other)


def language_of(text: str) -> Literal["ja", "en"] | None:
    """Japanese or English, by its letters; None where it has none of either.

    Japanese quotes English names, so kana decide; an English sentence may hold a Japanese name in kanji.
    """
    japanese = len(_JAPANESE.findall(text))
    latin = len(_LATIN.findall(text))
    if not japanese and not latin:
        return None
    return "ja" if _KANA.search(text) or japanese > latin else "en"
