"""The operator's own conversation: started, controlled and ended with the screen."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import getters, on, work
from textual.binding import BindingType
from textual.widget import Widget
from textual.widgets import Input, Static

from api_client.harmless import one_line
from relay import commands
from relay.stream import Problem, Recording, SourceState, StreamEvent
from tui.actions import Action, bindings
from tui.conversation.actions import BACK, LIVE_ACTIONS, RECONNECT, RECORDING, SAMPLE
from tui.conversation.collector import Collector
from tui.conversation.feed import LiveFeed
from tui.conversation.input_screen import SWITCHES, InputScreen
from tui.conversation.setup import (
    SILENCE,
    conversation_language,
    needs_devices,
    place_of_recording,
    relay_config,
    source_and_sink,
)
from tui.conversation.transcript import first_words
from tui.frame.field import Field
from tui.host.memory import private_directory
from tui.host.services import ConversationRelay, ServerAccount
from tui.i18n import N_, _
from tui.tones import News
from tui.wording.errors import of_event, sentence

if TYPE_CHECKING:
    from api_client.models import Session
    from audio.samples import Sample
    from tui.settings import ConsoleSettings

log = logging.getLogger(__name__)

LOGIN_CODES = frozenset({"bad_token", "realtime_bad_token", "token_revoked", "not_authenticated"})
"""Problems that logging in again solves."""
RUNNING_ONLY = SWITCHES | {"sample", "say", "interrupt", "source", "recording"}


class LiveScreen(InputScreen):
    """One conversation about ``session``, from connecting to the summary."""

    ABOUT: ClassVar[str] = N_(
        "A live conversation: what is said, how it sounds, and what is measured. The line above the news "
        "names the most likely cause of a problem."
    )
    ACTIONS: ClassVar[tuple[Action, ...]] = LIVE_ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = bindings(LIVE_ACTIONS)

    say_input = getters.query_one("#say", Input)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.relay: ConversationRelay | None = None
        self._samples: list[Sample] = []
        self._next_sample = 0
        self._speaking_until = 0.0
        self._base_source = SILENCE
        self._sink = "none"
        self._ending = False
        self._settings: ConsoleSettings | None = None
        """Those of the first conversation with what was switched in it, for the next one; None: the app's."""
        self._available: tuple[object, ...] = ()
        self._collector = Collector()

    def more_inputs(self) -> Iterable[Widget]:
        """A turn can be typed."""
        words = _("what you say, Enter to send, {key} to close").format(key=self.key_name(BACK))
        yield Field(placeholder=words, compact=True, id="say")

    def on_mount(self) -> None:
        """Start the conversation."""
        self.title_is()
        self._begin()
        self.call_after_refresh(lambda: self._collector.tame(self.console_app.services.monotonic()))

    def conversation_title(self) -> str:
        return _("Conversation: {industry}").format(industry=self.session.industry)

    async def retranslate(self) -> None:
        await super().retranslate()
        self._show_hint()

    def _begin(self) -> None:
        self.say_news(News(_("Starting the conversation..."), "dim"))
        self.start()

    @property
    def _over(self) -> bool:
        """Whether the conversation has ended and is shown completely."""
        return self.feed is not None and self.feed.finished

    async def on_unmount(self) -> None:
        """However the screen is left, the conversation ends cleanly."""
        self._collector.release()
        if self.relay is not None and not self.relay.ended:
            await self.relay.stop()

    @work(exclusive=True, group="start", exit_on_error=False)
    async def start(self) -> None:
        """Look for devices, then start the relay with them."""
        app = self.console_app
        assert app.account is not None
        self._samples = app.services.samples(conversation_language(app.settings))
        self._show_hint()
        devices = await app.services.devices() if needs_devices(app.settings) else None
        source, sink = source_and_sink(app.settings, devices)
        config = relay_config(
            self._settings or app.settings,
            app.account,
            self.session.id,
            source=source,
            sink=sink,
            until_stopped=True,
            record_directory=place_of_recording(app.settings, self.session.id),
        )
        self._base_source, self._sink = source, sink
        try:
            self.relay = await app.services.start_relay(config, app.settings.state_directory / "relay.log")
        except OSError as error:
            log.exception("The relay could not be started")
            words = sentence("relay_not_started", {"reason": error.strerror or str(error)})
            self.say_news(News(_("Error: {why}").format(why=words), "bad"))
        else:
            self.feed = LiveFeed(self.relay, app.services.monotonic)
            self.start_switched()
            self.refresh_bindings()

    @property
    def running(self) -> bool:
        """Whether the relay is running."""
        return self.feed is not None and not self.feed.finished

    # --- painting ------------------------------------------------------------------------------

    def painted(self, arrived: list[StreamEvent]) -> None:
        """Refresh the footer; collect garbage while nobody speaks."""
        if self.feed is None:
            return
        state = self.feed.state
        muted = state.meters and state.meters.muted
        available = (self.running, state.answering, state.gate_open, muted, self._recording_state)
        if available != self._available:
            self._available = available
            self.refresh_bindings()
        if arrived and not (state.answering or state.speech_item_id):
            self._collector.between_turns(self.console_app.services.monotonic())

    def attend(self, event: StreamEvent) -> None:
        """Word news of sources and the recording; the rest as for any conversation."""
        match event:
            case SourceState():
                self._attend_source(event)
            case Recording(state="started"):
                words = _("Recording. {key} stops and deletes it.").format(key=self.key_name(RECORDING))
                if self.console_app.ALLOWED.machine:
                    words += " " + _("Directory: {directory}").format(directory=one_line(event.directory))
                self.say_news(News(words, "plain"))
            case Recording(state="deleted"):
                self.say_news(News(_("The recording was deleted. The conversation continues."), "good"))
            case Problem(fatal=True) if event.code in LOGIN_CODES:
                super().attend(event)
                self._log_in_again()
            case _:
                super().attend(event)

    def _log_in_again(self) -> None:
        """Ask for the password over the conversation, once at a time; the conversation goes on with the new token."""
        from tui.login.again import LoginAgainScreen

        account = self.console_app.account
        if not self.console_app.ALLOWED.machine:
            return  # a visitor has no password
        if account is None or any(isinstance(screen, LoginAgainScreen) for screen in self.app.screen_stack):
            return
        self.app.push_screen(LoginAgainScreen(account), self._logged_in_again)

    def _logged_in_again(self, account: ServerAccount | None) -> None:
        if account is None:
            words = _(
                "There is no connection: the server no longer accepts this login. {key} asks for it again."
            )
            self.say_news(News(words.format(key=self.key_name(RECONNECT)), "bad"))
            return
        app = self.console_app
        app.account = account
        app.renew_client()
        if app.services.remembers(app.settings, account.server_url, account.username):
            self._remember(account)
        self.say_news(News(_("Logged in again. Reconnecting..."), "good"))
        self.give(commands.UseToken(token=account.token))

    @work(group="tokens", exit_on_error=False)
    async def _remember(self, account: ServerAccount) -> None:
        """The new token in place of the remembered one."""
        try:
            await self.console_app.services.remember_token(self.console_app.settings, account)
        except OSError as error:
            self.console_app.tell("state_not_saved", reason=error.strerror or str(error))

    def _attend_source(self, event: SourceState) -> None:
        """Show a sample's text until it ends; then return to the operator's own source."""
        if all(event.spec != f"wav:{sample.path}" for sample in self._samples):
            super().attend(event)
        elif event.state == "ended":
            self.say_news(
                News(
                    _("The line has been spoken. {key} speaks the next one.").format(
                        key=self.key_name(SAMPLE)
                    ),
                    "plain",
                )
            )
        if event.state == "ended" and self._base_source != SILENCE:
            self.give(commands.UseSource(spec=self._base_source))

    def _show_hint(self) -> None:
        app = self.console_app
        words = first_words(len(self._samples), app.key_names, files=app.ALLOWED.machine)
        self.query_one("#hint", Static).update(words)

    def conversation_over(self) -> None:
        """The summary stays until the operator goes back or talks again."""
        self.close_inputs()
        self.query_one("#hint").display = False
        words = _("The conversation has ended. {again} talks again, {back} goes back to the sessions.")
        said = words.format(again=self.key_name(RECONNECT), back=self.key_name(BACK))
        state = self.feed.state if self.feed else None
        if state is not None and state.errors and not self._ending:
            why = _("Error: {why}").format(why=of_event(state.errors[-1]))
            self.say_news(News(f"{why} {said}", "bad"))
        else:
            self.say_news(News(said, "plain"))
        self.refresh_bindings()

    # --- what can be done ----------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in RUNNING_ONLY and not self.running:
            return False
        if action == "recording":
            return self._recording_state in ("started", "failed")
        if action == "reconnect":
            return self.running or self._over
        if action == "interrupt":
            return True if self.feed and self.feed.state.answering else None
        if action == "sample":
            return (True if self.feed and self.feed.state.gate_open else None) if self._samples else False
        return super().check_action(action, parameters)

    def action_label(self, action: Action) -> str:
        """Mute and End change with the state."""
        meters = self.feed.state.meters if self.feed else None
        if action.name == "mute" and meters is not None and meters.muted:
            return N_("Unmute")
        if action.name == "back" and not self.running:
            return N_("Back")
        if action.name == "reconnect" and self._over:
            return N_("Talk again")
        return super().action_label(action)

    def action_shown(self, action: Action) -> bool:
        """After the end, and when the relay has given up, little remains but to try again."""
        gave_up = self.feed is not None and self.feed.state.status == "given_up"
        return super().action_shown(action) or (action.name == "reconnect" and (self._over or gave_up))

    @work(group="commands", exit_on_error=False)
    async def give(self, command: commands.Command) -> None:
        """Send ``command`` to the relay."""
        if self.relay is not None and self.running:
            await self.relay.send(command)

    def action_sample(self) -> None:
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
        self.open_input(self.say_input)

    @on(Input.Submitted, "#say")
    def _said(self, event: Input.Submitted) -> None:
        if text := event.value.strip():
            self.give(commands.Say(text=text))
            self.say_news(News(_("Sent: {text}").format(text=text), "plain"))
        event.input.value = ""

    def action_interrupt(self) -> None:
        self.give(commands.Interrupt())

    def action_reconnect(self) -> None:
        """Reconnect; after the end, start a new conversation in the same session."""
        if self.running:
            self.give(commands.Reconnect())
        elif self._over:
            self._settings = self.with_switches(self.console_app.settings)
            self.begin_again()
            self._next_sample, self._speaking_until, self._ending = 0, 0.0, False
            self._begin()

    @property
    def _recording_state(self) -> str | None:
        """None: there is none."""
        recording = self.feed.state.recording if self.feed else None
        return None if recording is None else recording.state

    def action_recording(self) -> None:
        """Ask, then stop recording and delete the recording."""
        question = _("Stop recording and permanently delete this conversation's recording?")
        delete = commands.StopRecording(delete=True)
        self._ask(question, _("Delete"), lambda: self.give(delete), no=_("Keep it"))

    def action_source(self) -> None:
        """Choose the source, or the sink for the customer."""
        from tui.conversation.source_picker import SourcePicker
        from tui.conversation.voice_picker import VoicePicker

        if not self.console_app.ALLOWED.machine:
            own = self.console_app.settings.audio.source
            self.app.push_screen(VoicePicker(self._samples, None if own == SILENCE else own), self._use)
            return
        picker = SourcePicker(self._samples, self._base_source, self._sink, self._answer_file())
        self.app.push_screen(picker, self._use)

    def _answer_file(self) -> Path:
        """An unused file name for the customer's voice."""
        stamp = time.strftime("%Y%m%d-%H%M%S")
        return self.console_app.settings.state_directory / "answers" / f"customer-{stamp}.wav"

    def _use(self, chosen: commands.UseSource | commands.UseSink | None) -> None:
        match chosen:
            case commands.UseSource(spec=spec):
                self._speaking_until = 0.0
                if not spec.startswith("wav:"):
                    self._base_source = spec
                self.give(chosen)
            case commands.UseSink():
                self._use_sink(chosen)
            case None:
                pass

    def _use_sink(self, chosen: commands.UseSink) -> None:
        if chosen.spec.startswith("wav:"):
            folder = Path(chosen.spec.removeprefix("wav:")).parent
            try:
                private_directory(folder)
            except OSError as error:
                self.console_app.tell("file_unwritable", path=str(folder), reason=error.strerror or "?")
                return
        self._sink = chosen.spec
        self.say_news(News(_("The customer is played on: {spec}").format(spec=chosen.spec), "good"))
        self.give(chosen)

    # --- ending --------------------------------------------------------------------------------

    def action_back(self) -> None:
        """Close an input, end the conversation, or go back, in that order."""
        if self.close_inputs():
            return
        if self.feed is None or self.feed.finished:
            self.dismiss()
        elif not self._ending:
            self._ask(_("End the conversation?"), _("End"), self.end)

    def _ask(
        self,
        question: str,
        yes: str,
        then: Callable[[], object],
        *,
        no: str | None = None,
        quitting: bool = False,
    ) -> None:
        from tui.frame.confirm import ConfirmScreen

        dialog = ConfirmScreen(question, yes, no or _("Keep talking"), quitting=quitting)

        def answered(answer: bool | None) -> None:
            if answer:
                then()

        self.app.push_screen(dialog, answered)

    @work(exclusive=True, group="end", exit_on_error=False)
    async def end(self) -> None:
        """End the conversation cleanly; the last event brings the summary."""
        self._ending = True
        self.say_news(News(_("Ending: waiting for the server's final realtime mode report..."), "warn"))
        if self.relay is not None:
            await self.relay.stop()

    def ask_to_leave(self, leave: Callable[[], None]) -> bool:
        """Ask before quitting during a conversation; whether a question was shown."""
        if not self.running:
            return False
        self._ask(_("A conversation is in progress. End it and quit?"), _("Quit"), leave, quitting=True)
        return True
