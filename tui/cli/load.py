"""`salesmind load`: many conversations at once, to find out how many a server carries."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click

from tui.cli.group import reject
from tui.cli.login import PASSWORD_VARIABLE
from tui.cli.setting_options import setting
from tui.i18n import _
from tui.settings import SettingsError, load_settings

_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(s|m|h)?", re.ASCII)
_SECONDS = {None: 1, "s": 1, "m": 60, "h": 3600}
LONGEST_S = 4 * 3600.0
_ADDRESS = re.compile(r"([^:\s]+)(?::([0-9]{1,5}))?", re.ASCII)
DEFAULT_PORT = 5557
"""Locust's own."""


def _duration(_ctx: click.Context, _parameter: click.Parameter, value: str) -> float:
    """``90``, ``90s``, ``5m`` or ``1h``, as seconds."""
    written = _DURATION.fullmatch(value.strip())
    seconds = float(written[1]) * _SECONDS[written[2]] if written else 0.0
    if not 0 < seconds <= LONGEST_S:
        raise click.BadParameter(
            _("{value} is no duration. Write 90s, 5m or 1h; four hours are the most.").format(value=value)
        )
    return seconds


def _address(_ctx: click.Context, _parameter: click.Parameter, value: str | None) -> tuple[str, int] | None:
    """``HOST`` or ``HOST:PORT`` of a master."""
    if value is None:
        return None
    written = _ADDRESS.fullmatch(value.strip())
    if written is None or not 0 < int(written[2] or DEFAULT_PORT) < 65536:
        raise click.BadParameter(_("{value} is no address. Write HOST or HOST:PORT.").format(value=value))
    return written[1], int(written[2] or DEFAULT_PORT)


@click.command(
    help=_(
        "Hold many spoken conversations at once and measure what each user sees of it. Needs the extra [load]. "
        "The password is read from {variable}; if it is not set, you are prompted."
    ).format(variable=PASSWORD_VARIABLE),
    short_help=_("Hold many conversations at once, to find a server's limit."),
)
@setting("server_url", help=_("SalesMind server."))
@setting("username")
@setting("insecure", help=_("Accept a certificate even if it cannot be verified."))
@click.option(
    "--users", metavar="N", type=click.IntRange(1, 10_000), default=10, show_default=True,
    help=_("Simultaneous conversations; with --find-limit, how many more each step has."),
)  # fmt: skip
@click.option(
    "--spawn-rate", metavar="R", type=click.FloatRange(0, 100, min_open=True), default=2.0, show_default=True,
    help=_("New users per second."),
)  # fmt: skip
@click.option(
    "--duration", metavar="T", callback=_duration, default="60s", show_default=True,
    help=_("How long (90s, 5m, 1h); with --find-limit, how long each step is held."),
)  # fmt: skip
@click.option(
    "--profile", type=click.Choice(("browser", "console", "silent")), default="browser", show_default=True,
    help=_("browser: 8192-byte chunks; console: 40 ms chunks; silent: connected, but nobody speaks."),
)  # fmt: skip
@click.option(
    "--language", "spoken", type=click.Choice(("ja", "en")), default="ja", show_default=True,
    help=_("Language of the conversations."),
)  # fmt: skip
@click.option(
    "--stop-when", "stop_when", metavar="LIMIT", multiple=True,
    help=_("End the run, and fail, when the last 30 s pass this, such as 'answer_p95>1500' or 'errors>0'."),
)  # fmt: skip
@click.option(
    "--find-limit", is_flag=True,
    help=_("Add users step by step until a limit is passed, and report how many the server carries."),
)  # fmt: skip
@click.option(
    "--most-users", metavar="N", type=click.IntRange(1, 10_000), default=500, show_default=True,
    help=_("Where --find-limit ends in any case."),
)  # fmt: skip
@click.option(
    "--out", "directory", metavar="DIR", type=click.Path(path_type=Path, file_okay=False),
    help=_("Where result.json and report.html go. Default: among the console's files."),
)  # fmt: skip
@click.option(
    "--i-may-load-this-server", "permitted", metavar="HOST",
    help=_("Required unless the server is on this machine: its host name, once more."),
)  # fmt: skip
@click.option(
    "--web-port", metavar="N", type=click.IntRange(1, 65535), help=_("Show Locust's own page here.")
)
@click.option("--master", is_flag=True, help=_("Lead workers on other machines; nobody speaks on this one."))
@click.option(
    "--expect-workers", metavar="N", type=click.IntRange(1, 1000), default=1, show_default=True,
    help=_("With --master: begin when so many workers are there."),
)  # fmt: skip
@click.option(
    "--bind", "bound", metavar="HOST[:PORT]", callback=_address, default="127.0.0.1:5557", show_default=True,
    help=_("With --master: where workers connect to."),
)  # fmt: skip
@click.option(
    "--worker", "follows", metavar="HOST[:PORT]", callback=_address, help=_("Work for the master there.")
)
def command(**options: Any) -> None:
    """Run it; exit with what it found."""
    from tui.cli.load_run import LoadRequest, run_load

    shared = {name: options.pop(name) for name in ("server_url", "username", "insecure")}
    try:
        settings = load_settings(shared)
    except SettingsError as error:
        raise reject(str(error)) from None
    raise click.exceptions.Exit(run_load(settings, LoadRequest(**options)))
