"""`salesmind logout`: forget the logins remembered on this computer."""

from __future__ import annotations

import click

from tui.cli.group import reject
from tui.i18n import _, ngettext
from tui.settings import SettingsError, load_settings


@click.command(
    help=_(
        "Forget the logins that the console remembers on this computer, all or those of a server or an account. The "
        "server itself keeps the token valid."
    ),
    short_help=_("Forget remembered logins."),
)
@click.option("--server", metavar="URL", help=_("Only of this server."))
@click.option("--username", metavar="NAME", help=_("Only of this account."))
def command(server: str | None, username: str | None) -> None:
    """Say on standard error how many there were."""
    from tui.host.tokens import TokenStore

    try:
        settings = load_settings({})
    except SettingsError as error:
        raise reject(str(error)) from None
    try:
        gone = TokenStore(settings.state_directory).forget(server, username)
    except OSError as error:
        words = _("The remembered logins cannot be changed: {reason}.")
        raise reject(words.format(reason=error.strerror or str(error))) from None
    words = ngettext("{n} login was forgotten.", "{n} logins were forgotten.", gone)
    click.echo(words.format(n=gone) if gone else _("There was no remembered login."), err=True)
