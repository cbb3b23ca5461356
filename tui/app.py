"""The console as a Textual app. Screens other than login are imported when they are opened."""

from __future__ import annotations

import logging
import signal
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import App, SystemCommand
from textual.binding import Binding
from textual.command import CommandPalette
from textual.reactive import reactive
from textual.screen import Screen
from textual.scrollbar import ScrollBar
from textual.worker import Worker, WorkerFailed, WorkerState

from tui import i18n, memory, terminal
from tui.actions import APP_ACTIONS, Action, bindings
from tui.i18n import _
from tui.screens.login import LoginScreen
from tui.services import Account, Services
from tui.settings import ConsoleSettings
from tui.status import Status
from tui.themes import LIGHT, THEMES, dark_theme
from tui.widgets.plain_scrollbar import PlainScrollBarRender
from tui.wording import sentence

if TYPE_CHECKING:
    from api_client.models import Session
    from api_client.rest import SalesMindClient

log = logging.getLogger(__name__)

CRASHED = 1
TERMINAL_GONE = 129


class SalesMindApp(App[int]):
    """The console. ``settings`` say how it starts; ``services`` are what it reaches outside the screen."""

    TITLE = "SalesMind Console"
    # The default screen's own CSS_PATH is not loaded by Textual, so login's stands here.
    CSS_PATH: ClassVar[list[str | PurePath]] = ["app.tcss", "screens/login.tcss"]
    ACTIONS: ClassVar[tuple[Action, ...]] = APP_ACTIONS
    BINDINGS: ClassVar[list[Any]] = [
        *bindings(APP_ACTIONS),
        Binding("ctrl+c", "help_quit", show=False, system=True),
    ]
    ENABLE_COMMAND_PALETTE = True
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]  # noqa: RUF012 (as Textual declares it)
    VERTICAL_BREAKPOINTS = [(0, "-short"), (36, "-tall")]  # noqa: RUF012
    CLOSE_TIMEOUT = 12.0
    """Seconds to wait for screens to close: the live screen ends its conversation first."""

    status: reactive[Status] = reactive(Status())

    def __init__(self, settings: ConsoleSettings, services: Services | None = None) -> None:
        super().__init__()
        self.settings = settings
        self.services = services or Services()
        self.memory = memory.load(settings.state_directory)
        self.account: Account | None = None
        self._client: SalesMindClient | None = None
        self.log_path = settings.state_directory / "console.log"
        ScrollBar.renderer = PlainScrollBarRender
        for theme in THEMES:
            self.register_theme(theme)
        if settings.theme in self.available_themes:
            self.theme = settings.theme
        else:
            self.theme = dark_theme(self.console.color_system).name
        self.set_keymap(settings.keys)

    def get_default_screen(self) -> Screen[Any]:
        """Login comes first."""
        return LoginScreen()

    def on_mount(self) -> None:
        """Watch for the terminal going away."""
        if not self.is_headless:
            terminal.watch(self)
        self.call_after_refresh(self._tell_what_settings_name_wrongly)

    def _tell_what_settings_name_wrongly(self) -> None:
        theme = self.settings.theme
        if theme is not None and theme not in self.available_themes:
            self.tell("theme_unknown", name=theme, names=", ".join(theme.name for theme in THEMES))
        if self.settings.keys:
            from tui.keymap import unknown_ids

            if unknown := unknown_ids(self.settings.keys):
                self.tell("keys_unknown", ids=", ".join(unknown))

    @property
    def client(self) -> SalesMindClient:
        """The server, as the account that is logged in; one connection pool for the whole stay."""
        if self._client is None:
            assert self.account is not None, "nobody is logged in"
            account = self.account
            self._client = self.services.client(
                account.server_url, token=account.token, insecure=account.insecure
            )
        return self._client

    async def on_unmount(self) -> None:
        """Let go of the server."""
        await self._forget_client()

    async def _forget_client(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    # --- from screen to screen -----------------------------------------------------------------

    def logged_in(self, account: Account) -> None:
        """Remember where, and go to the sessions."""
        from tui.screens.sessions import SessionsScreen

        self.account = account
        self.memory.used(account.server_url, account.profile, account.username)
        try:
            memory.save(self.settings.state_directory, self.memory)
        except OSError as error:
            self.tell("state_not_saved", reason=error.strerror or str(error))
        self.push_screen(SessionsScreen())

    def logged_out(self) -> None:
        """Forget the token and go back to login."""
        self.account = None
        self.run_worker(self._forget_client(), exit_on_error=False)
        while len(self.screen_stack) > 1:
            self.pop_screen()

    def converse(self, session: Session) -> None:
        """Open the live conversation of ``session``."""
        from tui.screens.live import LiveScreen

        self.push_screen(LiveScreen(session))

    def check_server(self) -> None:
        """Open the acceptance procedure."""
        from tui.screens.acceptance import AcceptanceScreen

        self.push_screen(AcceptanceScreen())

    # --- telling -------------------------------------------------------------------------------

    def tell(self, code: str, **params: str) -> None:
        """Show the sentence for ``code`` for a moment."""
        self.notify(sentence(code, params), severity="error", timeout=8, markup=False)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """A background job that failed unexpectedly is logged and worded; the app goes on."""
        self.worker_changed(event)

    def worker_changed(self, event: Worker.StateChanged) -> None:
        """The same for a screen's jobs: Textual tells only the owner of a job."""
        if event.state is WorkerState.ERROR and event.worker.error is not None:
            log.error("Worker %s failed", event.worker.name, exc_info=event.worker.error)
            self.tell("unexpected", log=str(self.log_path))

    def _handle_exception(self, error: Exception) -> None:
        """Textual would print a traceback with local variables, tokens among them; we log and leave."""
        if isinstance(error, WorkerFailed) and isinstance(error.error, Exception):
            error = error.error
        log.critical("Unexpected end", exc_info=error)
        self._return_code = CRASHED
        if self._exception is None:
            self._exception = error
            self._exception_event.set()
        self._exit_renderables.append(sentence("unexpected", {"log": str(self.log_path)}))
        self._close_messages_no_wait()

    # --- actions -------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """The language is not changed under a running conversation."""
        if action == "toggle_language":
            return len(self.screen_stack) <= 1
        return super().check_action(action, parameters)

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Every action that can be done now: the screen's, then the app's."""
        for owner, actions in ((screen, getattr(screen, "ACTIONS", ())), (self, self.ACTIONS)):
            for action in actions:
                if action.name == "command_palette" or not owner.check_action(action.name, ()):
                    continue
                palette = getattr(owner, "action_palette", lambda given: given.palette)(action)
                yield SystemCommand(_(palette), _(action.help), getattr(owner, f"action_{action.name}"))

    def action_command_palette(self) -> None:
        """Open the palette, with its prompt in the operator's language."""
        if not isinstance(self.screen, CommandPalette):
            self.push_screen(CommandPalette(id="--command-palette", placeholder=_("Search commands")))

    def action_help(self) -> None:
        """Show the keys of the present screen."""
        from tui.screens.help import HelpScreen

        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen(self.screen, self.settings.keys))

    def action_toggle_theme(self) -> None:
        """Dark to light and back."""
        dark = dark_theme(self.console.color_system)
        self.theme = dark.name if self.theme == LIGHT.name else LIGHT.name

    async def action_toggle_language(self) -> None:
        """Japanese to English and back."""
        i18n.set_language("en" if i18n.language() == "ja" else "ja")
        await self.screen.recompose()
        self.refresh_bindings()

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
        """ctrl+c copies; who presses it to leave is told the way."""
        self.notify(_("Press ctrl+q to quit."))

    async def action_quit(self) -> None:
        """Quit at once, except that a running conversation asks first."""
        from tui.screens.confirm import ConfirmScreen

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
        """Nobody looks any more: the conversation's process sees its input close and ends."""
        log.info("The terminal is gone; leaving")
        self.exit(TERMINAL_GONE, return_code=TERMINAL_GONE)


def run_console(settings: ConsoleSettings, services: Services | None = None, *, mouse: bool = True) -> int:
    """Show the console until it is left; gives an exit code. No exception and no traceback comes out."""
    from tui.journal import open_journal

    i18n.set_language(i18n.resolve_language(settings.language))
    with suppress(OSError):
        open_journal(settings.state_directory)
    app = SalesMindApp(settings, services)
    app.run(mouse=mouse)
    if app.return_code in (None, signal.SIGHUP):
        return 0
    return int(app.return_code or 0)
