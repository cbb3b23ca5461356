"""Text tables whose columns also align with two-cell characters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tui.wording.cells import cells


def table_lines(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """``rows``, all of one length, each column as wide as its widest cell."""
    widths = [max(map(cells, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        padded = (cell + " " * (width - cells(cell)) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(padded).rstrip()
