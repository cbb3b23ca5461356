"""`salesmind devices`: the microphones and loudspeakers that `mic:` and `speaker:` can name."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from tui.cli.group import reject
from tui.exit_codes import ExitCode
from tui.i18n import _


@click.command(help=_("List the microphones and loudspeakers of this machine."))
@click.option("--json", "as_json", is_flag=True, help=_("One JSON object per line."))
def command(as_json: bool) -> None:
    """Print the devices on standard output."""
    from audio.devices import list_devices
    from audio.errors import AudioError

    try:
        devices = list_devices()
    except AudioError as error:
        from tui.wording.errors import of_error

        raise reject(of_error(error), ExitCode.CHECK_FAILED) from None
    if not devices and not as_json:
        click.echo(_("There are no microphones and no loudspeakers."), err=True)
    for device in devices:
        click.echo(json.dumps(asdict(device), ensure_ascii=False) if as_json else str(device))
