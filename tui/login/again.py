"""Logging in again over a conversation whose token is no longer accepted."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Input, Static

from tui.actions import Action, bindings
from tui.frame.action_footer import ActionFooter
from tui.frame.field import Field
from tui.frame.screen import ConsoleModal
from tui.host.services import ServerAccount
from tui.i18n import N_, _
from tui.wording.errors import of_error

SUBMIT = Action(
    "again.submit",
    "f3",
    "submit",
    N_("Log in"),
    N_("Login: Log in again"),
    N_("Log in with this password (Enter does the same)"),
)
CLOSE = Action(
    "again.close",
    "escape",
    "close",
    N_("Not now"),
    N_("Login: Not now"),
    N_("Go back to the conversation, which stays without a connection"),
)
ACTIONS = (SUBMIT, CLOSE)


class LoginAgainScreen(ConsoleModal[ServerAccount]):
    """Asks for the password of ``account``; gives the account with its new token, or None."""

    ACTIONS: ClassVar[tuple[Action, ...]] = ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = bindings(ACTIONS)
    CSS_PATH = "again.tcss"
    AUTO_FOCUS = "#password"

    password = getters.query_one("#password", Input)

    def __init__(self, account: ServerAccount) -> None:
        super().__init__()
        self._account = account

    def compose(self) -> ComposeResult:
        with Vertical(id="box"):
            words = _(
                "The server no longer accepts this login. Log in again, and the conversation goes on where it was."
            )
            yield Static(words, id="why")
            place = _("User name: {user}   Server: {server}")
            yield Static(
                place.format(user=self._account.username, server=self._account.server_url),
                id="account",
                markup=False,
            )
            yield Field(placeholder=_("Password"), password=True, compact=True, id="password")
            yield Static(id="problem", markup=False)
            with Horizontal(id="buttons"):
                yield Button(_("Log in"), variant="primary", id="submit", compact=True)
        yield ActionFooter()

    @on(Input.Submitted, "#password")
    @on(Button.Pressed, "#submit")
    def action_submit(self) -> None:
        if self.password.value:
            self._log_in(self.password.value)
        else:
            self._say(_("Please fill this in"))

    def action_close(self) -> None:
        self.dismiss(None)

    @work(exclusive=True, group="login", exit_on_error=False)
    async def _log_in(self, password: str) -> None:
        from api_client.errors import ApiError

        account = self._account
        button = self.query_one("#submit", Button)
        button.disabled = True
        try:
            async with self.console_app.services.client(
                account.server_url, insecure=account.insecure
            ) as client:
                login = await client.login(account.username, password)
        except ApiError as error:
            self._say(of_error(error))
            self.password.focus()
        else:
            self.dismiss(dataclasses.replace(account, token=login.token))
        finally:
            button.disabled = False

    def _say(self, words: str) -> None:
        self.query_one("#problem", Static).update(_("Error: {why}").format(why=words))
