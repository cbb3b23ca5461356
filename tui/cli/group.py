"""The command group: without a command it opens the console; commands are imported when named."""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any

import click

from tui.cli.help_format import HelpContext
from tui.exit_codes import ExitCode
from tui.i18n import LANGUAGES, _

COMMANDS = ("demo", "talk", "check", "results", "diagnostics", "serve", "engine", "devices")


def _language_option(*, expose_value: bool) -> click.Option:
    """``--lang``, which every command takes: ``tui.cli.main`` has looked for it before click does."""
    return click.Option(
        ["--lang"],
        type=click.Choice(LANGUAGES),
        help=_("Language of the interface."),
        expose_value=expose_value,
    )


class LazyGroup(click.Group):
    """Finds ``salesmind NAME`` in the module ``tui.cli.NAME``, imported only when it is asked for."""

    context_class = HelpContext

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command. Ctrl+c has an exit code of its own, and so has a reader who has seen enough: 0."""
        try:
            return super().invoke(ctx)
        except (KeyboardInterrupt, click.Abort):
            raise click.exceptions.Exit(ExitCode.INTERRUPTED) from None
        except BrokenPipeError:
            # Python writes what is left in its buffer when it ends.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise click.exceptions.Exit(ExitCode.OK) from None

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order in which a newcomer meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """The click command of ``name``, or None."""
        if name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"tui.cli.{name}").command
        for part in (command, *(command.commands.values() if isinstance(command, click.Group) else ())):
            part.context_class = HelpContext
            if all(parameter.name != "lang" for parameter in part.params):
                part.params.append(_language_option(expose_value=False))
        return command


def _show_version(ctx: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        from importlib.metadata import version

        click.echo(f"salesmind-console {version('salesmind-console')}")
        ctx.exit()


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    params=[_language_option(expose_value=True)],
    help=_(
        "Test and demonstrate spoken AI conversations with SalesMind. Without a command, open the console."
    ),
)
@click.option("--server", "server_url", metavar="URL", help=_("SalesMind server to offer at login."))
@click.option("--profile", metavar="NAME", help=_("Server profile of the configuration to offer at login."))
@click.option("--insecure", is_flag=True, help=_("Accept a certificate that cannot be verified."))
@click.option(
    "--no-mouse", is_flag=True, help=_("Leave the mouse to the terminal, so that it can select text.")
)
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_show_version,
    help=_("Show the version and exit."),
)
@click.pass_context
def salesmind(ctx: click.Context, /, **options: Any) -> None:
    """Open the console, unless a command was named."""
    shared = {name: options[name] for name in ("server_url", "profile", "insecure") if options[name]}
    ctx.default_map = dict.fromkeys(("talk", "check"), shared)
    if ctx.invoked_subcommand is None:
        from tui.cli.console import open_console

        ctx.exit(open_console(**options))


def reject(message: str, code: ExitCode = ExitCode.USAGE) -> click.exceptions.Exit:
    """Say ``message`` on standard error; raise what is returned to end with ``code``."""
    click.echo(message, err=True)
    return click.exceptions.Exit(code)
