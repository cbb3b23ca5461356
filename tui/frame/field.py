"""An input line."""

from __future__ import annotations

from textual.events import Paste
from textual.widgets import Input

from tui.i18n import _

LONGEST = 5_000
"""Characters. Far more than anybody says or types in one line; it keeps a pasted book out of the screen's way."""


class Field(Input):
    """Textual's, except that a paste of several lines is kept whole: they are joined by spaces."""

    def on_paste(self, event: Paste) -> None:
        """Insert what fits, and say so if that is not all."""
        event.stop()
        event.prevent_default()
        text = " ".join(line.replace("\t", " ") for line in event.text.splitlines() if line.strip())
        most = self.max_length or LONGEST
        selection = self.selection
        room = max(0, most - len(self.value) + len(self.selected_text))
        if len(text) > room:
            words = _("Cut to {n} characters, the most this field takes.").format(n=most)
            self.app.notify(words, severity="warning", markup=False)
        self.replace(text[:room], *selection)
