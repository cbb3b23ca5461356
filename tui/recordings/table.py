"""The table of recordings: its rows follow what it is given, its cursor stays on its recording."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text
from textual.widgets import DataTable

from api_client.harmless import one_line
from recordings.library import Entry
from tui.host.recordings import Kept
from tui.i18n import _
from tui.recordings.words import SHORT_ID, errors_word, how_it_ended, server_name, started
from tui.wording.figures import NOTHING, clock


class RecordingsTable(DataTable[Text]):
    """One row for each recording."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id, cursor_type="row", zebra_stripes=False)
        self.shown: dict[str, Kept] = {}
        """The rows, by the recordings' keys."""

    def on_mount(self) -> None:
        """Set up the columns. A narrow terminal cuts off the note, which is also shown below."""
        for name, key, width in (
            (_("When"), "when", 13),
            (_("Server"), "server", 14),
            (_("Session"), "session", 10),
            (_("Length"), "length", 6),
            (_("Turns"), "turns", 5),
            (_("End"), "end", 10),
            (_("Errors"), "errors", 6),
            (_("Note"), "note", 24),
        ):
            self.add_column(name, key=key, width=width)

    @property
    def chosen(self) -> Kept | None:
        """The recording under the cursor."""
        if not self.row_count or not self.is_valid_row_index(self.cursor_row):
            return None
        return self.shown.get(self.coordinate_to_cell_key(self.cursor_coordinate).row_key.value or "")

    def show(self, recordings: Sequence[Kept]) -> None:
        """Bring the rows in line; the cursor stays on its recording, or at its height."""
        chosen, height = self.chosen, self.cursor_row
        same_rows = list(self.shown) == [kept.key for kept in recordings]
        self.shown = {kept.key: kept for kept in recordings}
        if same_rows:
            self._update_cells()
            return
        self.clear()
        for key, kept in self.shown.items():
            self.add_row(*_cells(kept.entry).values(), key=key)
        if chosen is not None and chosen.key in self.shown:
            self.choose(chosen.key)
        else:
            self.move_cursor(row=max(0, min(height, len(recordings) - 1)), animate=False)

    def choose(self, key: str) -> None:
        """Put the cursor on a recording, if it is shown."""
        if key in self.shown:
            self.move_cursor(row=list(self.shown).index(key), animate=False)

    def _update_cells(self) -> None:
        for key, kept in self.shown.items():
            for column, cell in _cells(kept.entry).items():
                if self.get_cell(key, column) != cell:
                    self.update_cell(key, column, cell)


def _cells(entry: Entry) -> dict[str, Text]:
    """``Text``, because a table would take a string for markup."""
    manifest, ended = entry.manifest, entry.manifest.ended
    return {
        "when": Text(("* " if entry.notes.marked else "  ") + started(manifest)),
        "server": Text(server_name(manifest)),
        "session": Text(one_line(manifest.session_id or NOTHING)[:SHORT_ID]),
        "length": Text(clock(ended.seconds) if ended is not None else NOTHING, justify="right"),
        "turns": Text(str(ended.turns) if ended is not None else NOTHING, justify="right"),
        "end": Text(how_it_ended(entry)),
        "errors": Text(errors_word(entry), justify="right"),
        "note": Text(one_line(entry.notes.note)),
    }
