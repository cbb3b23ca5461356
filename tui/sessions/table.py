"""The table of sessions: its cursor stays on its session."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text
from textual.widgets import DataTable

from api_client.harmless import one_line
from tui.i18n import _
from tui.sessions.view import Order, Row, industry_of
from tui.sessions.words import latency_word, mode_word, order_word, status_word, turns_word
from tui.wording.figures import NOTHING, moment, number


class SessionsTable(DataTable[Text]):
    """One page of rows."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id, cursor_type="row", zebra_stripes=False)
        self.shown: dict[str, Row] = {}
        """The rows, by the sessions' ids."""

    def set_up(self, order: Order) -> None:
        """The columns, that of ``order`` emphasised. A narrow terminal cuts off the last."""
        self.clear(columns=True)
        self.shown = {}
        for name, key, width in (
            (order_word("started"), "started", 11),
            (order_word("industry"), "industry", 14),
            (_("Status"), "status", 8),
            (order_word("turns"), "turns", 6),
            (order_word("score"), "score", 6),
            (order_word("latency"), "latency", 8),
            (_("Realtime"), "mode", 9),
        ):
            self.add_column(Text(name, "bold underline" if key == order else ""), key=key, width=width)

    @property
    def chosen_id(self) -> str | None:
        """The session under the cursor."""
        if not self.row_count or not self.is_valid_row_index(self.cursor_row):
            return None
        return self.coordinate_to_cell_key(self.cursor_coordinate).row_key.value

    def show(self, rows: Sequence[Row], choose: str | None = None) -> None:
        """Bring the rows in line; the cursor goes to ``choose``, or stays on its session, or at its height."""
        chosen, height = choose or self.chosen_id, self.cursor_row
        same_rows = list(self.shown) == [row.session.id for row in rows]
        self.shown = {row.session.id: row for row in rows}
        if not same_rows:
            self.clear()
            for key, row in self.shown.items():
                self.add_row(*_cells(row).values(), key=key)
        else:
            self._update_cells()
            if choose is None:
                return
        place = list(self.shown).index(chosen) if chosen in self.shown else min(height, len(rows) - 1)
        self.move_cursor(row=max(0, place), animate=False)

    def _update_cells(self) -> None:
        for key, row in self.shown.items():
            for column, cell in _cells(row).items():
                if self.get_cell(key, column) != cell:
                    self.update_cell(key, column, cell)


def _cells(row: Row) -> dict[str, Text]:
    """``Text``, because a table would take a string for markup."""
    session, figures = row.session, row.figures
    return {
        "started": Text(moment(session.started_at or session.created_at)),
        "industry": Text(one_line(industry_of(session)) or NOTHING),
        "status": Text(status_word(session.status)),
        "turns": Text(turns_word(figures), justify="right"),
        "score": Text(number(figures.score), justify="right"),
        "latency": Text(latency_word(figures), justify="right"),
        "mode": Text(mode_word(session.realtime_mode)),
    }
