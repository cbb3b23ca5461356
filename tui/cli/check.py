"""`salesmind check`: the acceptance procedure on the command line, for a terminal or a CI server.

Standard output is data: with ``--json`` every event of the run, one object per line, otherwise the result as text.
The plan and progress go to standard error.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import click

from tui.cli.completion import of_setting
from tui.cli.group import reject
from tui.cli.login import PASSWORD_VARIABLE, SECOND_PASSWORD_VARIABLE
from tui.cli.report_files import FILE
from tui.cli.setting_options import setting
from tui.exit_codes import ExitCode
from tui.i18n import _
from tui.settings import SettingsError, load_settings

CHECK_OPTIONS = (
    "tests", "second_user", "server_command", "ask", "finish_sessions", "out", "spoken", "as_json",
    "junit", "markdown", "html", "sink", "source", "revoke_command", "engine_control", "wrong_logins",
)  # fmt: skip
"""The check's own options; all others are settings of the same name."""


@click.command(
    help=_(
        "Run the acceptance procedure against a SalesMind server: connection, audio streaming, "
        "realtime_mode, error handling. It works in sessions of its own and says first what it will do. "
        "The password is read from {variable}; if it is not set, you are prompted.\n\n"
        "Exit codes: 0 everything passed, 1 something did not, 2 wrong arguments or configuration, 3 the "
        "server could not be reached or refused the login, 4 it did not answer in time, 130 interrupted."
    ).format(variable=PASSWORD_VARIABLE),
    short_help=_("Run the acceptance procedure from the command line."),
)
@setting("server_url", help=_("SalesMind server."))
@setting("profile", help=_("Server profile of the configuration."))
@setting("username")
@setting("insecure", help=_("Accept a certificate even if it cannot be verified."))
@click.option(
    "--test",
    "tests",
    metavar="N",
    multiple=True,
    type=click.IntRange(1, 4),
    help=_("Run only this test, 1 to 4. May be given several times."),
)
@click.option(
    "--source",
    metavar="SPEC",
    shell_complete=of_setting("source"),
    help=_("Source for test 2: mic[:DEVICE], wav:PATH, tcp:HOST:PORT ... Default: a sample recording."),
)
@click.option(
    "--sink",
    metavar="SPEC",
    shell_complete=of_setting("sink"),
    default="none",
    show_default=True,
    help=_("Where to play the answer in test 2: speaker[:DEVICE], wav:PATH, tcp:HOST:PORT or none."),
)
@setting("chunk_bytes")
@click.option(
    "--language", "spoken", type=click.Choice(("ja", "en")), help=_("Language of the conversation.")
)
@click.option(
    "--second-user",
    metavar="NAME",
    help=_(
        "Second account, to check that users cannot reach each other's sessions (password: {variable})."
    ).format(variable=SECOND_PASSWORD_VARIABLE),
)
@click.option(
    "--server-command",
    metavar="COMMAND",
    help=_(
        "Start the server with this command (such as `salesmind serve --port 0`) and restart it in test 3."
    ),
)
@click.option(
    "--revoke-command",
    metavar="COMMAND",
    help=_("Deactivate the second account with this command in test 3 and check that it is locked out."),
)
@click.option(
    "--engine-control",
    metavar="URL",
    help=_(
        "Cut the server's upstream connection in test 4, through the control address of `salesmind engine "
        "--control`."
    ),
)
@click.option(
    "--wrong-logins",
    is_flag=True,
    help=_("Try up to 20 wrong logins in test 4. The server may refuse your address for a while."),
)
@click.option("--ask", is_flag=True, help=_("Ask at the terminal about what only a person can judge."))
@click.option(
    "--finish-sessions", is_flag=True, help=_("Finish (and score) the run's own sessions at the end.")
)
@click.option(
    "--out",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help=_("Directory for recordings, logs and the result. Default: one in the state directory."),
)
@click.option(
    "--json", "as_json", is_flag=True, help=_("Print every event of the run, one JSON object per line.")
)
@click.option("--junit", metavar="FILE", type=FILE, help=_("Write the result as JUnit XML."))
@click.option("--markdown", metavar="FILE", type=FILE, help=_("Write the document's result table."))
@click.option("--html", metavar="FILE", type=FILE, help=_("Write one self-contained HTML page."))
def command(**options: Any) -> None:
    """Log in, run, print, write the reports; exit with the verdict's exit code."""
    from tui.cli.check_run import CheckOptions, check

    own = CheckOptions(**{name: options.pop(name) for name in CHECK_OPTIONS})
    try:
        code = check(load_settings(options), own)
    except SettingsError as error:
        raise reject(str(error)) from None
    except asyncio.CancelledError:
        code = ExitCode.INTERRUPTED
    raise click.exceptions.Exit(code)
