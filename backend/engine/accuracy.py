"""Error rates of speech recognition: edit distance over the length of what was actually said."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

_PUNCTUATION = re.compile(r"[\W_]+")


def character_error_rate(said: str, heard: str) -> float:
    """Errors per character, without width, case, spaces and punctuation. For Japanese."""
    return _rate(_PUNCTUATION.sub("", _normal(said)), _PUNCTUATION.sub("", _normal(heard)))


def word_error_rate(said: str, heard: str) -> float:
    """Errors per word, without case and punctuation. For English."""
    return _rate(
        _PUNCTUATION.split(_normal(said).strip(" .?!")), _PUNCTUATION.split(_normal(heard).strip(" .?!"))
    )


def _normal(text: str) -> str:
    return unicodedata.normalize("NFKC", text).lower()


def _rate(said: Sequence[str], heard: Sequence[str]) -> float:
    return _edit_distance(said, heard) / max(1, len(said))


def _edit_distance(a: Sequence[str], b: Sequence[str]) -> int:
    """Levenshtein: insertions, deletions and substitutions from ``a`` to ``b``."""
    row = list(range(len(b) + 1))
    for i, left in enumerate(a, 1):
        diagonal, row[0] = row[0], i
        for j, right in enumerate(b, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (left != right))
    return row[-1]
