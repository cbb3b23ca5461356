"""The table of devices: cells change in place, ten times a second."""

from __future__ import annotations

from rich.text import Text
from textual.widgets import DataTable

from api_client.harmless import one_line
from tui.devices.bench import Bench, Row
from tui.devices.words import METER_WIDTH, direction_word, level_cell, state_words
from tui.i18n import _

LEVEL_WIDTH = METER_WIDTH + 10
STATE_WIDTH = 22
OTHER_WIDTH = 4 + LEVEL_WIDTH + STATE_WIDTH + 10
"""Cells of everything but the name, with the padding."""


class DevicesTable(DataTable[Text]):
    """One row for each direction of each device."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id, cursor_type="row", zebra_stripes=False)

    def on_mount(self) -> None:
        """Set up the columns."""
        name = max(20, self.app.size.width - OTHER_WIDTH)
        for words, key, width in (
            ("", "direction", 4),
            (_("Device"), "name", name),
            (_("Level"), "level", LEVEL_WIDTH),
            (_("State"), "state", STATE_WIDTH),
        ):
            self.add_column(words, key=key, width=width)

    @property
    def chosen(self) -> str | None:
        """The key of the row under the cursor."""
        if not self.row_count or not self.is_valid_row_index(self.cursor_row):
            return None
        return self.coordinate_to_cell_key(self.cursor_coordinate).row_key.value

    def show(self, bench: Bench, defaults: frozenset[str], now: float) -> None:
        """Bring the cells in line with ``bench``; ``defaults`` are the rows used in conversations."""
        colours = self.app.theme_variables
        if [key.value for key in self.rows] != list(bench.rows):
            chosen = self.chosen
            self.clear()
            for row in bench.rows.values():
                self.add_row(*_cells(row, colours, now, row.key in defaults).values(), key=row.key)
            if chosen in bench.rows:
                self.move_cursor(row=list(bench.rows).index(chosen), animate=False)
            return
        for row in bench.rows.values():
            for column, cell in _cells(row, colours, now, row.key in defaults).items():
                if self.get_cell(row.key, column) != cell:
                    self.update_cell(row.key, column, cell)


def _cells(row: Row, colours: dict[str, str], now: float, chosen: bool) -> dict[str, Text]:
    """``Text``, because a table would take a string for markup."""
    words, tone = state_words(row, now, chosen=chosen)
    styles = {"good": "success", "warn": "warning", "bad": "error", "dim": "dim"}
    return {
        "direction": Text(direction_word(row)),
        "name": Text(one_line(row.device.name)),
        "level": level_cell(row, colours, now),
        "state": Text(words, colours[styles[tone]] if tone in styles else ""),
    }
