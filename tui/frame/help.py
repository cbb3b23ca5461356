"""F1: what a screen is for, and every key of it, from the same registry as the bindings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from tui.navigation import TakeTour

TOUR = Action(
    "help.tour",
    "t,f2",
    "tour",
    N_("Tour"),
    N_("Help: Show me around"),
    N_("Show the console in five steps"),
)
ACTIONS = (
    TOUR,
    Action(
        "help.close",
        "escape,f1,question_mark,q",
        "close",
        N_("Close"),
        N_("Help: Close"),
        N_("Back to the screen"),
    ),
)
KEY_COLUMN = 12


def noun(action: Action) -> str:
    """What it is done to: the first half of its palette entry."""
    return _(action.palette).partition(": ")[0]


def by_noun(actions: Sequence[Action], rest: str) -> list[tuple[str, list[Action]]]:
    """Groups of actions on the same thing, in order; those that would stand alone come first, as ``rest``."""
    groups: dict[str, list[Action]] = {}
    for action in actions:
        groups.setdefault(noun(action), []).append(action)
    alone = [group[0] for group in groups.values() if len(group) == 1]
    several = [(name, group) for name, group in groups.items() if len(group) > 1]
    return [(rest, alone), *several] if alone else several


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
            yield Static(_("Help"), classes="title")
            with VerticalScroll(id="keys"):
                about = getattr(self._of, "ABOUT", "")
                if about:
                    yield Static(_(about), id="about", markup=False)
                if self.console_app.ALLOWED.has(TOUR):
                    tour = _("First time here? {key} shows you around in five steps.")
                    yield Static(tour.format(key=self.key_name(TOUR)), id="tour-hint", markup=False)
                for title, actions in by_noun(getattr(self._of, "ACTIONS", ()), _("On this screen")):
                    yield from self._group(title, actions)
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

    def _group(self, title: str, actions: Sequence[Action]) -> ComposeResult:
        actions = tuple(filter(self.console_app.ALLOWED.has, actions))
        if not actions:
            return
        yield Static(title, classes="group", markup=False)
        yield Static(self._table(actions), classes="lines")

    def _table(self, actions: Sequence[Action]) -> Table:
        """A grid, so that a long line wraps within its column."""
        colours = self.app.theme_variables
        table = Table.grid(padding=(0, 1), expand=True)
        table.add_column(style=f"bold {colours['accent']}", overflow="fold", width=KEY_COLUMN)
        table.add_column(ratio=1, overflow="fold")
        named = self.console_app.ALLOWED.machine
        table.add_column(style=colours["dim"], no_wrap=True)
        for action in actions:
            keys = "  ".join(
                self._key_name(key) for key in keys_of(action, self._keymap) if not _repeated(key)
            )
            table.add_row(keys, _(action.help), action.id if named else "")
        return table

    def _key_name(self, key: str) -> str:
        return self.app.get_key_display(Binding(key, "", ""))

    def action_tour(self) -> None:
        """The tour in place of the help."""
        self.dismiss(None)
        self.app.post_message(TakeTour())

    def action_close(self) -> None:
        self.dismiss(None)


def _repeated(key: str) -> bool:
    """F13 to F24: what most terminals send for the shifted function keys, which are listed beside them."""
    return key[:1] == "f" and key[1:].isdigit() and int(key[1:]) > 12
