"""One turn in detail: what was said, its stages with milliseconds, and a copy of it."""

from __future__ import annotations

from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tui.actions import Action, bindings
from tui.conversation.feed import Feed
from tui.conversation.instruments.signals import Line
from tui.conversation.instruments.turn_rows import (
    as_json,
    as_text,
    key_lines,
    outcome,
    said_lines,
    scale_s,
    stage_lines,
    wait_bar,
)
from tui.conversation.instruments.turn_times import Exchange
from tui.frame.action_footer import ActionFooter
from tui.frame.screen import ConsoleScreen
from tui.frame.status_line import StatusLine
from tui.i18n import N_, _
from tui.wording.figures import number
from tui.wording.line_breaks import wrapped

COPY = Action(
    "turn.copy",
    "y,f9",
    "copy",
    N_("Copy text"),
    N_("Turn: Copy as text"),
    N_("Copy the turn as text to the clipboard"),
)
COPY_JSON = Action(
    "turn.copy_json",
    "j,f10",
    "copy_json",
    N_("Copy JSON"),
    N_("Turn: Copy as JSON"),
    N_("Copy the turn as JSON to the clipboard"),
)
BEFORE = Action(
    "turn.before",
    "left",
    "before",
    N_("Before"),
    N_("Turn: Previous"),
    N_("Show the previous turn"),
)
AFTER = Action(
    "turn.after",
    "right",
    "after",
    N_("Next"),
    N_("Turn: Next"),
    N_("Show the next turn"),
)
BACK = Action("turn.back", "escape", "back", N_("Back"), N_("Turn: Close"), N_("Back to the turns"))
ACTIONS = (COPY, COPY_JSON, BEFORE, AFTER, BACK)
REFRESH_S = 0.5


class TurnScreen(ConsoleScreen[None]):
    """Follows the turn while it lasts."""

    ABOUT: ClassVar[str] = N_("One turn: what was said, and when each stage was reached.")
    ACTIONS: ClassVar[tuple[Action, ...]] = ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = bindings(ACTIONS)
    CSS_PATH = "turns_screen.tcss"
    AUTO_FOCUS = "#turn"

    def __init__(self, feed: Feed, number: int) -> None:
        super().__init__()
        self._feed = feed
        self._number = number
        self._shown: Content | None = None

    def compose(self) -> ComposeResult:
        """Everything scrolls together."""
        yield StatusLine()
        with VerticalScroll(id="turn"):
            yield Static(id="turn-text")
        yield ActionFooter()

    def on_mount(self) -> None:
        """Begin to paint."""
        self._paint()
        self.set_interval(REFRESH_S, self._paint)

    def on_resize(self) -> None:
        """Lines end elsewhere."""
        self._paint()

    @property
    def _exchange(self) -> Exchange | None:
        return next((one for one in self._feed.history.turns.exchanges if one.number == self._number), None)

    def _paint(self) -> None:
        exchange = self._exchange
        width = max(40, self.app.size.width - 6)
        content = Content("") if exchange is None else Content("\n").join(self._lines(exchange, width))
        if content != self._shown:
            self._shown = content
            self.query_one("#turn-text", Static).update(content)

    def _lines(self, exchange: Exchange, width: int) -> list[Content]:
        latency = exchange.latency_ms
        words = _("Turn {n}").format(n=exchange.number)
        if latency is not None:
            words += "  " + _("Response latency") + f" {number(latency)} ms"
        lines = [
            Content.styled(words, "bold $primary"),
            Content.styled(outcome(exchange), "$dim"),
            Content(""),
        ]
        for who, text in said_lines(exchange, self._feed.state):
            lines.append(Content.styled(who, "bold $user" if who == _("You") else "bold $customer"))
            lines += [Content(line) for line in wrapped(text, width)]
        lines += [Content(""), _content(wait_bar(exchange, scale_s([exchange]), width)), Content("")]
        lines += [_content(line) for line in stage_lines(exchange)]
        return [*lines, Content(""), *(_content(line) for line in key_lines())]

    def action_before(self) -> None:
        """The turn before."""
        self._go(self._number - 1)

    def action_after(self) -> None:
        """The turn after."""
        self._go(self._number + 1)

    def _go(self, wanted: int) -> None:
        if any(one.number == wanted for one in self._feed.history.turns.exchanges):
            self._number = wanted
            self._paint()

    def action_copy(self) -> None:
        """As text."""
        if (exchange := self._exchange) is not None:
            self.copy(as_text(exchange, self._feed.state))

    def action_copy_json(self) -> None:
        """As JSON."""
        if (exchange := self._exchange) is not None:
            self.copy(as_json(exchange, self._feed.state))

    @work(exclusive=True, group="copy", exit_on_error=False)
    async def copy(self, text: str) -> None:
        """To the clipboard; a terminal does not say whether it took it."""
        await self.console_app.put_on_clipboard(text)

    def action_back(self) -> None:
        """Back to the turns."""
        self.dismiss()


def _content(line: Line) -> Content:
    return Content.assemble(*line)
