"""Screenshots as SVG, with Japanese in its place. Pure.

Rich gives each piece of text the width of its characters' *number*, so a browser squeezes characters of two cells into
one. Here pieces are cut where the width changes, and each gets the width of its cells.
"""

from __future__ import annotations

import html
import re
from itertools import groupby

from tui.wording.cells import cells, width

CELL_PX = 12.2
"""Width of a cell, as Rich draws it."""
_TEXT = re.compile(
    r'(<text class="[^"]+" )x="([\d.]+)"( y="[\d.]+" )textLength="[\d.]+"([^>]*)>([^<]*)</text>'
)


def in_cells(svg: str) -> str:
    """``svg``, as Textual exports it, with every piece of text as wide as its cells."""
    return _TEXT.sub(_pieces, svg)


def _pieces(found: re.Match[str]) -> str:
    begin, x, middle, rest, text = found.groups()
    words, at, pieces = html.unescape(text), float(x), []
    if words.isascii():
        return found[0]
    for _wide, group in groupby(words, width):
        piece = "".join(group)
        length = cells(piece) * CELL_PX
        shown = html.escape(piece, quote=False).replace("\xa0", "&#160;")
        pieces.append(f'{begin}x="{at:g}"{middle}textLength="{length:g}"{rest}>{shown}</text>')
        at = round(at + length, 1)
    return "".join(pieces)
