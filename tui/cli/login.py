"""Server and credentials, for the commands that have no login screen."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field

import click

from api_client.errors import ApiError, BadUrl, NotText, ServerTimeout
from api_client.harmless import one_line
from api_client.server_url import shown_address
from tui.cli.group import reject
from tui.encoding import is_text
from tui.exit_codes import ExitCode
from tui.i18n import _
from tui.settings import DEFAULT_SERVER_URL, ConsoleSettings
from tui.wording.errors import of_error

PASSWORD_VARIABLE = "SALESMIND_PASSWORD"  # noqa: S105 (the name of a variable, not a password)
SECOND_PASSWORD_VARIABLE = "SALESMIND_SECOND_PASSWORD"  # noqa: S105


@dataclass(frozen=True, slots=True)
class LoginRequest:
    """Where to log in, and as whom. ``repr`` leaves the password out."""

    server_url: str
    username: str
    password: str = field(repr=False)
    insecure: bool


def login_of(settings: ConsoleSettings) -> LoginRequest:
    """The login that ``settings`` describe. Raises ``Exit`` after reporting what is missing.

    Must be called before the event loop runs: inside it, ctrl+c would not cancel the password prompt.
    """
    profile = next((p for p in settings.profiles if p.name == settings.profile), None)
    username = settings.username or (profile.username if profile else "")
    if not username:
        raise reject(_("Give the user name: --username NAME."))
    return LoginRequest(
        server_url=settings.server_url or (profile.server_url if profile else DEFAULT_SERVER_URL),
        username=username,
        password=_password_of(username),
        insecure=settings.insecure or bool(profile and profile.insecure),
    )


def _password_of(username: str) -> str:
    """From the environment, or else prompted for."""
    if (password := password_from(PASSWORD_VARIABLE)) is not None:
        return password
    if not sys.stdin.isatty():
        raise reject(
            _("There is no terminal to ask for the password. Set {variable}.").format(
                variable=PASSWORD_VARIABLE
            )
        )
    question = _("Password of {username}").format(username=username)
    typed = str(click.prompt(question, hide_input=True, err=True))
    if not is_text(typed):
        raise reject(_("The input is not UTF-8. Set the terminal to UTF-8."))
    return typed


def password_from(variable: str) -> str | None:
    """The password in an environment variable; None where it is not set. Raises ``Exit`` for one that is not UTF-8."""
    password = os.environ.get(variable)
    if password is not None and not is_text(password):
        raise reject(_("{variable}: not UTF-8.").format(variable=variable))
    return password


def refused(error: ApiError, server_url: str, username: str | None = None) -> click.exceptions.Exit:
    """Report which server could not be used (as ``username``) and why; raise the returned exception."""
    address = shown_address(server_url)
    where = one_line(address if username is None else f"{address} ({username})")
    return reject(f"{where}: {of_error(error)}", _exit_code_of(error))


def _exit_code_of(error: ApiError) -> ExitCode:
    if isinstance(error, ServerTimeout):
        return ExitCode.TIMEOUT
    if isinstance(error, (BadUrl, NotText)):
        return ExitCode.USAGE
    return ExitCode.CONNECTION
