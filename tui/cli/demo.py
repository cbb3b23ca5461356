"""`salesmind demo`: the console with its own server, for a machine that has nothing else."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

import click

from tui.cli.console import open_console, require_terminal
from tui.cli.embedded_server import EmbeddedServer
from tui.cli.group import reject
from tui.cli.mind_options import mind_arguments, mind_options
from tui.cli.server_extra import require_server, require_web
from tui.cli.server_process import ServerDidNotStart
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
    "--no-mouse", is_flag=True, help=_("Leave the mouse to the terminal, so that it can select text.")
)
@click.option(
    "--web",
    is_flag=True,
    help=_("Open the console in the browser, with its microphone, not in this terminal."),
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
    lang: str | None,
    port: int,
    mind: str | None,
    mind_model: str | None,
    mind_key_file: Path | None,
    mind_timeout: float,
    no_mouse: bool,
    web: bool,
    web_port: int,
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
    thinking = mind_arguments(mind, mind_model, mind_key_file, mind_timeout)
    from tui.host.memory import private_directory
    from tui.host.services import OwnServer
    from tui.settings import state_directory

    try:
        directory = private_directory(private_directory(state_directory()) / "demo")
    except OSError as error:
        sentence = _("The directory {path} cannot be created: {reason}")
        reason = error.strerror or str(error)
        raise reject(sentence.format(path=error.filename or state_directory(), reason=reason)) from None
    lang = lang or (ctx.parent.params.get("lang") if ctx.parent else None)
    click.echo(_("Starting the SalesMind server ..."), err=True)
    with EmbeddedServer(
        directory, port, lambda words: click.echo(f"  {words}", err=True), thinking
    ) as server:
        try:
            url = server.start()
        except ServerDidNotStart as failure:
            raise reject(_not_started(failure, server.log), ExitCode.CONNECTION) from None
        server.keep_running()
        if web:
            serve_page("127.0.0.1", web_port, (), DEFAULT_PLACES, console_for(url, None))
            return
        own = OwnServer(url, lambda: asyncio.to_thread(server.restart))
        ctx.exit(open_console(lang=lang, server_url=url, no_mouse=no_mouse, own_server=own, demo=True))


def _not_started(failure: ServerDidNotStart, log: Path) -> str:
    """Report that the server did not start; the reason is above, from the server, or in its log."""
    if failure.exit_code == ExitCode.USAGE and failure.words:
        return _("The server did not start.")
    with suppress(OSError):
        if log.stat().st_size:
            return _("The server did not start. Its log says why: {log}").format(log=log)
    return _("The server did not start.")
