"""The console as a Textual app. Screens other than login are imported when opened."""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path, PurePath
from typing import Any, ClassVar

from textual import on, work
from textual.actions import ActionParseResult, parse
from textual.app import App, SystemCommand
from textual.binding import Binding
from textual.command import CommandPalette
from textual.dom import DOMNode
from textual.events import CursorPosition, Event, Key, Paste
from textual.screen import Screen
from textual.scrollbar import ScrollBar
from textual.widget import Widget
from textual.worker import Worker, WorkerFailed

from tui import i18n
from tui.actions import APP_ACTIONS, HELP, QUIT, bindings
from tui.console_app import ConsoleApp
from tui.exit_codes import ExitCode
from tui.frame.field import takes_text
from tui.frame.full_width import as_pressed
from tui.frame.palette import ActionsProvider, available
from tui.frame.plain_scrollbar import PlainScrollBarRender
from tui.frame.screen import ConsoleModal, ConsoleScreen
from tui.frame.typed_ahead import TypedAhead
from tui.host import line, memory, terminal
from tui.host.pastes import keep_pastes_text
from tui.host.screenshot import in_cells
from tui.host.services import ServerAccount, Services
from tui.host.terminal_signals import RESTORE_TITLE, SAVE_TITLE
from tui.i18n import _, ngettext
from tui.login.screen import LoginScreen
from tui.navigation import (
    BrowseRecordings,
    BrowseScenarios,
    CheckServer,
    Compare,
    Converse,
    LanguageChosen,
    LoggedIn,
    LoggedOut,
    ProfilesChanged,
    Replay,
    TakeTour,
)
from tui.settings import ConsoleSettings
from tui.themes import LIGHT, THEMES, dark_theme, theme_names

log = logging.getLogger(__name__)

LOOK_AT_LINE_EVERY_S = 0.5


class SalesMindApp(ConsoleApp):
    """The console. ``settings`` configure it; ``services`` are everything it uses outside the screen."""

    TITLE = "SalesMind Console"
    # The default screen's own CSS_PATH is not loaded by Textual, so login's stands here.
    CSS_PATH: ClassVar[list[str | PurePath]] = ["app.tcss", "login/screen.tcss"]
    BINDINGS: ClassVar[list[Any]] = [
        *bindings(APP_ACTIONS),
        Binding("ctrl+c", "help_quit", show=False, system=True),
    ]
    ENABLE_COMMAND_PALETTE = True
    HORIZONTAL_BREAKPOINTS = [(0, "-tiny"), (80, "-narrow"), (100, "-wide")]  # noqa: RUF012 (as Textual declares it)
    VERTICAL_BREAKPOINTS = [(0, "-short"), (36, "-tall")]  # noqa: RUF012
    CLOSE_TIMEOUT = 12.0
    """Seconds to wait for screens to close: the live screen ends its conversation first."""

    def __init__(
        self, settings: ConsoleSettings, services: Services | None = None, only: Screen[None] | None = None
    ) -> None:
        """``only``: the one screen to show, in place of login and all that follows."""
        super().__init__(settings, services)
        self._only = only
        self._line: line.LineWatch | None = None
        """None: the line to the terminal is not watched."""
        ScrollBar.renderer = PlainScrollBarRender
        for theme in THEMES:
            self.register_theme(theme)
        wanted = settings.theme or self.memory.theme
        if wanted in theme_names() and (settings.theme or wanted == LIGHT.name):
            self.use_theme(wanted)
        else:
            self.theme = dark_theme(self.console.color_system).name
        self.set_keymap(settings.keys)
        self._typed = TypedAhead(self, self._route)

    async def on_event(self, event: Event) -> None:
        """Textual's, with keys and pastes one at a time."""
        if isinstance(event, CursorPosition) and self._line is not None:
            self._line.answered(self.services.monotonic())
        if isinstance(event, Key | Paste) and not event.is_forwarded:
            await self._typed.take(event)
        else:
            await super().on_event(event)

    async def _route(self, event: Event) -> None:
        """Textual's, with full-width characters taken for their keys except where text is typed."""
        if isinstance(event, Key) and not (self.screen_stack and takes_text(self.focused)):
            event = as_pressed(event)
        await super().on_event(event)

    def get_default_screen(self) -> Screen[Any]:
        """Login comes first; below the one screen that was asked for there is nothing."""
        return LoginScreen() if self._only is None else Screen()

    def on_mount(self) -> None:
        if not self.is_headless:
            terminal.watch(self.terminal_gone, self.set_interval)
            if self.settings.low_bandwidth is None and line.over_ssh():
                self._watch_line()
        if self.settings.terminal_title:
            self.write_to_terminal(SAVE_TITLE)
        # After `fg` the terminal shows an empty screen, and Textual paints only what has changed.
        self.app_resume_signal.subscribe(self, lambda _app: self.refresh(layout=True))
        self.call_after_refresh(self._drawn)
        if self._only is not None:
            self.push_screen(self._only, lambda _: self.exit(0))

    def _drawn(self) -> None:
        gc.enable()  # off since the start of the program (``tui.cli``)
        self._tell_what_settings_name_wrongly()

    def _watch_line(self) -> None:
        self._line = watch = line.LineWatch()

        def look() -> None:
            if watch.slow:
                timer.stop()
                self.be_quiet()
                self.notify(_("The line is slow: less is shown per second."), markup=False)
            elif watch.due(self.services.monotonic()):
                self.write_to_terminal(line.QUESTION)

        timer = self.set_interval(LOOK_AT_LINE_EVERY_S, look)

    def _tell_what_settings_name_wrongly(self) -> None:
        theme = self.settings.theme
        if theme is not None and theme not in theme_names():
            self.tell("theme_unknown", name=theme, names=", ".join(theme.name for theme in THEMES))
        if self.settings.keys:
            from tui.keymap import unknown_ids

            if unknown := unknown_ids(self.settings.keys):
                self.tell("keys_unknown", ids=", ".join(unknown), key=self.key_names.first(HELP))

    async def on_unmount(self) -> None:
        if self.settings.terminal_title:
            self.write_to_terminal(RESTORE_TITLE)
        await self.close_client()

    # --- from screen to screen -----------------------------------------------------------------

    @on(LoggedIn)
    def go_to_sessions(self, message: LoggedIn) -> None:
        """Remember the server and the user name, and show the sessions."""
        from tui.sessions.screen import SessionsScreen

        self.account = account = message.account
        self.memory.used(account.server_url, account.profile, account.username)
        self.remember()
        self.push_screen(SessionsScreen())
        self.expire_recordings()
        if message.remember:
            self.remember_token(account)

    @work(group="tokens", exit_on_error=False)
    async def remember_token(self, account: ServerAccount) -> None:
        """Remember the token of ``account``, and say where."""
        try:
            place = await self.services.remember_token(self.settings, account)
        except OSError as error:
            self.tell("state_not_saved", reason=error.strerror or str(error))
            return
        words = {
            "keyring": _("This login is remembered in the system's keyring. Logging out forgets it."),
            "file": _("This login is remembered in {path}, which only you can read. Logging out forgets it."),
        }[place]
        self.notify(words.format(path=self.settings.state_directory / "tokens.json"), markup=False)

    @work(group="tokens", exit_on_error=False)
    async def forget_token(self, account: ServerAccount) -> None:
        """Forget the token of ``account``, if it was remembered."""
        try:
            await self.services.forget_token(self.settings, account)
        except OSError as error:
            self.tell("state_not_saved", reason=error.strerror or str(error))

    @on(LoggedOut)
    def go_to_login(self, message: LoggedOut) -> None:
        """Forget the token, the remembered one too, and show the login screen."""
        if self.account is not None:
            self.forget_token(self.account)
        self.account = None
        self.run_worker(self.close_client(), exit_on_error=False)
        while len(self.screen_stack) > 1:
            self.pop_screen()
        if message.expired:
            self.tell("not_authenticated")

    @on(Converse)
    def go_to_conversation(self, message: Converse) -> None:
        """Start the conversation of a session and show it live."""
        from tui.conversation.live import LiveScreen

        if not self._is_open(LiveScreen):
            self.push_screen(LiveScreen(message.session))
            self.expire_recordings()

    @on(CheckServer)
    def go_to_acceptance(self) -> None:
        """Show the acceptance procedure."""
        from tui.acceptance.screen import AcceptanceScreen

        if not self._is_open(AcceptanceScreen):
            self.push_screen(AcceptanceScreen())

    @on(BrowseScenarios)
    @work(exclusive=True, group="scenarios", exit_on_error=False)
    async def go_to_scenarios(self) -> None:
        """Read the scenarios, and show their list."""
        from tui.scenarios.screen import ScenariosScreen

        shelf = await self.services.scenarios()
        if not self._is_open(ScenariosScreen):
            await self.push_screen(ScenariosScreen(shelf))

    @work(exclusive=True, group="recordings", exit_on_error=False)
    async def expire_recordings(self) -> None:
        """Delete expired recordings; report it if there were any."""
        if removed := await self.services.expire_recordings(self.settings):
            words = ngettext(
                "{n} recording was deleted: too old, or over the limit set under [recording] in the "
                "configuration. Marked recordings are never deleted.",
                "{n} recordings were deleted: too old, or over the limit set under [recording] in the "
                "configuration. Marked recordings are never deleted.",
                removed,
            )
            self.notify(words.format(n=removed), markup=False)

    @on(BrowseRecordings)
    def go_to_recordings(self) -> None:
        """Show the list of recordings."""
        from tui.host.recordings import libraries
        from tui.recordings.screen import RecordingsScreen

        if not self._is_open(RecordingsScreen):
            self.push_screen(RecordingsScreen(libraries(self.settings)))

    @on(Replay)
    def go_to_replay(self, message: Replay) -> None:
        """Replay a recording."""
        from tui.recordings.replay import ReplayScreen

        if not self._is_open(ReplayScreen):
            self.push_screen(ReplayScreen(message.directory, message.at))

    @on(Compare)
    def go_to_comparison(self, message: Compare) -> None:
        """Show two recordings side by side."""
        from tui.recordings.compare import CompareScreen

        if not self._is_open(CompareScreen):
            self.push_screen(CompareScreen(message.first, message.second))

    def _is_open(self, kind: type[Screen[Any]]) -> bool:
        """Whether such a screen is open already: a second quick key press must not open another."""
        return any(isinstance(screen, kind) for screen in self.screen_stack)

    # --- what goes wrong -----------------------------------------------------------------------

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Log and report a background job that failed unexpectedly; the app continues."""
        self.worker_changed(event)

    def _handle_exception(self, error: Exception) -> None:
        """Log and exit: Textual would print a traceback with local variables, including tokens."""
        if isinstance(error, WorkerFailed) and isinstance(error.error, Exception):
            error = error.error
        log.critical("Unexpected end", exc_info=error)
        self._return_code = ExitCode.CRASHED
        if self._exception is None:
            self._exception = error
            self._exception_event.set()
        self._exit_renderables.append(self.unexpected())
        self._close_messages_no_wait()

    # --- actions -------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A dialog keeps the language it was opened in, and stays the uppermost."""
        if action in ("toggle_language", "devices", "settings"):
            return not isinstance(self.screen, ConsoleModal)
        return super().check_action(action, parameters)

    async def run_action(
        self,
        action: str | ActionParseResult,
        default_namespace: DOMNode | None = None,
        namespaces: Mapping[str, DOMNode] | None = None,
    ) -> bool:
        """Textual's, for what is allowed: keys, clicks in the footer and links all come through here."""
        place, name, _parameters = parse(action) if isinstance(action, str) else action
        owners: dict[str, DOMNode] = {"app": self, "screen": self.screen}
        owner = owners.get(place, default_namespace or self)
        shared = isinstance(owner, App | Screen) and not isinstance(owner, CommandPalette)
        if shared and not self.ALLOWED.runs(name, getattr(owner, "ACTIONS", ())):
            return False
        return await super().run_action(action, default_namespace, namespaces)

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Every action available now: the screen's, then the app's."""
        for _english, words, about, call in available(screen, self):
            yield SystemCommand(words, about, call)

    def action_command_palette(self) -> None:
        """Open the palette, with its prompt in the operator's language."""
        if not isinstance(self.screen, CommandPalette):
            hint = _("Search commands")
            self.push_screen(CommandPalette([ActionsProvider], id="--command-palette", placeholder=hint))

    def action_help(self) -> None:
        from tui.frame.help import HelpScreen

        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen(self.screen, self.settings.keys))

    def action_devices(self) -> None:
        from tui.devices.screen import DevicesScreen

        if not self._is_open(DevicesScreen):
            self.push_screen(DevicesScreen())

    def action_settings(self) -> None:
        from tui.settings_screen.screen import SettingsScreen

        if not self._is_open(SettingsScreen):
            self.push_screen(SettingsScreen())

    def action_jump(self) -> None:
        """Letters on everything that can take the focus."""
        from tui.frame.jump import JumpScreen, targets

        screen = self.screen
        if isinstance(screen, JumpScreen):
            screen.dismiss(None)
        if isinstance(screen, JumpScreen | CommandPalette):
            return
        places = targets(screen)
        if not places:
            self.notify(_("There is nothing to jump to on this screen."))
            return

        def go(widget: Widget | None) -> None:
            if widget is not None and widget.is_attached:
                widget.focus()

        self.push_screen(JumpScreen(places), go)

    @on(TakeTour)
    def action_tour(self) -> None:
        """The console in five steps."""
        from tui.tour.screen import TourScreen

        def left(how: str | None) -> None:
            if how in ("done", "never") and not self.memory.tour_over:
                self.memory.tour_over = True
                self.remember()

        if not self._is_open(TourScreen):
            self.push_screen(TourScreen(), left)

    def action_toggle_theme(self) -> None:
        dark = dark_theme(self.console.color_system)
        self.theme = dark.name if self.theme == LIGHT.name else LIGHT.name
        self.memory.theme = self.theme
        self.remember()

    async def action_toggle_language(self) -> None:
        await self._speak("en" if i18n.language() == "ja" else "ja")

    @on(LanguageChosen)
    async def language_chosen(self, message: LanguageChosen) -> None:
        """Switch to the language of the settings."""
        await self._speak(message.language)

    @on(ProfilesChanged)
    async def profiles_changed(self) -> None:
        """Offer the new profiles at login."""
        for screen in self.screen_stack:
            if isinstance(screen, LoginScreen):
                await screen.retranslate()

    async def _speak(self, language: i18n.Language) -> None:
        """Show everything in ``language``, and remember it."""
        i18n.set_language(language)
        self.memory.language = language
        self.remember()
        self.renew_client()
        for screen in self.screen_stack:
            if isinstance(screen, ConsoleScreen):
                await screen.retranslate()
        self.refresh_bindings()

    def save_screenshot(
        self, filename: str | None = None, path: str | None = None, time_format: str | None = None
    ) -> str:
        """Textual's, with characters of two cells in two cells. Raises ``OSError``."""
        saved = Path(super().save_screenshot(filename, path, time_format))
        saved.write_text(in_cells(saved.read_text(encoding="utf-8")), encoding="utf-8")
        return str(saved)

    def action_save_screenshot(self) -> None:
        """Save the screen as SVG beside the logs."""
        try:
            path = self.save_screenshot(path=str(memory.private_directory(self._pictures())))
        except OSError as error:
            self.tell("file_unwritable", path=str(self._pictures()), reason=error.strerror or "?")
        else:
            self.notify(_("Saved: {path}").format(path=path), markup=False)

    def _pictures(self) -> Path:
        return self.settings.state_directory / "screenshots"

    def action_help_quit(self) -> None:
        """ctrl+c copies; tell those who press it to quit which key does."""
        self.notify(_("Press {key} to quit.").format(key=self.key_names.first(QUIT)))

    def action_suspend_process(self) -> None:
        """Suspend, if there is a shell that can resume it."""
        if terminal.has_job_control():
            super().action_suspend_process()
        else:
            self.tell("no_job_control")

    async def action_quit(self) -> None:
        """Quit; ask first during a conversation."""
        from tui.frame.confirm import ConfirmScreen

        if isinstance(self.screen, ConfirmScreen) and self.screen.quitting:
            self.screen.dismiss(True)
            return
        for screen in reversed(self.screen_stack):
            ask = getattr(screen, "ask_to_leave", None)
            if ask is not None and ask(self._leave):
                return
        self._leave()

    def _leave(self) -> None:
        self.exit(0)

    def terminal_gone(self) -> None:
        """Exit; the conversation's process ends when its input closes."""
        log.info("The terminal is gone; leaving")
        self.exit(ExitCode.TERMINAL_GONE, return_code=ExitCode.TERMINAL_GONE)


def run_console(
    settings: ConsoleSettings,
    services: Services | None = None,
    *,
    mouse: bool = True,
    only: Callable[[], Screen[None]] | None = None,
) -> int:
    """Show the console until it is left; gives an ``ExitCode``. No exception and no traceback comes out.

    ``only`` makes the one screen to show, in place of login and all that follows.
    """
    from tui.host.journal import open_journal

    remembered = memory.load(settings.state_directory).language
    i18n.set_language(i18n.resolve_language(settings.language, remembered))
    with suppress(OSError):
        open_journal(settings.state_directory)
    keep_pastes_text()
    app = SalesMindApp(settings, services, only() if only is not None else None)
    terminal.keep_output_writable()
    app.run(mouse=mouse)
    return int(app.return_code or ExitCode.OK)
