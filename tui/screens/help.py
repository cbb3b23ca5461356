"""F1: every key of a screen, made from the same registry as the keys themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Footer, Static

from tui.actions import APP_ACTIONS, Action, bindings, keys_of
from tui.i18n import N_, _
from tui.screens.base import ConsoleModal

ACTIONS = (
    Action("help.close", "escape,f1,q", "close", N_("Close"), N_("Help: Close"), N_("Back to the screen")),
)
KEY_COLUMN = 16


class HelpScreen(ConsoleModal[None]):
    """The keys of ``screen`` and of the app, with the operator's own keymap."""

    ACTIONS: ClassVar[tuple[Action, ...]] = ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = bindings(ACTIONS)
    CSS_PATH = "help.tcss"

    def __init__(self, screen: Screen[Any], keymap: Mapping[str, str]) -> None:
        super().__init__()
        self._of = screen
        self._keymap = keymap

    def compose(self) -> ComposeResult:
        """Two groups of lines."""
        with Vertical(id="box"):
            yield Static(_("Keys"), classes="title")
            with VerticalScroll(id="keys"):
                yield from self._group(_("On this screen"), getattr(self._of, "ACTIONS", ()))
                yield from self._group(_("Everywhere"), APP_ACTIONS)
                yield Static(
                    _(
                        "Keys can be changed in the [keys] table of the configuration, by the names in the last column."
                    ),
                    classes="note",
                    markup=False,
                )
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """The arrows scroll."""
        self.query_one("#keys").focus()

    def _group(self, title: str, actions: tuple[Action, ...]) -> ComposeResult:
        if not actions:
            return
        yield Static(title, classes="group", markup=False)
        for action in actions:
            yield Static(self._line(action), classes="line")

    def _line(self, action: Action) -> Content:
        shown = "  ".join(_key_name(self, key) for key in keys_of(action, self._keymap))
        return Content.assemble(
            (shown.ljust(KEY_COLUMN), "bold $accent"),
            (_(action.help), ""),
            (f"  {action.id}", "$dim"),
        )

    def action_close(self) -> None:
        """Back."""
        self.dismiss(None)


def _key_name(screen: HelpScreen, key: str) -> str:
    from textual.binding import Binding

    return screen.app.get_key_display(Binding(key, "", ""))
