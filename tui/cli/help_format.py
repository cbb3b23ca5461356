"""Help texts that also fit a terminal in Japanese, where a character takes two cells and lines break without spaces.

click measures in characters and breaks at spaces only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import click

from tui.wording.cells import cells
from tui.wording.cells import width as cells_of

_NOT_FIRST = frozenset("、。，．・）」』】〕！？：；…ーぁぃぅぇぉっゃゅょァィゥェォッャュョ)],.:;")
"""Never the first of a line."""
_NOT_LAST = frozenset("（「『【〔([")
"""Never the last of one."""


def wrap(text: str, width: int) -> Iterator[str]:
    """Lines of at most ``width`` cells; a longer word gets its own line."""
    line = ""
    for piece in _pieces(" ".join(text.split())):
        if line and cells((line + piece).rstrip()) > width:
            yield line.rstrip()
            line = piece.lstrip()
        else:
            line += piece
    yield line.rstrip()


def _pieces(text: str) -> Iterator[str]:
    """Unbreakable pieces: a word with the space before it, a wide character with its punctuation."""
    piece = ""
    for letter in text:
        if piece and letter not in _NOT_FIRST and piece[-1] not in _NOT_LAST and _breaks(piece[-1], letter):
            yield piece
            piece = ""
        piece += letter
    if piece:
        yield piece


def _breaks(before: str, letter: str) -> bool:
    return letter == " " or (before != " " and 2 in (cells_of(before), cells_of(letter)))


class HelpFormatter(click.HelpFormatter):
    """Measures in cells, and breaks Japanese by its own rules."""

    def write_text(self, text: str) -> None:
        """Paragraphs, wrapped."""
        for number, paragraph in enumerate(text.split("\n\n")):
            if number:
                self.write("\n")
            for line in wrap(paragraph, self.width - self.current_indent):
                self.write(f"{'':{self.current_indent}}{line}\n")

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """Terms on the left, their meanings on the right."""
        rows = list(rows)
        column = min(max((cells(term) for term, _ in rows), default=0), col_max) + col_spacing
        indent = " " * (self.current_indent + column)
        for term, meaning in rows:
            gap = column - cells(term)
            first = f"{'':{self.current_indent}}{term}"
            self.write(first + " " * gap if gap >= col_spacing else f"{first}\n{indent}")
            self.write(f"\n{indent}".join(wrap(meaning, max(self.width - len(indent), 10))) + "\n")


class HelpContext(click.Context):
    """Writes help with ``HelpFormatter``."""

    formatter_class = HelpFormatter
