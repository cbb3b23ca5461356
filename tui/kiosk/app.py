"""The console for visitors of a demo box: a welcome in place of the login, and walls."""

from __future__ import annotations

import dataclasses
import logging
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on, work
from textual.binding import Binding
from textual.events import Event, Key, MouseDown, MouseScrollDown, MouseScrollUp, Paste
from textual.message import Message
from textual.screen import ModalScreen, Screen

from api_client.harmless import one_line
from tui import i18n
from tui.actions import APP_ACTIONS, Action, bindings
from tui.app import SalesMindApp
from tui.conversation.live import LiveScreen
from tui.frame.confirm import ConfirmScreen
from tui.host import terminal
from tui.host.memory import Memory
from tui.host.pastes import keep_pastes_text
from tui.host.services import ServerAccount, Services
from tui.host.voice_ports import NoPortsFree, PortRange, VoicePorts
from tui.i18n import N_, _
from tui.kiosk.allowed import VISITOR
from tui.kiosk.holding import Report, hold
from tui.kiosk.messages import Arrived, GaveUp, VisitEnded, VisitFailed, VisitStands
from tui.kiosk.own_voice import OwnVoice
from tui.kiosk.services import NO_VOICE, NOWHERE, VisitorServices
from tui.kiosk.still_there import StillThereScreen
from tui.kiosk.visit import Presence, farewell, stay_words
from tui.kiosk.welcome import WelcomeScreen
from tui.microphone.screen import MicrophoneScreen
from tui.navigation import (
    BrowseRecordings,
    BrowseScenarios,
    CheckServer,
    LoggedIn,
    LoggedOut,
    Replay,
    TakeTour,
)
from tui.settings import ConsoleSettings
from tui.tones import News
from tui.wording.errors import of_error

if TYPE_CHECKING:
    from api_client.box import BoxClient, Visit

log = logging.getLogger(__name__)

LOOK_EVERY_S = 1.0
END = Action(
    "kiosk.end",
    "ctrl+q",
    "quit",
    N_("End visit"),
    N_("Visit: End"),
    N_("End your visit and delete everything of it"),
    priority=True,
)
MICROPHONE = Action(
    "kiosk.microphone",
    "f9",
    "microphone",
    N_("My microphone"),
    N_("Microphone: Set up"),
    N_("Set up your own microphone and loudspeaker over SSH"),
)
KIOSK_ACTIONS: tuple[Action, ...] = (*filter(VISITOR.has, APP_ACTIONS), MICROPHONE, END)
_TOUCHES = (Key, Paste, MouseDown, MouseScrollDown, MouseScrollUp)


@dataclass(frozen=True, slots=True)
class KioskOptions:
    """How visitors are received. ``repr`` leaves the secret out."""

    server_url: str
    secret: str = field(repr=False)
    idle_minutes: float = 5.0
    stay_minutes: float | None = None
    """None: as long as the server lets them."""
    keep_recordings: bool = False
    voice_ports: PortRange | None = None
    """Ports to which visitors over SSH may bring a microphone and a loudspeaker of their own; None: no such."""
    once: bool = False
    """Leave after one visit, as over SSH, where leaving is disconnecting; otherwise welcome the next visitor."""


class KioskApp(SalesMindApp, inherit_bindings=False):
    """One visit after another, or one (``options.once``)."""

    CSS_PATH: ClassVar[list[str | PurePath]] = ["../app.tcss", "welcome.tcss"]
    ACTIONS: ClassVar[tuple[Action, ...]] = KIOSK_ACTIONS
    ALLOWED = VISITOR
    BINDINGS: ClassVar[list[Any]] = [
        *bindings(KIOSK_ACTIONS),
        Binding("ctrl+c", "help_quit", show=False, system=True),
    ]

    def __init__(
        self, settings: ConsoleSettings, options: KioskOptions, services: Services | None = None
    ) -> None:
        source, sink = settings.audio.source or NO_VOICE, settings.audio.sink or NOWHERE
        settings = dataclasses.replace(
            settings,
            audio=dataclasses.replace(settings.audio, source=source, sink=sink),
            recording=dataclasses.replace(settings.recording, on=False),
        )
        super().__init__(settings, services or VisitorServices(source, sink))
        self.options = options
        self.memory = _nothing_remembered()
        self._first_language, self._first_theme = i18n.language(), self.theme
        self._presence = Presence(options.idle_minutes * 60)
        self._box: BoxClient | None = None
        self._visit: Visit | None = None
        """The box's latest word; None between visits."""
        self._arrival = 0
        """Which visit what comes from the box is about."""
        self._voice = OwnVoice(options.voice_ports)
        self._told = ""
        """The operator's message that is on the screen, or was."""

    def get_default_screen(self) -> Screen[Any]:
        """The welcome."""
        options = self.options
        return WelcomeScreen(
            idle_minutes=options.idle_minutes,
            stay_minutes=options.stay_minutes,
            keeps=options.keep_recordings,
        )

    @property
    def welcome(self) -> WelcomeScreen:
        """The lowest screen."""
        screen = self.screen_stack[0]
        assert isinstance(screen, WelcomeScreen)
        return screen

    @property
    def visiting(self) -> bool:
        """Whether somebody is in."""
        return self._visit is not None and self._visit.place is None

    def on_mount(self) -> None:
        """The base class watches the terminal; a kiosk has no shell to be stopped for or interrupted by."""
        if not self.is_headless:
            _ignore_job_control(self.terminal_gone)
        self._presence.touched(self.services.monotonic())
        self.set_interval(LOOK_EVERY_S, self._look)

    async def on_unmount(self) -> None:
        """However the kiosk ends, the visit does."""
        self._voice.release()
        await self._leave_box("left")
        if self._box is not None:
            await self._box.aclose()

    async def on_event(self, event: Event) -> None:
        if isinstance(event, _TOUCHES):
            self._presence.touched(self.services.monotonic())
        await super().on_event(event)

    def remember(self) -> None:
        """Nothing: what one visitor chose is not the next one's."""

    # --- a visit -------------------------------------------------------------------------------

    @on(Arrived)
    def _arrived(self, message: Arrived) -> None:
        recording = dataclasses.replace(self.settings.recording, on=message.recorded)
        self.settings = dataclasses.replace(self.settings, recording=recording)
        self._arrival += 1
        self._hold(self._arrival)

    @work(exclusive=True, group="visit", exit_on_error=False)
    async def _hold(self, arrival: int) -> None:
        from api_client.errors import ApiError, VisitOver

        stay_minutes = self.options.stay_minutes
        try:
            async for visit in hold(
                self._box_client(), None if stay_minutes is None else stay_minutes * 60, self._report
            ):
                self.post_message(VisitStands(visit, arrival))
        except VisitOver as over:
            self.post_message(VisitEnded(over.outcome))
        except ApiError as error:
            self.post_message(VisitFailed(error))

    def _box_client(self) -> BoxClient:
        if self._box is None:
            from api_client.box import BoxClient

            options = self.options
            self._box = BoxClient(options.server_url, options.secret, insecure=self.settings.insecure)
        return self._box

    def _report(self) -> Report:
        source = self.settings.audio.source or NO_VOICE
        kind = "" if source == NO_VOICE else source.partition(":")[0]
        feed = next((one.feed for one in self.screen_stack if isinstance(one, LiveScreen)), None)
        latency = feed.state.latency.last if feed is not None else None
        return Report(i18n.language(), kind, None if latency is None else round(latency))

    @on(VisitStands)
    async def _stands(self, message: VisitStands) -> None:
        if message.arrival != self._arrival:
            return  # of a visit that has ended since
        before, self._visit = self._visit, message.visit
        if message.visit.place is not None:
            self.welcome.wait(message.visit)
        elif before is None or before.place is not None:
            self._presence.touched(self.services.monotonic())
            await self._enter(message.visit)
        self._tell(message.visit)

    async def _enter(self, visit: Visit) -> None:
        """Into the sessions, where one is ready."""
        self.account = ServerAccount(
            self.options.server_url,
            visit.username,
            visit.token,
            insecure=self.settings.insecure,
            place=_("Demo"),
        )
        self._prepare_session()
        self.post_message(LoggedIn(self.account))

    @work(exclusive=True, group="ready", exit_on_error=False)
    async def _prepare_session(self) -> None:
        """A session to begin with; without it, the visitor makes one."""
        from api_client.errors import ApiError
        from tui.sessions.templates import example

        try:
            await self.client.start_session(example())
        except ApiError as error:
            log.warning("No session could be made ready: %s", error.code)

    def _tell(self, visit: Visit) -> None:
        """Show the operator's message once, and how much of the stay is left."""
        if visit.left_seconds is not None:
            left, hurry = stay_words(visit.left_seconds)
            self.status = dataclasses.replace(self.status, left=left, hurry=hurry)
        if visit.message != self._told:
            self._told = visit.message
            if visit.message:
                self.notify(one_line(visit.message), title=_("Announcement"), timeout=60, markup=False)

    def _look(self) -> None:
        """Is anybody there?"""
        now = self.services.monotonic()
        if any(isinstance(one, MicrophoneScreen) and one.connected for one in self.screen_stack):
            self._presence.touched(now)  # the visitor is busy in another window
        if not self.visiting:
            if self.options.once and self._visit is None and self._presence.left_s(now) <= 0:
                self.exit(0, message=farewell("idle"))
            return
        if self._somebody_speaks():
            self._presence.touched(now)
        question = next((one for one in self.screen_stack if isinstance(one, StillThereScreen)), None)
        left_s = self._presence.left_s(now)
        if left_s <= 0:
            self.post_message(VisitEnded("idle"))
        elif not self._presence.doubtful(now):
            if question is not None:
                question.dismiss(None)
        elif question is None:
            self.push_screen(StillThereScreen(left_s))
        else:
            question.count(left_s)

    def _somebody_speaks(self) -> bool:
        live = next((one for one in self.screen_stack if isinstance(one, LiveScreen)), None)
        return bool(live and live.feed and live.running and live.feed.state.speech_item_id)

    @on(GaveUp)
    async def _gave_up(self) -> None:
        await self._end("left", News("", "plain"))

    @on(VisitEnded)
    async def _ended(self, message: VisitEnded) -> None:
        if self._visit is not None:
            gone = " " + _("Everything of it has been deleted.") if self.visiting else ""
            if self.settings.recording.on:
                gone = " " + _("Everything of it has been deleted, except for the recordings you agreed to.")
            await self._end(message.outcome, News(farewell(message.outcome) + gone, "good"))

    @on(VisitFailed)
    async def _failed(self, message: VisitFailed) -> None:
        log.error("The visit failed: %s", message.error.code)
        await self._end("lost", News(_("Error: {why}").format(why=of_error(message.error)), "bad"))

    async def _end(self, outcome: str, news: News) -> None:
        """Back to the welcome, with nothing of the visit left on this side either."""
        self._arrival += 1
        self.workers.cancel_group(self, "visit")
        await self._leave_box(outcome)
        self._visit, self.account = None, None
        # All at once: a screen that comes into view for a moment would start to read its lists.
        for closed in [self.pop_screen() for _above in self.screen_stack[1:]]:
            await closed
        await self.close_client()
        super().copy_to_clipboard("")
        self.clear_notifications()
        self._told, self.memory, self.theme = "", _nothing_remembered(), self._first_theme
        if self.options.once and outcome != "lost" and news.words:
            self.exit(0, message=news.words)
            return
        self.welcome.over(news)
        if i18n.language() != self._first_language:
            await self.run_action("toggle_language")

    async def _leave_box(self, outcome: str) -> None:
        from api_client.errors import ApiError

        visit, box = self._visit, self._box
        if visit is not None and box is not None:
            self._visit = None
            with suppress(ApiError):  # it is swept without us
                await box.leave(visit.id, outcome)

    def terminal_gone(self) -> None:
        """The visit ends first: a conversation takes its time to."""
        self._leave_in_time()
        super().terminal_gone()

    @work(exit_on_error=False)
    async def _leave_in_time(self) -> None:
        await self._leave_box("left")

    # --- a microphone of the visitor's own -----------------------------------------------------

    def action_microphone(self) -> None:
        """Show how, with this visitor's ports."""
        try:
            ports = self._voice.claim()
        except NoPortsFree:
            self.tell("voice_ports_taken")
            return
        self.push_screen(MicrophoneScreen(ports), lambda wanted: self._speak_with(ports) if wanted else None)

    def _speak_with(self, ports: VoicePorts) -> None:
        """From the next conversation on."""
        audio = dataclasses.replace(self.settings.audio, source=ports.source, sink=ports.sink)
        self.settings = dataclasses.replace(self.settings, audio=audio)
        if isinstance(self.services, VisitorServices):
            self.services.lend(ports.source, ports.sink)
        self.notify(_("From your next conversation on, you speak with your own microphone."))

    # --- walls ---------------------------------------------------------------------------------

    @on(LoggedOut)
    async def _logged_out(self, message: LoggedOut) -> None:
        """Esc ends the visit. A token that is refused means that it is ending: the box says how, within a second."""
        message.prevent_default()
        if not message.expired:
            await self.action_quit()

    @on(CheckServer)
    @on(BrowseRecordings)
    @on(BrowseScenarios)
    @on(Replay)
    @on(TakeTour)
    def _not_here(self, message: Message) -> None:
        message.prevent_default()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Between visits there is nothing to end; over SSH, one may disconnect. A conversation keeps its sound."""
        if action == "microphone":
            elsewhere = not isinstance(self.screen, (LiveScreen, ModalScreen))
            return self.options.voice_ports is not None and elsewhere
        if action == "quit":
            return self.visiting or (self.options.once and self._visit is None)
        return super().check_action(action, parameters)

    async def action_quit(self) -> None:
        """End the visit, after a question; before a visit, disconnect."""
        if isinstance(self.screen, ConfirmScreen) and self.screen.quitting:
            self.screen.dismiss(True)
        elif not self.visiting:
            self.exit(0)
        else:
            question = _("End your visit? Everything of it is deleted.")
            dialog = ConfirmScreen(question, _("End visit"), _("Go on"), quitting=True)
            self.push_screen(dialog, self._answered)

    def _answered(self, yes: bool | None) -> None:
        if yes:
            self.post_message(VisitEnded("left"))

    def action_help_quit(self) -> None:
        """ctrl+c copies; say which key ends the visit."""
        if self.check_action("quit", ()):
            self.notify(_("{key} ends the visit.").format(key=self.key_names.first(END)))


def _nothing_remembered() -> Memory:
    """For a new visitor, who is shown no tour: it is about what visitors cannot do, too."""
    return Memory(tour_over=True)


def _ignore_job_control(leave: Callable[[], None]) -> None:
    """There is no shell behind a kiosk: nothing stops it, and what would interrupt it ends the visit."""
    import asyncio

    with suppress(AttributeError, ValueError):  # Windows has no such signal
        signal.signal(signal.SIGTSTP, signal.SIG_IGN)
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGQUIT):
        with suppress(NotImplementedError, RuntimeError):
            loop.add_signal_handler(name, leave)


def run_kiosk(settings: ConsoleSettings, options: KioskOptions, *, mouse: bool = True) -> int:
    """Receive visitors until the terminal is gone; gives an ``ExitCode``."""
    from tui.exit_codes import ExitCode
    from tui.host.journal import open_journal

    with suppress(OSError):
        open_journal(settings.state_directory)
    keep_pastes_text()
    app = KioskApp(settings, options)
    terminal.keep_output_writable()
    app.run(mouse=mouse)
    return int(app.return_code or ExitCode.OK)
