"""How many cells of a terminal a text takes: a Japanese character takes two."""

from __future__ import annotations

import unicodedata


def cells(text: str) -> int:
    """Cells of a terminal that ``text`` takes."""
    return sum(map(width, text))


def width(letter: str) -> int:
    """Cells of one character."""
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1
