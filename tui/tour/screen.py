"""First time here? The console in five steps."""

from __future__ import annotations

from typing import ClassVar, Literal

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tui.actions import Action, bindings
from tui.frame.action_footer import ActionFooter
from tui.frame.screen import ConsoleModal
from tui.i18n import N_, _
from tui.tour.steps import steps
from tui.wording.line_breaks import wrapped

Left = Literal["done", "later", "never"]
WIDTH = 70
"""Cells of a line before the screen is laid out."""

ACTIONS = (
    Action(
        "tour.next",
        "enter,right,space,f3",
        "next",
        N_("Next"),
        N_("Tour: Next step"),
        N_("To the next step; after the last one, back to the screen"),
    ),
    Action(
        "tour.before",
        "left,f2",
        "before",
        N_("Previous"),
        N_("Tour: Previous step"),
        N_("To the previous step"),
    ),
    Action(
        "tour.never",
        "x,f4",
        "never",
        N_("Do not offer again"),
        N_("Tour: Do not offer again"),
        N_("Leave the tour and stop offering it; the help still has it"),
    ),
    Action(
        "tour.later",
        "escape",
        "later",
        N_("Later"),
        N_("Tour: Leave"),
        N_("Leave the tour; it is offered again"),
    ),
)


class TourScreen(ConsoleModal[Left]):
    """Returns how it was left: ``done`` after the last step, ``later``, or ``never`` to be offered again."""

    ACTIONS: ClassVar[tuple[Action, ...]] = ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = bindings(ACTIONS)
    CSS_PATH = "screen.tcss"
    AUTO_FOCUS = "#step"

    def __init__(self) -> None:
        super().__init__()
        self._at = 0

    def compose(self) -> ComposeResult:
        with Vertical(id="box"):
            yield Static(id="title", classes="title", markup=False)
            with VerticalScroll(id="step"):
                yield Static(id="step-text")
        yield ActionFooter()

    def on_mount(self) -> None:
        self._paint()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """There is nothing before the first step."""
        if action == "before":
            return True if self._at else None
        return super().check_action(action, parameters)

    def action_label(self, action: Action) -> str:
        """The last step ends the tour."""
        if action.name == "next" and self._at == len(steps(self.console_app.key_names)) - 1:
            return N_("Done")
        return super().action_label(action)

    def _paint(self) -> None:
        all_steps = steps(self.console_app.key_names)
        step = all_steps[self._at]
        title = _("{n} of {all}: {title}").format(n=self._at + 1, all=len(all_steps), title=step.title)
        self.query_one("#title", Static).update(title)
        text = self.query_one("#step-text", Static)
        width = text.size.width or WIDTH
        lines = [Content(line) for line in wrapped(step.text, width)]
        for keys, words in step.keys:
            lines += [Content(""), Content.styled(keys, "bold $accent")]
            lines += [Content("  " + line) for line in wrapped(words, width - 2)]
        text.update(Content("\n").join(lines))
        self.refresh_bindings()

    def on_resize(self) -> None:
        """Break the lines anew."""
        self.call_after_refresh(self._paint)

    def action_next(self) -> None:
        """On, or out."""
        if self._at + 1 == len(steps(self.console_app.key_names)):
            self.dismiss("done")
        else:
            self._at += 1
            self._paint()

    def action_before(self) -> None:
        """Back."""
        self._at = max(0, self._at - 1)
        self._paint()

    def action_never(self) -> None:
        """Out for good."""
        self.dismiss("never")

    def action_later(self) -> None:
        """Out for now."""
        self.dismiss("later")
