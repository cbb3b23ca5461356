"""`salesmind diagnostics`: logs, results, versions and devices in one file, without secrets."""

from __future__ import annotations

import asyncio
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from tui.cli.group import reject
from tui.i18n import _


@click.command(
    help=_(
        "Collect in one file what a bug report needs: the logs of the console and its own server, the "
        "latest acceptance results, the configuration, versions and devices. Tokens, passwords and keys "
        "are removed, but transcripts of the acceptance runs are included."
    ),
    short_help=_("Collect logs, results and versions for a bug report."),
)
@click.option(
    "--bundle",
    metavar="FILE",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help=_("The zip file to write."),
)
@click.option(
    "--server-log",
    "server_logs",
    metavar="FILE",
    multiple=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help=_("Log of a server that writes it elsewhere on this machine. Can be repeated."),
)
def command(bundle: Path, server_logs: tuple[Path, ...]) -> None:
    """Write the bundle; print its path on standard output and its contents on standard error."""
    from acceptance.diagnostics import Sources, write_bundle
    from tui.settings import config_path, state_directory

    sources = Sources(
        state_directory=state_directory(),
        config_path=config_path(),
        environ=os.environ,
        devices=list_devices(),
        more_logs=server_logs,
    )
    try:
        files = write_bundle(bundle, sources)
    except OSError as error:
        sentence = _("The file {path} cannot be written: {reason}")
        raise reject(sentence.format(path=bundle, reason=error.strerror)) from None
    for file in files:
        click.echo(f"  {file.name} ({file.size_bytes} bytes)", err=True)
    cut_out = sum(file.cut_out for file in files)
    click.echo(_("Secrets removed: {n}. Review the bundle before you share it.").format(n=cut_out), err=True)
    click.echo(bundle)


def list_devices() -> dict[str, Any]:
    """The sound devices, or why there are none."""
    from tui.host import devices

    found = asyncio.run(devices.list_devices())
    error = None if found.problem is None else {"code": found.problem, "params": found.params}
    return {"devices": [asdict(device) for device in found.listed], "error": error}
