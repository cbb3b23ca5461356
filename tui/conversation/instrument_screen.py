"""The instruments of a conversation on screen: signals, the line of health, and which panels are shown."""

from __future__ import annotations

from typing import Literal

from textual import getters
from textual.content import Content
from textual.widgets import Static

from relay.conversation import ConversationState
from tui.actions import Action
from tui.conversation.feed import Feed
from tui.conversation.instruments.diagnosis import Finding, diagnose
from tui.conversation.instruments.health import health_news
from tui.conversation.signals_panel import SignalsPanel
from tui.frame.screen import ConsoleScreen
from tui.host.terminal import ascii_only
from tui.i18n import _
from tui.tones import STYLES, News

Enlarged = Literal["none", "talk", "signals", "events"]
WIDE_COLUMNS = 100
"""From here on the readings stand beside the transcript without being asked for."""
BROAD_COLUMNS = 120
"""From here on they have margins."""
HIGH_ROWS = 50
"""From here on there is room for empty lines."""
ENLARGED: tuple[Enlarged, ...] = ("none", "talk", "signals", "events")


class InstrumentScreen(ConsoleScreen[None]):
    """Paints the instruments of ``feed``; the rest of the screen is its heirs'."""

    signals = getters.query_one("#signals", SignalsPanel)

    def __init__(self) -> None:
        super().__init__()
        self.feed: Feed | None = None
        self._health = Content("")
        self._enlarged: Enlarged = "none"
        self._readings_shown: bool | None = None
        self._plain = False
        self._rearranged = False

    def on_mount(self) -> None:
        """Ask once what the terminal can show, and arrange the panels as they were."""
        self._plain = self.console_app.settings.plain or ascii_only()
        self.restore_panels()

    def restore_panels(self) -> None:
        """Arrange the panels as they were, in this conversation or an earlier one."""
        panels = self.console_app.memory.panels
        self.signals.restore(panels.signals, panels.window_s)
        self._readings_shown = panels.readings
        self._enlarged = next((name for name in ENLARGED if name == panels.enlarged), "none")

    async def on_unmount(self) -> None:
        """Remember how the panels were arranged."""
        if self._rearranged:
            self.console_app.remember()

    def _remember_panels(self) -> None:
        panels = self.console_app.memory.panels
        panels.signals, panels.window_s = self.signals.chosen, self.signals.window_s
        panels.enlarged = None if self._enlarged == "none" else self._enlarged
        self._rearranged = True

    def paint_instruments(self, feed: Feed) -> None:
        """The signals and the line of health, as they are now."""
        self._paint_signals(feed)
        finding = diagnose(feed.state, feed.history, feed.now)
        news = self.health_of(finding, feed)
        health = Content.styled(news.words, STYLES[news.tone])
        if health != self._health:
            self._health = health
            self.query_one("#health", Static).update(health)

    def health_of(self, finding: Finding, feed: Feed) -> News:
        """The sentence for ``finding``."""
        return health_news(finding, feed.state, feed.history, self._key_if_any)

    def _paint_signals(self, feed: Feed) -> None:
        keys = self.console_app.key_names
        self.signals.paint(feed.history, feed.state, feed.now, keys, plain=self._plain)

    def _key_if_any(self, action: Action) -> str | None:
        """The key of ``action``, where this screen has it."""
        return self.key_name(action) if action in self.ACTIONS else None

    def _repaint(self) -> None:
        if self.feed is not None:
            self._paint_signals(self.feed)

    def on_resize(self) -> None:
        """There is more room, or less."""
        self._arrange()
        self.call_after_refresh(self._repaint)

    def show_side(self, on: bool | None) -> None:
        """Show the column beside the transcript; None: where there is room."""
        self._readings_shown = on
        if on:
            self._enlarged = "none"
        self._arrange()

    def _arrange(self) -> None:
        """Show the panels that are wanted, or for which there is room."""
        columns, rows = self.app.size
        self.set_class(rows >= HIGH_ROWS, "-high")
        self.set_class(columns >= BROAD_COLUMNS, "-broad")
        readings = self._readings_shown
        self.set_class(columns >= WIDE_COLUMNS if readings is None else readings, "-readings")
        for name in ENLARGED:
            self.set_class(name == self._enlarged != "none", f"-enlarged-{name}")
        self.signals.set_class(self.signals.extent == "off", "-off")

    # --- actions -------------------------------------------------------------------------------

    def action_turns(self) -> None:
        """The turns as a timeline."""
        if self.feed is not None:
            from tui.conversation.turns_screen import TurnsScreen

            self.app.push_screen(TurnsScreen(self.feed))

    def action_inspect(self) -> None:
        """The events one by one."""
        if self.feed is not None:
            from tui.conversation.inspector import InspectorScreen

            self.app.push_screen(InspectorScreen(self.feed))

    def action_signals(self) -> None:
        """More of the signals; after everything, nothing."""
        self.signals.next_extent()
        self._remember_panels()
        self._arrange()
        self.call_after_refresh(self._repaint)

    def action_zoom_in(self) -> None:
        """A shorter window."""
        self.signals.zoom(1)
        self._remember_panels()
        self._repaint()

    def action_zoom_out(self) -> None:
        """A longer window."""
        self.signals.zoom(-1)
        self._remember_panels()
        self._repaint()

    def action_readings(self) -> None:
        """Show or hide the column of readings."""
        shown = not self.has_class("-readings")
        self.console_app.memory.panels.readings = shown
        self.show_side(shown)
        self._remember_panels()

    def action_enlarge(self) -> None:
        """One panel after the other in the place of all; then all again."""
        self._enlarged = ENLARGED[(ENLARGED.index(self._enlarged) + 1) % len(ENLARGED)]
        if self._enlarged == "signals":
            self.signals.chosen = "tall"
        self._remember_panels()
        self._arrange()
        self.call_after_refresh(self._repaint)


def who_speaks(state: ConversationState) -> str:
    """Who is speaking now, in words; empty if nobody."""
    you, customer = state.speech_item_id is not None, state.playing_item_id is not None
    if you and customer:
        return _("both are speaking")
    if you:
        return _("you are speaking")
    return _("the customer is speaking") if customer else ""
