"""One of several values for a setting; a theme is shown while it is being chosen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tui.actions import Action, bindings
from tui.frame.action_footer import ActionFooter
from tui.frame.screen import ConsoleModal
from tui.i18n import N_, _

ACTIONS = (
    Action("choice.cancel", "escape", "cancel", N_("Cancel"), N_("Choice: Cancel"), N_("Leave it as it is")),
)


class ChoiceScreen(ConsoleModal[str]):
    """Returns the chosen value, or None. ``notes`` stand beside the values; ``preview`` shows the highlighted one."""

    ACTIONS: ClassVar[tuple[Action, ...]] = ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = bindings(ACTIONS)
    CSS_PATH = "choice.tcss"
    AUTO_FOCUS = "#values"

    def __init__(
        self,
        title: str,
        values: Sequence[tuple[str, str]],
        now: str | None,
        preview: Callable[[str], None] | None = None,
    ) -> None:
        super().__init__()
        self._title_words = title
        self._values = values
        self._now = now
        self._preview = preview

    def compose(self) -> ComposeResult:
        """The values with their notes."""
        width = max(len(value) for value, _note in self._values) + 2
        options = [
            Option(Content.assemble((value.ljust(width), "bold"), (note, "$dim")), id=value)
            for value, note in self._values
        ]
        with Vertical(id="box"):
            yield Static(self._title_words, classes="title", markup=False)
            yield OptionList(*options, id="values")
            if self._preview is not None:
                yield Static(_("The screen shows the selected one. Enter keeps it."), classes="dim")
        yield ActionFooter()

    def on_mount(self) -> None:
        """Begin at the present value."""
        names = [value for value, _note in self._values]
        self.query_one("#values", OptionList).highlighted = (
            names.index(self._now) if self._now in names else 0
        )

    @on(OptionList.OptionHighlighted)
    def _highlighted(self, event: OptionList.OptionHighlighted) -> None:
        if self._preview is not None and event.option.id is not None:
            self._preview(event.option.id)

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option.id)

    def action_cancel(self) -> None:
        self.dismiss(None)
