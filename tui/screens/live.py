"""The live conversation. It reads the relay's stream and nothing else, and paints once per tick."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Footer, Input, Static

from relay import commands
from relay.stream import SourceState, StreamEvent
from tui.actions import Action, bindings
from tui.collector import Collector
from tui.conversation_setup import (
    SILENCE,
    conversation_language,
    needs_devices,
    relay_config,
    source_and_sink,
)
from tui.i18n import N_, _
from tui.live_feed import LiveFeed, News, news_of
from tui.live_rows import audio_rows, audio_title, connection_rows, connection_title, summary_rows
from tui.screens.base import ConsoleScreen
from tui.screens.live_actions import LIVE_ACTIONS
from tui.services import ConversationRelay
from tui.status import at_account
from tui.widgets.event_log import EventLog
from tui.widgets.readings import Readings, level_meter
from tui.widgets.status_line import STYLES, StatusLine
from tui.widgets.transcript import Transcript, first_words
from tui.wording import sentence

if TYPE_CHECKING:
    from api_client.models import Session
    from audio.samples import Sample

log = logging.getLogger(__name__)

TICK_S = 0.1
READINGS_EVERY = 3
"""Ticks between two paintings of the figures: nobody reads a number that changes ten times a second."""
LABEL_WIDTH = 19
RUNNING_ONLY = frozenset({"sample", "say", "mute", "interrupt", "source", "reconnect"})


class LiveScreen(ConsoleScreen[None]):
    """One conversation about ``session``, from connecting to the summary."""

    ACTIONS: ClassVar[tuple[Action, ...]] = LIVE_ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = bindings(LIVE_ACTIONS)
    FOOTER_HIDES: ClassVar[frozenset[str]] = frozenset({"app.quit", "app.palette"})
    CSS_PATH = "live.tcss"
    AUTO_FOCUS = "#transcript"

    transcript = getters.query_one("#transcript", Transcript)
    events = getters.query_one("#events", EventLog)
    say_input = getters.query_one("#say", Input)
    filter_input = getters.query_one("#filter", Input)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.relay: ConversationRelay | None = None
        self.feed: LiveFeed | None = None
        self._samples: list[Sample] = []
        self._next_sample = 0
        self._speaking_until = 0.0
        self._base_source = SILENCE
        self._frozen = False
        self._ending = False
        self._summary_shown = False
        self._ticks = 0
        self._meter: Content | None = None
        self._available: tuple[object, ...] = ()
        self._collector = Collector()

    def compose(self) -> ComposeResult:
        """Transcript left, readings right, events below."""
        yield StatusLine()
        with Horizontal(id="upper"):
            with Vertical(id="talk"):
                yield Static(id="talk-title", markup=False)
                yield Static(id="hint")
                yield Transcript(id="transcript")
            with Vertical(id="side"):
                yield Readings(id="connection", label_width=LABEL_WIDTH)
                yield Readings(id="audio", label_width=LABEL_WIDTH)
                yield Static(id="meter")
                yield Readings(id="summary", label_width=LABEL_WIDTH)
        yield Static(id="news")
        with Vertical(id="lower"):
            yield Static(id="events-title", markup=False)
            yield EventLog(id="events")
        yield Input(placeholder=_("filter: words that an event must hold"), compact=True, id="filter")
        yield Input(placeholder=_("what you say, Enter to send, Esc to close"), compact=True, id="say")
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Start the conversation, and the tick that paints it."""
        title = _("Conversation: {industry}").format(industry=self.session.industry)
        self.query_one("#talk-title", Static).update(title)
        self._paint_events_title()
        self.console_app.status = at_account(self.console_app.account)
        self.say_news(News(_("Starting the conversation..."), "dim"))
        self.start()
        self.set_interval(TICK_S, self.tick)
        self.call_after_refresh(lambda: self._collector.tame(self.console_app.services.monotonic()))

    async def on_unmount(self) -> None:
        """However the screen is left, the conversation is ended cleanly."""
        self._collector.release()
        if self.relay is not None and not self.relay.ended:
            await self.relay.stop()

    @work(exclusive=True, group="start", exit_on_error=False)
    async def start(self) -> None:
        """Look what this machine has, then start the relay with it."""
        app = self.console_app
        assert app.account is not None
        self._samples = app.services.samples(conversation_language(app.settings))
        self._show_hint()
        devices = await app.services.devices() if needs_devices(app.settings) else None
        source, sink = source_and_sink(app.settings, devices)
        config = relay_config(app.settings, app.account, self.session.id, source=source, sink=sink)
        self._base_source = source
        try:
            self.relay = await app.services.start_relay(config, app.settings.state_directory / "relay.log")
        except OSError as error:
            log.exception("The relay could not be started")
            words = sentence("relay_not_started", {"reason": error.strerror or str(error)})
            self.say_news(News(_("Error: {why}").format(why=words), "bad"))
        else:
            self.feed = LiveFeed(self.relay, app.services.monotonic)
            self.refresh_bindings()

    @property
    def running(self) -> bool:
        """The relay is at work."""
        return self.feed is not None and not self.feed.finished

    # --- painting ------------------------------------------------------------------------------

    def tick(self) -> None:
        """Take in what has come and paint once."""
        if self.feed is None or self._summary_shown:
            return
        arrived = self.feed.pull()
        with self.app.batch_update():
            self._paint(arrived)
        if arrived and not (self.feed.state.answering or self.feed.state.speech_item_id):
            self._collector.between_turns(self.console_app.services.monotonic())

    def _paint(self, arrived: list[StreamEvent]) -> None:
        assert self.feed is not None
        feed, state = self.feed, self.feed.state
        for event in arrived:
            self._attend(event)
        self.events.add(feed.lines(arrived))
        self._paint_meter()
        self._ticks += 1
        if self._ticks % READINGS_EVERY == 0 or feed.finished:
            self.console_app.status = feed.status(self.console_app.status)
            self._paint_readings()
        if not self._frozen:
            self.transcript.show(state.turns)
            self.query_one("#hint").display = not state.turns
        if feed.finished:
            self._show_summary()
        available = (self.running, state.answering, state.gate_open, state.meters and state.meters.muted)
        if available != self._available:
            self._available = available
            self.refresh_bindings()

    def _paint_readings(self) -> None:
        assert self.feed is not None
        state = self.feed.state
        title = connection_title(state.current, state)
        self.query_one("#connection", Readings).show(title, connection_rows(state, self.feed.now))
        self.query_one("#audio", Readings).show(audio_title(state), audio_rows(state))

    def _paint_meter(self) -> None:
        """The level moves with every tick; on a line of its own that costs one line."""
        assert self.feed is not None
        meters = self.feed.state.meters
        level = None if meters is None else meters.mic_rms_dbfs
        muted = bool(meters and meters.muted)
        bar = level_meter(_("Your voice"), LABEL_WIDTH, level, muted=muted)
        if bar != self._meter:
            self._meter = bar
            self.query_one("#meter", Static).update(bar, layout=False)

    def _attend(self, event: StreamEvent) -> None:
        """What an event asks of us beyond being shown."""
        if (news := news_of(event)) is not None and not self._is_sample(event):
            self.say_news(news)
        if isinstance(event, SourceState) and event.state == "ended" and self._base_source != SILENCE:
            # A recording was spoken in between; the operator's own source comes back.
            self.give(commands.UseSource(spec=self._base_source))

    def _is_sample(self, event: StreamEvent) -> bool:
        """A sample's words are on the line already."""
        return isinstance(event, SourceState) and any(event.spec == f"wav:{s.path}" for s in self._samples)

    def say_news(self, news: News) -> None:
        """One sentence between the upper and the lower half."""
        self.query_one("#news", Static).update(Content.styled(news.words, STYLES[news.tone]))

    def _show_hint(self) -> None:
        self.query_one("#hint", Static).update(first_words(len(self._samples)))

    def _paint_events_title(self) -> None:
        words = _("Events")
        if self.events.filter_text:
            words += "  " + _("only with: {words}").format(words=self.events.filter_text)
        if self._frozen:
            words += "  " + _("HELD STILL, p goes on")
        self.query_one("#events-title", Static).update(words)

    def _show_summary(self) -> None:
        """The whole run in figures, in place of the readings; stays until Esc."""
        assert self.feed is not None
        self._summary_shown = True
        self.transcript.show(self.feed.state.turns)
        rows = summary_rows(self.feed.state)
        if rows:
            for reading in ("#connection", "#audio", "#meter"):
                self.query_one(reading).display = False
            self.query_one("#summary", Readings).show(_("Summary of the conversation"), rows)
        self.close_inputs()
        self.say_news(News(_("The conversation has ended. Esc goes back to the sessions."), "plain"))

    # --- what can be done ----------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what makes sense now."""
        if action in RUNNING_ONLY and not self.running:
            return False
        if action == "interrupt":
            return True if self.feed and self.feed.state.answering else None
        if action == "sample":
            return (True if self.feed and self.feed.state.gate_open else None) if self._samples else False
        return super().check_action(action, parameters)

    def action_label(self, action: Action) -> str:
        """Mute and End change their word with the state."""
        meters = self.feed.state.meters if self.feed else None
        if action.name == "mute" and meters is not None and meters.muted:
            return N_("Unmute")
        if action.name == "back" and not self.running:
            return N_("Back")
        return action.label

    @work(group="commands", exit_on_error=False)
    async def give(self, command: commands.Command) -> None:
        """Send ``command`` to the relay."""
        if self.relay is not None and self.running:
            await self.relay.send(command)

    def action_sample(self) -> None:
        """Speak the next sample recording."""
        now = self.console_app.services.monotonic()
        if now < self._speaking_until:
            self.say_news(News(_("The last line is still being spoken."), "warn"))
            return
        number = self._next_sample % len(self._samples)
        sample = self._samples[number]
        self._next_sample = number + 1
        self._speaking_until = now + sample.seconds
        words = _("Speaking line {n} of {all}: {text}").format(
            n=number + 1, all=len(self._samples), text=sample.text
        )
        self.say_news(News(words, "good"))
        self.give(commands.UseSource(spec=f"wav:{sample.path}"))

    def action_say(self) -> None:
        """Type a turn."""
        self._open_input(self.say_input)

    @on(Input.Submitted, "#say")
    def _said(self, event: Input.Submitted) -> None:
        if text := event.value.strip():
            self.give(commands.Say(text=text))
        event.input.value = ""

    def action_mute(self) -> None:
        """Mute or unmute; the relay's next report shows it."""
        meters = self.feed.state.meters if self.feed else None
        self.give(commands.Mute(on=not (meters and meters.muted)))

    def action_interrupt(self) -> None:
        """Stop the answer."""
        self.give(commands.Interrupt())

    def action_reconnect(self) -> None:
        """A new connection."""
        self.give(commands.Reconnect())

    def action_source(self) -> None:
        """Choose a source."""
        from tui.screens.source_picker import SourcePicker

        self.app.push_screen(SourcePicker(self._samples, self._base_source), self._use_source)

    def _use_source(self, spec: str | None) -> None:
        if spec is None:
            return
        self._speaking_until = 0.0
        if not spec.startswith("wav:"):
            self._base_source = spec
        self.give(commands.UseSource(spec=spec))

    def action_filter(self) -> None:
        """Filter the events while typing."""
        self._open_input(self.filter_input)

    @on(Input.Changed, "#filter")
    def _filter_typed(self, event: Input.Changed) -> None:
        self.events.set_filter(event.value)
        self._paint_events_title()

    @on(Input.Submitted, "#filter")
    def _filter_done(self) -> None:
        self.close_inputs()

    def action_copy(self) -> None:
        """The events shown, to the clipboard of the operator's terminal (OSC 52)."""
        lines = self.events.matching
        self.app.copy_to_clipboard("\n".join(lines))
        self.say_news(News(_("Copied {n} events.").format(n=len(lines)), "good"))

    def action_freeze(self) -> None:
        """Hold the view still, or go on; nothing is lost."""
        self._frozen = not self._frozen
        self.events.freeze(self._frozen)
        self._paint_events_title()

    def action_follow(self) -> None:
        """Follow the end, or stay."""
        following = self.transcript.following
        self.transcript.follow(not following)
        words = _("The transcript stays where it is.") if following else _("The transcript follows.")
        self.say_news(News(words, "plain"))

    def _open_input(self, field: Input) -> None:
        self.close_inputs()
        field.display = True
        field.focus()

    def close_inputs(self) -> bool:
        """Close what is open; whether something was."""
        shown = [field for field in (self.say_input, self.filter_input) if field.display]
        for field in shown:
            field.display = False
        if shown:
            self.transcript.focus()
        return bool(shown)

    # --- ending --------------------------------------------------------------------------------

    def action_back(self) -> None:
        """Close an input; else end the conversation; else go back."""
        if self.close_inputs():
            return
        if self.feed is None or self.feed.finished:
            self.dismiss()
        elif not self._ending:
            self._ask(_("End the conversation?"), _("End"), self.end)

    def _ask(self, question: str, yes: str, then: Callable[[], object], *, quitting: bool = False) -> None:
        from tui.screens.confirm import ConfirmScreen

        dialog = ConfirmScreen(question, yes, _("Go on talking"), quitting=quitting)

        def answered(answer: bool | None) -> None:
            if answer:
                then()

        self.app.push_screen(dialog, answered)

    @work(exclusive=True, group="end", exit_on_error=False)
    async def end(self) -> None:
        """End cleanly; the summary comes with the last event."""
        self._ending = True
        self.say_news(News(_("Ending: waiting for the server's last word on realtime mode..."), "warn"))
        if self.relay is not None:
            await self.relay.stop()

    def ask_to_leave(self, leave: Callable[[], None]) -> bool:
        """Quitting during a conversation asks once; whether it did."""
        if not self.running:
            return False
        self._ask(_("A conversation is running. End it and quit?"), _("Quit"), leave, quitting=True)
        return True
