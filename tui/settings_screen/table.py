"""The table of settings."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text
from textual.widgets import DataTable

from api_client.harmless import one_line
from tui.i18n import _
from tui.settings_screen.rows import GROUPS, GroupRow, ProfileRow, Row, SettingRow, origin_word, shown

NAME_WIDTH = 24
ORIGIN_WIDTH = 24


class SettingsTable(DataTable[Text]):
    """A row for each setting and profile, and one for the heading of each group."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id, cursor_type="row", zebra_stripes=False)
        self.shown: dict[str, Row] = {}

    def on_mount(self) -> None:
        """Set up the columns."""
        value = max(20, self.app.size.width - NAME_WIDTH - ORIGIN_WIDTH - 10)
        for words, key, width in (
            (_("Setting"), "name", NAME_WIDTH),
            (_("Value"), "value", value),
            (_("From"), "origin", ORIGIN_WIDTH),
        ):
            self.add_column(words, key=key, width=width)

    @property
    def chosen(self) -> Row | None:
        """The row under the cursor."""
        if not self.row_count or not self.is_valid_row_index(self.cursor_row):
            return None
        return self.shown.get(self.coordinate_to_cell_key(self.cursor_coordinate).row_key.value or "")

    def show(self, rows: Sequence[Row]) -> None:
        """Show ``rows``; the cursor stays where it was."""
        at = self.cursor_row if self.shown else 1
        self.shown = {row.key: row for row in rows}
        self.clear()
        colours = self.app.theme_variables
        for key, row in self.shown.items():
            self.add_row(*_cells(row, colours), key=key)
        self.move_cursor(row=min(at, len(self.shown) - 1), animate=False)


def _cells(row: Row, colours: dict[str, str]) -> tuple[Text, Text, Text]:
    match row:
        case GroupRow(table=table):
            return Text(_(GROUPS[table]), f"bold {colours['primary']}"), Text(""), Text("")
        case ProfileRow(profile=profile):
            words = ", ".join(filter(None, (one_line(profile.server_url), one_line(profile.username))))
            return Text(f"  {one_line(profile.name)}"), Text(words), Text(_("file"))
        case SettingRow():
            style = "" if row.origin == "default" else "bold"
            dim = colours["dim"] if row.origin == "default" else ""
            value = Text(shown(row.value), style)
            return Text(f"  {row.option.name}"), value, Text(origin_word(row), dim)
