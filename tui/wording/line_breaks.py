"""Lines of a given width, as Japanese is set: no line begins with 、 or 」, none ends with 「 (JIS X 4051, 禁則処理).

Textual breaks at spaces, and a Japanese sentence, which has none, at whatever cell the line happens to end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rich.cells import cell_len

NOT_FIRST = frozenset(
    "、。，．,.・：；:;？！?!ー―…‥)]}）〕］｝〉》」』】’”ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶ々ゝゞ〜～"
)
NOT_LAST = frozenset("([{（〔［｛〈《「『【‘“")
_PIECES = re.compile(r"\s+|[^\s\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]+|.", re.DOTALL)
"""Spaces, a word of another script, or one character of Japanese."""


def wrapped(text: str, width: int) -> list[str]:
    """``text`` in lines of at most ``width`` cells. Its own line breaks stay; a space at a break is dropped."""
    return [line for paragraph in text.split("\n") for line in _lines(paragraph, max(2, width))]


def _lines(paragraph: str, width: int) -> Iterator[str]:
    line, cells = "", 0
    for unit in _units(paragraph):
        for piece in _cut(unit, width):
            needed = cell_len(piece)
            if cells + cell_len(piece.rstrip()) > width:
                yield line.rstrip()
                line, cells = "", 0
                if piece.isspace():
                    continue
            line += piece
            cells += needed
    yield line.rstrip()


def _units(paragraph: str) -> Iterator[str]:
    """Unbreakable pieces."""
    unit = ""
    for piece in _PIECES.findall(paragraph):
        if unit and piece[0] not in NOT_FIRST and unit[-1] not in NOT_LAST:
            yield unit
            unit = ""
        unit += piece
    if unit:
        yield unit


def _cut(unit: str, width: int) -> Iterator[str]:
    """Split a piece that is longer than a line."""
    part, cells = "", 0
    for character in unit:
        needed = cell_len(character)
        if part and cells + needed > width:
            yield part
            part, cells = "", 0
        part += character
        cells += needed
    yield part
