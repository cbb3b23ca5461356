"""`salesmind demo`: the console with its own server, for a machine that has nothing else."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from tui.cli.box_options import BOX_SECRET, read_secret
from tui.cli.console import open_console, require_terminal
from tui.cli.embedded_server import EmbeddedServer
from tui.cli.group import reject
from tui.cli.kiosk import receive, visit_options
from tui.cli.mind_options import mind_arguments, mind_options
from tui.cli.server_extra import require_server, require_web
from tui.cli.server_process import ServerDidNotStart
from tui.cli.setting_options import setting
from tui.cli.web import DEFAULT_PLACES, console_for, serve_page
from tui.exit_codes import ExitCode
from tui.i18n import LANGUAGES, _


@click.command(
    help=_(
        "Start a SalesMind server with its offline engine on this machine and open the console at its "
        "login screen. Needs no account, no key, no microphone and no internet. The server stops with the "
        "console."
    ),
    short_help=_("Try everything on this machine: server, offline engine and console."),
)
@click.option("--lang", type=click.Choice(LANGUAGES), help=_("Language of the interface."))
@click.option(
    "--port",
    metavar="N",
    default=0,
    show_default=True,
    type=click.IntRange(0, 65535),
    help=_("Port to listen on; 0 picks a free one."),
)
@mind_options
@click.option(
    "--kiosk",
    is_flag=True,
    help=_(
        "For a machine at a booth: receive visitors, one after another, as `salesmind kiosk` does. The options "
        "below are for this."
    ),
)
@setting("source", help=_("The visitors' microphone. Without one, they type or use sample lines."))
@setting("sink", help=_("Where to play the customer. Default: nowhere."))
@visit_options
@click.option(
    "--no-mouse", is_flag=True, help=_("Leave the mouse to the terminal, so that it can select text.")
)
@click.option(
    "--web",
    is_flag=True,
    help=_("Receive visitors in browsers, with their microphones, not in this terminal."),
)
@click.option(
    "--web-port",
    metavar="N",
    default=0,
    show_default=True,
    type=click.IntRange(0, 65535),
    help=_("Port of the page of --web; 0 picks a free one."),
)
@click.pass_context
def command(
    ctx: click.Context,
    /,
    lang: str | None,
    port: int,
    mind: str | None,
    mind_model: str | None,
    mind_key_file: Path | None,
    mind_timeout: float,
    kiosk: bool,
    source: str | None,
    sink: str | None,
    no_mouse: bool,
    web: bool,
    web_port: int,
    **visits: Any,
) -> None:
    """Serve, open the console, stop serving."""
    if web:
        require_web()
    else:
        require_terminal()
    require_server()
    from backend.engine.options import OptionsError, read_mind

    try:
        read_mind(mind, mind_model, mind_key_file, mind_timeout)
    except OptionsError as error:
        raise reject(str(error)) from None
    arguments = mind_arguments(mind, mind_model, mind_key_file, mind_timeout)
    # A box of its own: what the operator tries in the demo is not for visitors, nor the other way round.
    directory = _directory("kiosk" if kiosk or web else "demo")
    secret_file = directory / BOX_SECRET
    if kiosk or web:
        arguments = (*arguments, "--box-secret-file", str(secret_file))
    lang = lang or (ctx.parent.params.get("lang") if ctx.parent else None)
    click.echo(_("Starting the SalesMind server ..."), err=True)
    with EmbeddedServer(
        directory, port, lambda words: click.echo(f"  {words}", err=True), arguments
    ) as server:
        try:
            url = server.start()
        except ServerDidNotStart as failure:
            raise reject(_not_started(failure, server.log), ExitCode.CONNECTION) from None
        server.keep_running()
        if web:
            serve_page("127.0.0.1", web_port, (), DEFAULT_PLACES, console_for(url, secret_file))
            return
        if kiosk:
            flags = {"server_url": url, "source": source, "sink": sink}
            ctx.exit(receive(flags, read_secret(secret_file), lang, once=False, mouse=not no_mouse, **visits))
        from tui.host.services import OwnServer

        own = OwnServer(url, lambda: asyncio.to_thread(server.restart))
        ctx.exit(open_console(lang=lang, server_url=url, no_mouse=no_mouse, own_server=own, demo=True))


def _directory(name: str) -> Path:
    """The server's data directory, below the state directory. Raises ``Exit``."""
    from tui.host.memory import private_directory
    from tui.settings import state_directory

    try:
        return private_directory(private_directory(state_directory()) / name)
    except OSError as error:
        sentence = _("The directory {path} cannot be created: {reason}")
        reason = error.strerror or str(error)
        raise reject(sentence.format(path=error.filename or state_directory(), reason=reason)) from None


def _not_started(failure: ServerDidNotStart, log: Path) -> str:
    """Report that the server did not start; the reason is above, from the server, or in its log."""
    if failure.exit_code == ExitCode.USAGE and failure.words:
        return _("The server did not start.")
    with suppress(OSError):
        if log.stat().st_size:
            return _("The server did not start. Its log says why: {log}").format(log=log)
    return _("The server did not start.")
