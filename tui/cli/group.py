"""The command group: without a command it opens the console; commands are imported when named."""

from __future__ import annotations

import difflib
import errno
import importlib
import logging
import os
import sys
from contextlib import suppress
from typing import Any

import click

from tui.cli.help_format import HelpContext
from tui.cli.setting_options import setting
from tui.exit_codes import ExitCode
from tui.i18n import LANGUAGES, _

_OUTPUT_FAILURES = (errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EFBIG, errno.EBADF)

COMMANDS = (
    "demo", "talk", "check", "run", "results", "load", "runs", "replay", "doctor", "devices", "config", "keys",
    "logout", "diagnostics", "serve", "engine", "kiosk", "box", "web", "mic",
)  # fmt: skip


def _language_option(*, expose_value: bool) -> click.Option:
    """``--lang``, which every command takes: ``tui.cli.main`` looks for it before click does."""
    return click.Option(
        ["--lang"],
        type=click.Choice(LANGUAGES),
        help=_("Language of the interface."),
        expose_value=expose_value,
    )


class SuggestingGroup(click.Group):
    """Suggests a command for an unknown one."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Like click's, with a better message."""
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            close = difflib.get_close_matches(name, self.list_commands(ctx), n=1)
            if close:
                ctx.fail(
                    _("There is no command {name}. Did you mean {close}?").format(name=name, close=close[0])
                )
        return super().resolve_command(ctx, args)


class LazyGroup(SuggestingGroup):
    """Finds ``salesmind NAME`` in the module ``tui.cli.NAME``, imported only when it is asked for."""

    context_class = HelpContext

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command. Ctrl+c has its own exit code; a closed pipe exits 0."""
        try:
            return super().invoke(ctx)
        except (KeyboardInterrupt, click.Abort):
            raise click.exceptions.Exit(ExitCode.INTERRUPTED) from None
        except BrokenPipeError:
            _drop_output()
            raise click.exceptions.Exit(ExitCode.OK) from None

    def main(self, *arguments: Any, **options: Any) -> Any:
        """Run the program; unexpected errors are logged and reported in one sentence."""
        try:
            return super().main(*arguments, **options)
        except Exception as error:  # noqa: BLE001 - no traceback reaches a user
            sys.exit(_failed(error).exit_code)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order a newcomer needs them."""
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


def _drop_output() -> None:
    """Discard buffered output, which Python would try to write again at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _failed(error: Exception) -> click.exceptions.Exit:
    """Log and report an unexpected error; a full or closed standard output is not a bug."""
    from tui.host.journal import open_journal
    from tui.settings import state_directory
    from tui.wording.errors import sentence

    if isinstance(error, OSError) and error.errno in _OUTPUT_FAILURES and error.filename is None:
        _drop_output()
        return reject(_("The output cannot be written: {reason}").format(reason=error.strerror))
    path = state_directory() / "console.log"
    with suppress(OSError):
        open_journal(path.parent)
        logging.getLogger(__name__).critical("Unexpected end", exc_info=error)
    if not path.is_file():
        words = _("Unexpected problem: {kind}").format(kind=type(error).__name__)
        return reject(words, ExitCode.CRASHED)
    return reject(sentence("unexpected", {"log": str(path)}), ExitCode.CRASHED)


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
@setting("server_url", help=_("SalesMind server to offer at login."))
@setting("profile", help=_("Server profile of the configuration to offer at login."))
@setting("insecure", help=_("Accept a certificate even if it cannot be verified."))
@setting("on", flag_value=False, help=_("Do not record the conversations."))
@setting("low_bandwidth")
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
    ctx.default_map = dict.fromkeys(("talk", "check", "run"), shared)
    if ctx.invoked_subcommand is None:
        from tui.cli.console import open_console

        ctx.exit(open_console(**options))


def reject(message: str, code: ExitCode = ExitCode.USAGE) -> click.exceptions.Exit:
    """Print ``message`` on standard error; raise the returned exception to exit with ``code``."""
    click.echo(message, err=True)
    return click.exceptions.Exit(code)
