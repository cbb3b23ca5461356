"""Rows of labels and values, painted without a layout pass."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size
from textual.content import Content
from textual.widgets import Static

from tui.conversation.instruments.rows import Row, level_words
from tui.tones import STYLES, Tone
from tui.wording.figures import meter_cells

METER_WIDTH = 12


class Readings(Static):
    """Rows, with or without a title. ``show`` needs no layout while the number of rows stays the same."""

    def __init__(self, *, label_width: int = 19, id: str | None = None) -> None:
        super().__init__(id=id)
        self._label_width = label_width
        self._shown: Content | None = None

    def show(self, title: str | None, rows: Sequence[Row]) -> None:
        """Paint, if anything changed."""
        lines = [] if title is None else [Content.styled(title, "bold $primary")]
        for row in rows:
            label = padded(row.label, self._label_width)
            lines.append(Content.assemble((label, "$dim"), (row.value, STYLES[row.tone])))
        content = Content("\n").join(lines)
        if content != self._shown:
            same_height = self._shown is not None and self._shown.plain.count("\n") == len(lines) - 1
            self._shown = content
            self.update(content, layout=not same_height)


def level_meter(label: str, label_width: int, dbfs: float | None, *, muted: bool = False) -> Content:
    """A bar of coloured cells and the level in words. No block characters: their width is ambiguous."""
    filled = 0 if muted else meter_cells(dbfs, METER_WIDTH)
    words, tone = level_words(dbfs, muted=muted)
    colour: Tone = "bad" if tone == "bad" else "good"
    return Content.assemble(
        (padded(label, label_width), "$dim"),
        (" " * filled, f"on {STYLES[colour].replace('bold ', '')}"),
        (" " * (METER_WIDTH - filled), "on $bar"),
        (f" {words}", STYLES[tone]),
    )


def padded(text: str, width: int) -> str:
    """``text`` in exactly ``width`` cells, cut if need be, Japanese characters counting two."""
    return (
        text + " " * (width - cell_len(text))
        if cell_len(text) < width
        else set_cell_size(text, width - 1) + " "
    )
