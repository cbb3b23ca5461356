"""`salesmind run`: scenarios on the command line, for a terminal or a CI server.

Standard output is data: with ``--json`` every event of the run, one object per line, otherwise the result as text.
Progress goes to standard error.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from tui.cli.completion import offer, recordings
from tui.cli.group import reject
from tui.cli.login import PASSWORD_VARIABLE
from tui.cli.report_files import FILE
from tui.cli.setting_options import setting
from tui.exit_codes import ExitCode
from tui.i18n import _
from tui.settings import SettingsError, load_settings

RUN_OPTIONS = (
    "scenarios", "dry", "limits", "repeat", "parallel", "seed", "shard", "record_from", "out", "as_json",
    "junit", "markdown", "html",
)  # fmt: skip
"""The command's own options; all others are settings of the same name."""


def _shipped() -> Iterator[tuple[str, str]]:
    from scenarios.shipped import shipped

    yield from ((path.stem, "") for path in shipped())


@click.command(
    help=_(
        "Hold conversations that are written down in scenarios, and check what is expected of them. SCENARIO is a TOML "
        "file, a folder of them, or the name of one that ships with the program; without any, all of those "
        "are run. Each conversation has a session of its own. The password is read from {variable}; if it is not set, "
        "you are prompted.\n\n"
        "Exit codes: 0 everything passed, 1 something did not, 2 a scenario, an argument or the configuration is "
        "wrong, 3 the server could not be reached or refused the login, 4 it did not answer in time, 130 interrupted."
    ).format(variable=PASSWORD_VARIABLE),
    short_help=_("Hold written conversations and check what is expected of them."),
)
@click.argument("scenarios", metavar="[SCENARIO]...", nargs=-1, shell_complete=offer(_shipped))
@setting("server_url", help=_("SalesMind server."))
@setting("profile", help=_("Server profile of the configuration."))
@setting("username")
@setting("insecure", help=_("Accept a certificate even if it cannot be verified."))
@click.option("--dry", is_flag=True, help=_("Say in words what would be done, and do nothing."))
@click.option(
    "--limit",
    "limits",
    metavar="FIGURE=VALUE",
    multiple=True,
    help=_("Fail if a figure over all conversations is larger, such as response_latency_p95=1200."),
)
@click.option(
    "--repeat",
    metavar="N",
    default=1,
    show_default=True,
    type=click.IntRange(1, 10_000),
    help=_("Run each scenario N times."),
)
@click.option(
    "--parallel",
    metavar="N",
    default=1,
    show_default=True,
    type=click.IntRange(1, 64),
    help=_("Hold up to N conversations at once."),
)
@click.option("--seed", metavar="N", type=int, help=_("Run in the random order that N stands for."))
@click.option("--shard", metavar="K/N", help=_("Run only the K-th of N parts of the scenarios."))
@click.option(
    "--record-from",
    metavar="RUN",
    shell_complete=offer(recordings),
    help=_("Write a new SCENARIO from a recorded conversation, instead of running any."),
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
@click.option("--markdown", metavar="FILE", type=FILE, help=_("Write the result as Markdown."))
@click.option("--html", metavar="FILE", type=FILE, help=_("Write one self-contained HTML page."))
def command(**options: Any) -> None:
    """Read, log in, run, print, write the reports; exit with the verdict's exit code."""
    from tui.cli.scenario_run import RunOptions, run

    own = RunOptions(**{name: options.pop(name) for name in RUN_OPTIONS})
    try:
        code = run(load_settings(options), own)
    except SettingsError as error:
        raise reject(str(error)) from None
    except asyncio.CancelledError:
        code = ExitCode.INTERRUPTED
    raise click.exceptions.Exit(code)
