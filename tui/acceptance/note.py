"""The operator's note (備考) on one test, as it goes into the document's result table."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.widgets import Input, Static

from acceptance.checkpoints import TESTS
from tui.actions import Action, bindings
from tui.frame.action_footer import ActionFooter
from tui.frame.field import Field
from tui.frame.screen import ConsoleModal
from tui.i18n import N_, _
from tui.wording.verdicts import words

CANCEL = Action(
    "note.cancel",
    "escape",
    "cancel",
    N_("Cancel"),
    N_("Note: Leave unchanged"),
    N_("Back without changes"),
)
ACTIONS = (
    Action("note.save", "f3", "save", N_("Save"), N_("Note: Save"), N_("Save the note; Enter does the same")),
    CANCEL,
)
LONGEST_NOTE = 500


class NoteScreen(ConsoleModal["str | None"]):
    """Returns the note, or None to leave it unchanged."""

    ACTIONS: ClassVar[tuple[Action, ...]] = ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = bindings(ACTIONS)
    CSS_PATH = "note.tcss"
    AUTO_FOCUS = "#note"

    def __init__(self, test: int, note: str) -> None:
        super().__init__()
        self._test = next(one for one in TESTS if one.number == test)
        self._note = note

    def compose(self) -> ComposeResult:
        with Vertical(id="box"):
            title = _("Note on test {n}: {title}").format(n=self._test.number, title=words(self._test))
            yield Static(title, classes="title", markup=False)
            yield Field(self._note, max_length=LONGEST_NOTE, compact=True, id="note")
            yield Static(
                _("Enter saves, {key} cancels.").format(key=self.key_name(CANCEL)),
                classes="dim",
            )
        yield ActionFooter()

    @on(Input.Submitted, "#note")
    def action_save(self) -> None:
        self.dismiss(self.query_one("#note", Input).value.strip())

    def action_cancel(self) -> None:
        self.dismiss(None)
