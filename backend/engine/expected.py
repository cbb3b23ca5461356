"""Words that are expected, in place of what sounds like them. Pure.

Whisper base writes homophones: in a talk about stock it takes 在庫 for 財庫, which is no word, by a hair. More
readings of the same sound (a beam of three) would find the right one, for half the time again; here the one reading
is questioned only where an expected word was nearly begun.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

_LONGEST = {True: 12, False: 8}
_SHORTEST = {True: 4, False: 2}
"""Of words in ASCII and others: a Japanese prompt without commas is one long "word"."""


@dataclass(frozen=True, slots=True)
class Edit:
    """``tokens`` in place of those from ``start`` to before ``end``.

    ``distance``: by how much the first of them was not chosen there.
    """

    start: int
    end: int
    tokens: tuple[str, ...]
    distance: float

    def overlaps(self, other: Edit) -> bool:
        """Whether both replace the same token."""
        return self.start < other.end and other.start < self.end


def expected_words(prompt: str) -> frozenset[str]:
    """The words of ``prompt`` that are long enough to tell something, and no phrases."""
    words = re.split(r"[\W_]+", prompt)
    return frozenset(
        word for word in words if _SHORTEST[word.isascii()] <= len(word) <= _LONGEST[word.isascii()]
    )


def edits(
    tokens: Sequence[str],
    words: Mapping[str, tuple[str, ...]],
    distance: Callable[[int, str], float],
    reach: float,
    text_of: Callable[[Sequence[str]], str],
) -> Iterator[Edit]:
    """Each way to put one of ``words`` (with their tokens) in place of as many characters of ``tokens``.

    ``distance``: by how much a token was not chosen at a position, of which ``reach`` is too much to be of interest;
    ``text_of``: what tokens spell, of which only whole characters are replaced.
    """
    whole = text_of(tokens)
    for word, spelt in words.items():
        for start, token in enumerate(tokens):
            missed = distance(start, spelt[0])
            if token == spelt[0] or missed > reach:
                continue
            for end in range(start + 1, len(tokens) + 1):
                piece = text_of(tokens[start:end])
                if len(piece.strip()) == len(word):
                    if text_of(tokens[:start]) + piece + text_of(tokens[end:]) == whole:
                        yield Edit(start, end, spelt, missed)
                    break


def applied(tokens: Sequence[str], changes: Sequence[Edit]) -> list[str]:
    """``tokens`` with ``changes``, which do not overlap, made."""
    changed = list(tokens)
    for edit in sorted(changes, key=lambda change: change.start, reverse=True):
        changed[edit.start : edit.end] = edit.tokens
    return changed
