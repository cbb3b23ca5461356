"""The question to somebody who has not touched anything for long, with the seconds that are left."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.events import Click, Key
from textual.widgets import Static

from tui.actions import Action, bindings
from tui.frame.action_footer import ActionFooter
from tui.frame.screen import ConsoleModal
from tui.i18n import N_, _

ACTIONS = (
    Action("kiosk.stay", "enter,f2", "stay", N_("Go on"), N_("Visit: Go on"), N_("Go on with the visit")),
)


class StillThereScreen(ConsoleModal[None]):
    """Any key goes on."""

    ACTIONS: ClassVar[tuple[Action, ...]] = ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = bindings(ACTIONS)
    CSS_PATH = "still_there.tcss"

    def compose(self) -> ComposeResult:
        with Vertical(id="box"):
            yield Static(_("Are you still there?"), id="question", markup=False)
            yield Static(id="countdown", markup=False)
        yield ActionFooter()

    def count(self, left_s: float) -> None:
        """Show the rest."""
        words = _("The visit ends in {n} s. Press any key to go on.").format(n=int(left_s))
        self.query_one("#countdown", Static).update(words)

    def on_key(self, event: Key) -> None:
        event.stop()
        self.dismiss(None)

    def on_click(self, event: Click) -> None:
        event.stop()
        self.dismiss(None)

    def action_stay(self) -> None:
        self.dismiss(None)
