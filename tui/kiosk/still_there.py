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
    """Any key goes on. ``left_s``: the seconds left at first."""

    ACTIONS: ClassVar[tuple[Action, ...]] = ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = bindings(ACTIONS)
    CSS_PATH = "still_there.tcss"

    def __init__(self, left_s: float) -> None:
        super().__init__()
        self._words = _countdown(left_s)

    def compose(self) -> ComposeResult:
        with Vertical(id="box"):
            yield Static(_("Are you still there?"), id="question", markup=False)
            yield Static(self._words, id="countdown", markup=False)
        yield ActionFooter()

    def count(self, left_s: float) -> None:
        """Show the rest."""
        self._words = _countdown(left_s)
        for line in self.query("#countdown").results(Static):  # none, before it is composed
            line.update(self._words)

    def on_key(self, event: Key) -> None:
        event.stop()
        self.dismiss(None)

    def on_click(self, event: Click) -> None:
        event.stop()
        self.dismiss(None)

    def action_stay(self) -> None:
        self.dismiss(None)


def _countdown(left_s: float) -> str:
    return _("The visit ends in {n} s. Press any key to go on.").format(n=int(left_s))
