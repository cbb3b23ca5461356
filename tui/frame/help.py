"""F1: every key of a screen, from the same registry as the bindings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from rich.table import Table
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import Screen
from textual.widgets import Static

from tui.actions import Action, bindings, keys_of
from tui.frame.action_footer import ActionFooter
from tui.frame.screen import ConsoleModal
from tui.i18n import N_, _

ACTIONS = (
    Action("help.close", "escape,f1,q", "close", N_("Close"), N_("Help: Close"), N_("Back to the screen")),
)
KEY_COLUMN = 10


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
        with Vertical(id="box"):
            yield Static(_("Keys"), classes="title")
            with VerticalScroll(id="keys"):
                yield from self._group(_("On this screen"), getattr(self._of, "ACTIONS", ()))
                yield from self._group(_("Everywhere"), self.console_app.ACTIONS)
                if self.console_app.ALLOWED.machine:
                    yield Static(
                        _(
                            "To change a key, use its name in the last column in the [keys] table of the "
                            "configuration."
                        ),
                        classes="note",
                        markup=False,
                    )
        yield ActionFooter()

    def on_mount(self) -> None:
        self.query_one("#keys").focus()

    def _group(self, title: str, actions: tuple[Action, ...]) -> ComposeResult:
        actions = tuple(filter(self.console_app.ALLOWED.has, actions))
        if not actions:
            return
        yield Static(title, classes="group", markup=False)
        yield Static(self._table(actions), classes="lines")

    def _table(self, actions: tuple[Action, ...]) -> Table:
        """A grid, so that a long line wraps within its column."""
        colours = self.app.theme_variables
        table = Table.grid(padding=(0, 1), expand=True)
        table.add_column(style=f"bold {colours['accent']}", no_wrap=True, width=KEY_COLUMN)
        table.add_column(ratio=1, overflow="fold")
        named = self.console_app.ALLOWED.machine
        table.add_column(style=colours["dim"], no_wrap=True)
        for action in actions:
            keys = "  ".join(self._key_name(key) for key in keys_of(action, self._keymap))
            table.add_row(keys, _(action.help), action.id if named else "")
        return table

    def _key_name(self, key: str) -> str:
        return self.app.get_key_display(Binding(key, "", ""))

    def action_close(self) -> None:
        self.dismiss(None)
