"""`salesmind devices`: the microphones and loudspeakers for `mic:` and `speaker:`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from api_client.harmless import one_line
from tui.cli.group import reject
from tui.cli.text_table import table_lines
from tui.i18n import _

if TYPE_CHECKING:
    from audio.devices import Device


@click.command(help=_("List the microphones and loudspeakers of this machine."))
@click.option("--json", "as_json", is_flag=True, help=_("One JSON object per line."))
def command(as_json: bool) -> None:
    """Print the devices on standard output."""
    from tui.host.devices import list_devices
    from tui.wording.errors import sentence

    found = asyncio.run(list_devices())
    if found.problem is not None:
        raise reject(sentence(found.problem, found.params))
    if as_json:
        for device in found.listed:
            click.echo(json.dumps(asdict(device), ensure_ascii=False))
    elif found.listed:
        for line in device_lines(found.listed):
            click.echo(line)
    else:
        click.echo(_("There are no microphones and no loudspeakers."), err=True)


def device_lines(devices: Iterable[Device]) -> Iterator[str]:
    """A table: what ``mic:`` and ``speaker:`` take, the name, and what the device can do."""
    heading = (_("ID"), _("Name"), _("System"), _("Channels"), _("Rate"), _("Default"))
    return table_lines([heading, *map(_row, devices)])


def _row(device: Device) -> tuple[str, ...]:
    defaults = ((device.default_input, _("microphone")), (device.default_output, _("loudspeaker")))
    return (
        device.id,
        one_line(device.name),
        one_line(device.host_api),
        _("{inputs} in, {outputs} out").format(inputs=device.inputs, outputs=device.outputs),
        f"{device.rate_hz} Hz",
        ", ".join(word for default, word in defaults if default),
    )
