"""The name that a template is saved under."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.widgets import Input, Static

from tui.actions import Action, bindings
from tui.frame.action_footer import ActionFooter
from tui.frame.field import Field
from tui.frame.screen import ConsoleModal
from tui.i18n import N_, _

CANCEL = Action(
    "template.cancel",
    "escape",
    "cancel",
    N_("Cancel"),
    N_("Template: Do not save"),
    N_("Back to the form without saving"),
)
ACTIONS = (
    Action(
        "template.save",
        "f3",
        "save",
        N_("Save"),
        N_("Template: Save"),
        N_("Save the template; Enter does the same"),
    ),
    CANCEL,
)
LONGEST_NAME = 60


class TemplateNameScreen(ConsoleModal["str | None"]):
    """Returns the name, or None."""

    ACTIONS: ClassVar[tuple[Action, ...]] = ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = bindings(ACTIONS)
    CSS_PATH = "template_name.tcss"
    AUTO_FOCUS = "#name"

    def __init__(self, suggestion: str, taken: frozenset[str]) -> None:
        super().__init__()
        self._suggestion = suggestion[:LONGEST_NAME]
        self._taken = taken

    def compose(self) -> ComposeResult:
        with Vertical(id="box"):
            yield Static(_("Save as template"), classes="title")
            yield Field(
                self._suggestion,
                placeholder=_("name of the template"),
                max_length=LONGEST_NAME,
                compact=True,
                id="name",
            )
            yield Static(id="note", classes="dim", markup=False)
        yield ActionFooter()

    @on(Input.Changed, "#name")
    def _typed(self, event: Input.Changed) -> None:
        name = event.value.strip()
        saves = _("Enter saves, {key} cancels.").format(key=self.key_name(CANCEL))
        replaces = _("Enter replaces the template of that name, {key} cancels.")
        words = replaces.format(key=self.key_name(CANCEL)) if name in self._taken else saves
        self.query_one("#note", Static).update(words)

    @on(Input.Submitted, "#name")
    def action_save(self) -> None:
        """Unless there is no name."""
        if name := self.query_one("#name", Input).value.strip():
            self.dismiss(name)

    def action_cancel(self) -> None:
        self.dismiss(None)
