"""Ctrl+O: a letter on everything that can take the focus; pressing the letter goes there."""

from __future__ import annotations

from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.events import Key
from textual.geometry import Offset
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from tui.actions import Action, bindings
from tui.frame.action_footer import ActionFooter
from tui.frame.screen import ConsoleModal
from tui.i18n import N_, _

LETTERS = "asdfghjklqwertyuiopzxcvbnm"
"""The home row first."""
ACTIONS = (
    Action(
        "jump.cancel",
        "escape",
        "cancel",
        N_("Cancel"),
        N_("Jump: Cancel"),
        N_("Stay where you are"),
    ),
)


def targets(screen: Screen[Any]) -> dict[str, tuple[Widget, Offset]]:
    """A letter for each widget that can be seen and take the focus, and where it begins."""
    seen = []
    for widget in screen.focus_chain:
        region = screen.find_widget(widget).visible_region
        if region.area:
            seen.append((widget, region.offset))
    return dict(zip(LETTERS, seen, strict=False))


class JumpScreen(ConsoleModal["Widget | None"]):
    """Returns the widget to focus, or None."""

    ACTIONS: ClassVar[tuple[Action, ...]] = ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = bindings(ACTIONS)
    CSS_PATH = "jump.tcss"

    def __init__(self, targets: dict[str, tuple[Widget, Offset]]) -> None:
        super().__init__()
        self._targets = targets
        self._laid_out = False

    def compose(self) -> ComposeResult:
        for letter, (_widget, place) in self._targets.items():
            label = Static(f" {letter} ", classes="label", markup=False)
            label.styles.offset = place
            yield label
        yield Static(_("Each letter leads to its place."), id="hint", markup=False)
        yield ActionFooter()

    def on_key(self, event: Key) -> None:
        """Go to the letter's widget."""
        target = self._targets.get((event.character or "").lower())
        if target is not None:
            event.stop()
            self.dismiss(target[0])

    def on_resize(self) -> None:
        """The letters would be in the wrong places now."""
        if self._laid_out:
            self.dismiss(None)
        self._laid_out = True

    def action_cancel(self) -> None:
        self.dismiss(None)
