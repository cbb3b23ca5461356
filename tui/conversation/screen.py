"""A conversation on screen: transcript left, readings right, events below. Whose conversation it is, the two
screens made of this one say: the operator's own (``live``), or one that an acceptance run holds (``watch``).

It reads only the relay's stream, and paints once per tick.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePath
from typing import ClassVar

from textual import getters, on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Static

from relay.stream import StreamEvent
from tui.actions import Action
from tui.conversation.actions import FREEZE
from tui.conversation.event_log import EventLog
from tui.conversation.feed import news_of
from tui.conversation.instrument_screen import InstrumentScreen, who_speaks
from tui.conversation.instruments.diagnosis import barge_ins
from tui.conversation.instruments.rows import (
    audio_rows,
    audio_title,
    connection_rows,
    connection_title,
    input_rows,
    recording_name,
    summary_rows,
)
from tui.conversation.pace import FULL, QUIET, Pace
from tui.conversation.readings import Readings, level_meter
from tui.conversation.signals_panel import SignalsPanel
from tui.conversation.transcript import KEPT_TURNS, Transcript
from tui.frame.action_footer import ActionFooter
from tui.frame.field import Field
from tui.frame.status_line import StatusLine
from tui.host.clipboard import newest_that_fit
from tui.i18n import N_, _, ngettext
from tui.status import at_account
from tui.tones import STYLES, News

TICK_S = 0.1
LABEL_WIDTH = 19


class ConversationScreen(InstrumentScreen):
    """Paints what ``feed`` brings."""

    FOOTER_HIDES: ClassVar[frozenset[str]] = frozenset({"app.quit", "app.palette"})
    CSS_PATH: ClassVar[str | list[str | PurePath]] = "screen.tcss"
    AUTO_FOCUS = "#transcript"

    transcript = getters.query_one("#transcript", Transcript)
    events = getters.query_one("#events", EventLog)
    filter_input = getters.query_one("#filter", Input)

    def __init__(self) -> None:
        super().__init__()
        self._frozen = False
        self._summary_shown = False
        self._ticks = self._paintings = 0
        self._rebuilding = False
        self._following = self._following_before = (True, True)
        """Whether transcript and events follow their ends, as the titles say."""
        self._speaking = ""
        self._news = News("", "plain")
        self._meter: Content | None = None

    def compose(self) -> ComposeResult:
        yield StatusLine()
        with Horizontal(id="upper"):
            with Vertical(id="talk"):
                yield Static(id="talk-title", markup=False)
                yield Static(_("Too narrow for the readings: they need 80 columns."), id="too-narrow")
                yield Static(id="hint")
                yield Transcript(id="transcript")
            with VerticalScroll(id="side"):
                yield Readings(id="connection", label_width=LABEL_WIDTH)
                yield Readings(id="audio", label_width=LABEL_WIDTH)
                yield Static(id="meter")
                yield Readings(id="input", label_width=LABEL_WIDTH)
                yield Readings(id="summary", label_width=LABEL_WIDTH)
        yield SignalsPanel(id="signals")
        with Vertical(id="lower"):
            yield Static(id="health", markup=False)
            yield Static(id="news")  # a long sentence takes its room from the events
            yield Static(id="events-title", markup=False)
            yield EventLog(id="events")
        yield Field(placeholder=_("filter: words that an event must contain"), compact=True, id="filter")
        yield from self.more_inputs()
        yield ActionFooter()

    def more_inputs(self) -> Iterable[Widget]:
        """Inputs between the filter's input and the footer."""
        return ()

    def on_mount(self) -> None:
        self._paint_events_title()
        self.console_app.status = at_account(self.console_app.account)
        self.set_interval(TICK_S, self.tick)

    async def retranslate(self) -> None:
        """Repaint everything in the current language; lines of the event log stay as written."""
        kept, over = self.events.kept, self._summary_shown
        self._rebuilding = True
        await super().retranslate()
        self.restore_panels()
        self._arrange()
        self._rebuilding = False
        self.remove_class("-typing")
        self.events.add(kept)
        self.events.freeze(self._frozen)
        self.say_news(self._news)
        self._meter = None
        self._paint_events_title()
        self.title_is()
        if self.feed is not None:
            self._paint_readings()
            self._show_turns()
            if over:
                self._show_summary()

    def title_is(self) -> None:
        """Say which conversation this is, and whether its end is in view."""
        words = "  ".join(filter(None, (self.conversation_title(), self._speaking)))
        if not self._following[0]:
            words = _("Scrolled back (End follows)") + "  " + words
        self.query_one("#talk-title", Static).update(words)

    def _paint_following(self) -> None:
        following = (self.transcript.following, self.events.following)
        settled, self._following_before = following == self._following_before, following
        if settled and following != self._following:  # in the middle of a layout the end is out of view, too
            self._following = following
            self.title_is()
            self._paint_events_title()

    def conversation_title(self) -> str:
        """The conversation's title."""
        return ""

    def voice_label(self) -> str:
        """The operator's voice, for its meter."""
        return _("Your voice")

    # --- painting ------------------------------------------------------------------------------

    @property
    def _pace(self) -> Pace:
        return QUIET if self.console_app.quiet else FULL

    def paint_all_next(self) -> None:
        """Let the next tick paint everything, whatever the pace."""
        self._ticks = self._paintings = -1

    def tick(self) -> None:
        """Fold what has arrived and paint once."""
        if self._rebuilding:
            return
        self._paint_following()
        if self.feed is None or self._summary_shown:
            return
        self._ticks += 1
        if self._ticks % self._pace.ticks:
            return
        arrived = self.feed.pull()
        with self.app.batch_update():
            self._paint(arrived)
        self.painted(arrived)

    def painted(self, arrived: list[StreamEvent]) -> None:
        """Called after each painting with the new events."""

    def _paint(self, arrived: list[StreamEvent]) -> None:
        assert self.feed is not None
        feed = self.feed
        for event in arrived:
            self.attend(event)
        self.events.add(feed.lines(arrived))
        self._paint_meter()
        self._paintings += 1
        if self._paintings % self._pace.figures_every == 0 or feed.finished:
            self.console_app.status = feed.status(self.console_app.status)
            self._paint_readings()
        if (self._paintings % self._pace.signals_every == 0 or feed.finished) and not self._frozen:
            self.paint_instruments(feed)
        if not self._frozen:
            self._show_turns()
        if feed.finished:
            self._show_summary()

    def _show_turns(self) -> None:
        assert self.feed is not None
        state = self.feed.state
        self.transcript.show(state.turns, self.feed.history.turns.latencies)
        hidden = state.earlier_turns + max(0, len(state.turns) - KEPT_TURNS)
        self.transcript.show_earlier(hidden, recording_name(state))
        self.query_one("#hint").display = not state.turns and state.status != "given_up"

    def _paint_readings(self) -> None:
        assert self.feed is not None
        state = self.feed.state
        if (speaking := who_speaks(state)) != self._speaking:
            self._speaking = speaking
            self.title_is()
        title = connection_title(state.current, state)
        self.query_one("#connection", Readings).show(title, connection_rows(state, self.feed.now))
        self.query_one("#audio", Readings).show(audio_title(state), audio_rows(state))
        changed = 0.0 if state.input_settings is None else state.input_settings.t
        found = barge_ins(state, self.feed.history, changed)
        self.query_one("#input", Readings).show(None, input_rows(state, found))

    def _paint_meter(self) -> None:
        """Paint the level, which changes every tick, on its own line: that repaints one line only."""
        assert self.feed is not None
        meters = self.feed.state.meters
        level = None if meters is None else meters.mic_rms_dbfs
        muted = bool(meters and meters.muted)
        bar = level_meter(self.voice_label(), LABEL_WIDTH, level, muted=muted)
        if bar != self._meter:
            self._meter = bar
            self.query_one("#meter", Static).update(bar, layout=False)

    def attend(self, event: StreamEvent) -> None:
        """React to an event beyond showing it in its place."""
        if (news := news_of(event)) is not None:
            self.say_news(news)

    def say_news(self, news: News) -> None:
        """Show one sentence between the upper and the lower half."""
        self._news = news
        self.query_one("#news", Static).update(Content.styled(news.words, STYLES[news.tone]))

    def _paint_events_title(self) -> None:
        words = _("Events")
        if self.events.filter_text:
            words += "  " + _("filter: {words}").format(words=self.events.filter_text)
        if self._frozen:
            words += "  " + _("Paused ({key} resumes)").format(key=self.key_name(FREEZE))
        elif not self._following[1]:
            words += "  " + _("Scrolled back (End follows)")
        self.query_one("#events-title", Static).update(words)

    def _show_summary(self) -> None:
        """Replace the readings by the summary."""
        assert self.feed is not None
        self._summary_shown = True
        self.add_class("-over")
        self._show_turns()
        rows = summary_rows(self.feed.state)
        if rows:
            self._show_readings(False)
            self.show_side(True)
            self.query_one("#summary", Readings).show(_("Summary of the conversation"), rows)
        self.conversation_over()

    def _show_readings(self, on: bool) -> None:
        for reading in ("#connection", "#audio", "#meter", "#input"):
            self.query_one(reading).display = on
        self.query_one("#summary").display = not on

    def begin_again(self) -> None:
        """Clear the screen for another conversation."""
        self.feed = None
        self._summary_shown = False
        self.remove_class("-over")
        self._show_readings(True)
        self.show_side(self.console_app.memory.panels.readings)
        self.transcript.empty()
        self.events.empty()

    def conversation_over(self) -> None:
        """Called once, when everything is shown."""

    # --- what can be done ----------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Allow one input line at a time."""
        if action in ("say", "filter") and self.typing:
            return False
        return super().check_action(action, parameters)

    def action_label(self, action: Action) -> str:
        """Esc closes an input line first."""
        return N_("Close") if action.name == "back" and self.typing else super().action_label(action)

    # --- looking at it -------------------------------------------------------------------------

    def action_filter(self) -> None:
        """Filter the events while typing."""
        self.open_input(self.filter_input)

    @on(Input.Changed, "#filter")
    def _filter_typed(self, event: Input.Changed) -> None:
        self.events.set_filter(event.value)
        self._paint_events_title()

    @on(Input.Submitted, "#filter")
    def _filter_done(self) -> None:
        self.close_inputs()

    @work(exclusive=True, group="copy", exit_on_error=False)
    async def action_copy(self) -> None:
        """Copy the events shown to the terminal's clipboard; no terminal confirms it."""
        lines = self.events.matching
        if await self.console_app.services.into_tmux("\n".join(lines)):
            words = ngettext("Copied {n} event.", "Copied {n} events.", len(lines))
            self.say_news(News(words.format(n=len(lines)), "good"))
            return
        kept = newest_that_fit(lines)
        self.app.copy_to_clipboard("\n".join(kept))
        words = ngettext(
            "Sent {n} event to the terminal's clipboard.",
            "Sent {n} events to the terminal's clipboard.",
            len(kept),
        ).format(n=len(kept))
        if len(kept) < len(lines):
            words += " " + _("Terminals accept no more at once; use the filter to choose.")
        self.say_news(News(words, "good"))

    def action_freeze(self) -> None:
        """Pause or resume the view; nothing is lost."""
        self._frozen = not self._frozen
        self.events.freeze(self._frozen)
        self._paint_events_title()

    def action_follow(self) -> None:
        following = self.transcript.following
        self.transcript.follow(not following)
        words = (
            _("The transcript stays where it is.")
            if following
            else _("The transcript follows the conversation.")
        )
        self.say_news(News(words, "plain"))

    @property
    def typing(self) -> bool:
        """An input line is open."""
        return self.has_class("-typing")

    def open_input(self, field: Input) -> None:
        """Show an input line and focus it."""
        self.close_inputs()
        field.display = True
        self.add_class("-typing")
        field.focus()

    def close_inputs(self) -> bool:
        """Close open inputs; whether there were any."""
        shown = [field for field in self.query(Input) if field.display]
        for field in shown:
            field.display = False
        if shown:
            self.remove_class("-typing")
            self.transcript.focus()
        return bool(shown)
