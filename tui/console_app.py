"""The app as its screens know it: settings, services, account, status line and notifications.

Screens reach it through ``getters.app(ConsoleApp)``. Navigation is up to ``tui.app``, so no screen imports it.
"""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, ClassVar

from textual.app import App
from textual.reactive import var
from textual.worker import Worker, WorkerState

from tui.actions import APP_ACTIONS, Action, KeyNames
from tui.allowed import EVERYTHING, Allowed
from tui.host import clipboard, memory, terminal_signals
from tui.host.services import ServerAccount, Services
from tui.i18n import _
from tui.settings import ConsoleSettings
from tui.status import Status, title
from tui.themes import theme_named
from tui.wording.errors import sentence

if TYPE_CHECKING:
    from api_client.rest import SalesMindClient

log = logging.getLogger(__name__)


class ConsoleApp(App[int]):
    """What every screen can rely on."""

    ACTIONS: ClassVar[tuple[Action, ...]] = APP_ACTIONS
    ALLOWED: ClassVar[Allowed] = EVERYTHING
    status: var[Status] = var(Status())
    """For the status lines, which watch it. No ``reactive``: setting that repaints every screen whole."""

    def __init__(self, settings: ConsoleSettings, services: Services | None = None) -> None:
        super().__init__()
        self.settings = settings
        self.key_names = KeyNames(settings.keys)
        self.services = services or Services()
        self.memory = memory.load(settings.state_directory)
        self.account: ServerAccount | None = None
        """Who is logged in; None at the login screen."""
        self.log_path = settings.state_directory / "console.log"
        self._client: SalesMindClient | None = None
        self._fitted: set[str] = set()
        """The themes that are registered in the form that our screens need."""
        self.quiet = False
        """Whether little is to be written to the terminal."""
        if settings.low_bandwidth:
            self.be_quiet()

    def be_quiet(self) -> None:
        """From now on, write little to the terminal."""
        self.quiet = True
        self.animation_level = "none"

    @property
    def client(self) -> SalesMindClient:
        """The server, as the account that is logged in; one connection pool until logout."""
        if self._client is None:
            assert self.account is not None, "nobody is logged in"
            account = self.account
            self._client = self.services.client(
                account.server_url, token=account.token, insecure=account.insecure
            )
        return self._client

    def renew_client(self) -> None:
        """Replace the client by one in the current language, after pending requests finish."""
        client, self._client = self._client, None
        if client is not None:
            self.set_timer(client.timeout_s, client.aclose)

    def use_theme(self, name: str) -> None:
        """Show everything in the theme ``name``, one of ``theme_names``."""
        if name not in self._fitted:
            self.register_theme(theme_named(name))
            self._fitted.add(name)
        self.theme = name

    def remember(self) -> None:
        """Save the state remembered between runs."""
        try:
            memory.save(self.settings.state_directory, self.memory)
        except OSError as error:
            self.tell("state_not_saved", reason=error.strerror or str(error))

    async def close_client(self) -> None:
        """Close the connections to the server."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    def copy_to_clipboard(self, text: str) -> None:
        """Textual's OSC 52, plus one for the terminal behind a multiplexer."""
        super().copy_to_clipboard(text)
        through = clipboard.multiplexer(os.environ)
        if through is not None:
            self.write_to_terminal(clipboard.wrapped(text, through))

    def write_to_terminal(self, sequence: str) -> None:
        """A control sequence that leaves the screen as it is."""
        if sequence and self._driver is not None and not self.is_headless:
            self._driver.write(sequence)

    def watch_status(self, before: Status, now: Status) -> None:
        """Show the state in the window's title; call the operator when a connection is lost."""
        if self.settings.terminal_title and title(before) != title(now):
            self.write_to_terminal(terminal_signals.title_of(title(now)))
        if now.socket != before.socket and now.socket in ("lost", "given_up"):
            self.alert(title(now))

    def alert(self, words: str) -> None:
        """Tell an operator who looks elsewhere that something failed, in the way the settings say."""
        through = clipboard.multiplexer(os.environ)
        self.write_to_terminal(terminal_signals.alert(self.settings.alert, words, through))

    async def put_on_clipboard(self, text: str) -> None:
        """Copy one piece of text, whole or not at all, and say so. A terminal does not confirm that it took it."""
        if await self.services.into_tmux(text):
            self.notify(_("Copied."))
        elif clipboard.fits(text):
            self.copy_to_clipboard(text)
            self.notify(_("Sent to the terminal's clipboard."))
        else:
            size, most = len(text.encode()) // 1000, clipboard.LONGEST_TEXT // 1000
            self.tell("clipboard_too_small", size=str(size), most=str(most))

    def tell(self, code: str, **params: str) -> None:
        """Show the sentence for ``code`` for a moment."""
        self.notify(sentence(code, params), severity="error", timeout=8, markup=False)

    def worker_changed(self, event: Worker.StateChanged) -> None:
        """Log and report a background job that failed unexpectedly; Textual tells only the job's owner."""
        if event.state is WorkerState.ERROR and event.worker.error is not None:
            log.error("Worker %s failed", event.worker.name, exc_info=event.worker.error)
            self.notify(self.unexpected(), severity="error", timeout=8, markup=False)

    def unexpected(self) -> str:
        """The sentence for a failure that nothing else explains."""
        if not self.ALLOWED.machine:
            return sentence("unexpected_for_visitor")
        return sentence("unexpected", {"log": str(self.log_path)})
