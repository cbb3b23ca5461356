"""What a headless talk is asked for, and the login and session it begins with."""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import click

from api_client.errors import (
    ApiError,
    BadUrl,
    ServerTimeout,
    ValidationFailed,
)
from api_client.models import NewSession
from tui import i18n
from tui.cli.exit_codes import ExitCode
from tui.cli.group import reject
from tui.cli.talk import PASSWORD_VARIABLE
from tui.conversation_setup import conversation_language
from tui.i18n import _
from tui.services import Account
from tui.settings import DEFAULT_SERVER_URL, ConsoleSettings
from tui.wording import of_error

if TYPE_CHECKING:
    from api_client.rest import SalesMindClient


@dataclass(frozen=True, slots=True)
class TalkRequest:
    """The talk's own options, as given on the command line."""

    session_id: str | None
    new_session: bool
    industry: str | None
    value_proposition: str | None
    persona: str | None
    pain: str | None
    sources: tuple[str, ...]
    typed: tuple[str, ...]
    seconds: float | None
    spoken: Literal["ja", "en"] | None
    as_json: bool

    def language(self, settings: ConsoleSettings) -> Literal["ja", "en"]:
        """The language of the conversation: as asked, else as configured, else the screen's."""
        return self.spoken or conversation_language(settings)


async def begin(settings: ConsoleSettings, request: TalkRequest) -> tuple[Account, str]:
    """Log in and find or start the session: the account and the session's id.

    Raises ``click.exceptions.Exit`` after saying why: 2 for what the caller can mend, 3 for the server's part,
    4 when it did not answer in time.
    """
    if request.new_session == (request.session_id is not None):
        raise reject(_("Say which session to talk in: --new-session, or --session ID."))
    profile = next((p for p in settings.profiles if p.name == settings.profile), None)
    server_url = settings.server_url or (profile.server_url if profile else DEFAULT_SERVER_URL)
    username = settings.username or (profile.username if profile else "")
    if not username:
        raise reject(_("Say who is logging in: --username NAME."))
    insecure = settings.insecure or bool(profile and profile.insecure)

    from api_client.rest import SalesMindClient

    try:
        async with SalesMindClient(server_url, insecure=insecure, language=i18n.language()) as client:
            login = await client.login(username, await asyncio.to_thread(password_of, username))
            account = Account(client.server_url, login.user.username, login.token, insecure)
            session_id = request.session_id or await _start_session(client, request, settings)
            return account, session_id
    except ValidationFailed as error:
        fields = [f"{name}: {' '.join(words)}" for name, words in error.fields.items()]
        raise reject("\n".join([of_error(error), *fields])) from None
    except ApiError as error:
        raise reject(of_error(error), exit_code_of(error)) from None


_OFFER = {
    "ja": ("製造業", "在庫と発注を自動化するクラウドサービス"),
    "en": ("Manufacturing", "A cloud service that automates stock and orders"),
}
"""Industry and value proposition of a new session when none are given."""


async def _start_session(client: SalesMindClient, request: TalkRequest, settings: ConsoleSettings) -> str:
    industry, value_proposition = _OFFER[request.language(settings)]
    session = await client.start_session(
        NewSession(
            industry=request.industry or industry,
            value_proposition=request.value_proposition or value_proposition,
            customer_persona=request.persona,
            customer_pain=request.pain,
        )
    )
    return session.id


def password_of(username: str) -> str:
    """From the environment, else from whoever sits at the terminal. Raises ``Exit`` when there is neither."""
    password = os.environ.get(PASSWORD_VARIABLE)
    if password is not None:
        return password
    if not sys.stdin.isatty():
        raise reject(
            _("There is no terminal to ask for the password. Set {variable}.").format(
                variable=PASSWORD_VARIABLE
            )
        )
    question = _("Password of {username}").format(username=username)
    return str(click.prompt(question, hide_input=True, err=True))


def exit_code_of(error: ApiError) -> ExitCode:
    """The exit code that an error of the server's part ends the program with."""
    if isinstance(error, ServerTimeout):
        return ExitCode.TIMEOUT
    if isinstance(error, BadUrl):
        return ExitCode.USAGE
    return ExitCode.CONNECTION
