"""An input line."""

from __future__ import annotations

from textual.events import Paste
from textual.widget import Widget
from textual.widgets import Input

from tui.i18n import _

LONGEST = 5_000
"""Characters. More than anybody types on one line; it limits huge pastes."""


class Field(Input):
    """Textual's input, except that pasted lines are joined by spaces instead of cut."""

    def on_mount(self) -> None:
        """A blinking cursor is written twice a second."""
        if getattr(self.app, "quiet", False):
            self.cursor_blink = False

    def on_paste(self, event: Paste) -> None:
        """Insert what fits, and report if it was cut."""
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


def takes_text(widget: Widget | None) -> bool:
    """Whether keys write text into ``widget``, which has the focus."""
    if widget is None or isinstance(widget, Input):
        return widget is not None
    from textual.widgets import (
        TextArea,  # with its documents, it would be a tenth of the imports of the login
    )

    return isinstance(widget, TextArea)
