"""A question with two answers."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Static

from tui.actions import Action, bindings
from tui.frame.action_footer import ActionFooter
from tui.frame.screen import ConsoleModal
from tui.i18n import N_, _

YES = Action("confirm.yes", "y,f2", "yes", N_("Yes"), N_("Question: Yes"), N_("Go ahead"))
NO = Action("confirm.no", "n,f3,escape", "no", N_("No"), N_("Question: No"), N_("Do nothing"))
ACTIONS = (
    YES,
    NO,
    Action(
        "confirm.other",
        "left,right",
        "other",
        N_("Other"),
        N_("Question: To the other answer"),
        N_("Move to the other answer; Enter confirms it"),
        show=False,
    ),
)


class ConfirmScreen(ConsoleModal[bool]):
    """Asks ``question`` and returns the answer. ``no`` has the focus."""

    ACTIONS: ClassVar[tuple[Action, ...]] = ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = bindings(ACTIONS)
    CSS_PATH = "confirm.tcss"
    AUTO_FOCUS = "#no"

    def __init__(self, question: str, yes: str, no: str, *, quitting: bool = False) -> None:
        super().__init__()
        self._question, self._yes, self._no = question, yes, no
        self.quitting = quitting
        """Whether yes means leaving the program: then a second ctrl+q is a yes."""

    def compose(self) -> ComposeResult:
        with Vertical(id="box"):
            yield Static(self._question, id="question", markup=False)
            with Horizontal(id="answers"):
                yield Button(f"{self.key_name(NO)}  {self._no}", id="no", compact=True)
                yield Button(f"{self.key_name(YES)}  {self._yes}", id="yes", variant="error", compact=True)
            yield Static(_("or the arrows and Enter"), id="keys", classes="dim", markup=False)
        yield ActionFooter()

    def action_other(self) -> None:
        """Move to the other of the two answers."""
        self.focus_next("#answers Button")

    @on(Button.Pressed, "#yes")
    def action_yes(self) -> None:
        self.dismiss(True)

    @on(Button.Pressed, "#no")
    def action_no(self) -> None:
        self.dismiss(False)
