"""The turns of a conversation as a timeline: who lost how much time, and where."""

from __future__ import annotations

from typing import ClassVar

from textual import getters, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Static

from relay.conversation import percentile
from tui.actions import Action, bindings
from tui.conversation.feed import Feed
from tui.conversation.instruments.signals import Line
from tui.conversation.instruments.turn_rows import HEAD_WIDTH, key_lines, scale_s, turn_line
from tui.conversation.instruments.turn_times import Exchange
from tui.conversation.lines_view import LinesView
from tui.conversation.rows_view import RowsView
from tui.conversation.turn_screen import TurnScreen
from tui.frame.action_footer import ActionFooter
from tui.frame.screen import ConsoleScreen
from tui.frame.status_line import StatusLine
from tui.i18n import N_, _
from tui.wording.figures import number

BACK = Action("turns.back", "escape", "back", N_("Back"), N_("Turns: Close"), N_("Back to the conversation"))
OPEN = Action(
    "turns.open", "enter,f2", "open", N_("Detail"), N_("Turns: Show one"), N_("Show the turn in detail")
)
ACTIONS = (OPEN, BACK)
REFRESH_S = 0.5


class TurnsScreen(ConsoleScreen[None]):
    """Follows the newest turn while the cursor is on it."""

    ABOUT: ClassVar[str] = N_(
        "Each turn as a timeline from the end of your speech to the first sound of the answer: where a "
        "slow answer lost its time."
    )
    ACTIONS: ClassVar[tuple[Action, ...]] = ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = bindings(ACTIONS)
    CSS_PATH = "turns_screen.tcss"
    AUTO_FOCUS = "#turn-rows"

    rows = getters.query_one("#turn-rows", RowsView)

    def __init__(self, feed: Feed) -> None:
        super().__init__()
        self._feed = feed
        self._exchanges: tuple[Exchange, ...] = ()
        self._whole_s = scale_s(())

    def compose(self) -> ComposeResult:
        """Title, rows, and what the letters mean."""
        yield StatusLine()
        yield Static(id="turns-title", markup=False)
        yield Static(id="turns-scale", markup=False)
        yield RowsView(self._row, id="turn-rows")
        yield LinesView(id="turns-key")
        yield ActionFooter()

    def on_mount(self) -> None:
        """Begin to paint."""
        self.query_one("#turns-key", LinesView).show(key_lines())
        self._paint()
        self.set_interval(REFRESH_S, self._paint)

    async def retranslate(self) -> None:
        """The letters too."""
        await super().retranslate()
        self._exchanges = ()
        self.query_one("#turns-key", LinesView).show(key_lines())
        self._paint()

    def _row(self, index: int, width: int) -> Line:
        return turn_line(self._exchanges[index], self._whole_s, width)

    def _paint(self) -> None:
        exchanges = self._feed.history.turns.exchanges
        if exchanges == self._exchanges and exchanges:
            return
        self._exchanges, self._whole_s = exchanges, scale_s(exchanges)
        self.query_one("#turns-title", Static).update(_title(exchanges))
        words = _("0 = you stop speaking; full width = {n} ms").format(n=number(self._whole_s * 1_000))
        self.query_one("#turns-scale", Static).update(" " * HEAD_WIDTH + words)
        self.rows.show(len(exchanges))

    @on(RowsView.Chosen)
    def _open(self, event: RowsView.Chosen) -> None:
        self.app.push_screen(TurnScreen(self._feed, self._exchanges[event.index].number))

    def action_open(self) -> None:
        """The turn under the cursor."""
        self.rows.action_choose()

    def action_back(self) -> None:
        """Back to the conversation."""
        self.dismiss()


def _title(exchanges: tuple[Exchange, ...]) -> str:
    known = [one.latency_ms for one in exchanges if one.latency_ms is not None and one.basis == "speech"]
    if not exchanges:
        return _("Turns: nobody has spoken yet.")
    return _("Turns: {n}.  Latency p50 {p50} ms, p95 {p95} ms (spoken, n={known})").format(
        n=len(exchanges),
        p50=number(percentile(known, 50)),
        p95=number(percentile(known, 95)),
        known=len(known),
    )
