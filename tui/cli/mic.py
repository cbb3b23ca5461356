"""``salesmind mic``: this machine's microphone and loudspeaker for a console on a demo box."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from tui.cli.group import reject
from tui.exit_codes import ExitCode
from tui.i18n import _
from tui.wording.figures import meter_cells

if TYPE_CHECKING:
    from audio.errors import AudioError

METER_CELLS = 30


@click.command(
    help=_(
        "Lend this machine's microphone and loudspeaker to a console that runs elsewhere. Listens on two ports of "
        "this machine only; an ssh tunnel brings them to the demo box. With TARGET and PORT, both as the "
        "console there shows them, it starts the tunnel too: salesmind mic demo@box 20004"
    ),
    short_help=_("Lend this machine's microphone and loudspeaker to a demo box."),
)
@click.argument("target", required=False)
@click.argument("port", required=False, type=click.IntRange(1024, 65534))
@click.option(
    "--source", default="mic", show_default=True, help=_("What to lend: mic[:DEVICE], wav:PATH, tone.")
)
@click.option(
    "--sink", default="speaker", show_default=True, help=_("Where to play: speaker[:DEVICE] or none.")
)
@click.option(
    "--listen",
    metavar="N",
    default=7700,
    show_default=True,
    type=click.IntRange(1, 65534),
    help=_("Port of the microphone; the loudspeaker has the next one."),
)
def command(target: str | None, port: int | None, source: str, sink: str, listen: int) -> None:
    """Lend until told to stop."""
    from audio.errors import AudioError
    from tui.wording.errors import of_error

    if (target is None) != (port is None) or (target or "").startswith("-"):
        raise reject(_("Write both, like: salesmind mic demo@box 20004"))
    tunnel = None if target is None or port is None else _tunnel(target, port, listen)
    try:
        raise SystemExit(asyncio.run(_lend(listen, source, sink, tunnel)))
    except AudioError as error:
        raise reject(of_error(error)) from None
    except OSError as error:
        raise reject(_("This cannot be started: {reason}").format(reason=error.strerror or error)) from None


def _tunnel(target: str, port: int, listen: int) -> Sequence[str]:
    forwards = (f"-R{port}:127.0.0.1:{listen}", f"-R{port + 1}:127.0.0.1:{listen + 1}")
    return ("ssh", "-N", "-oExitOnForwardFailure=yes", *forwards, "--", target)


async def _lend(listen: int, source: str, sink: str, tunnel: Sequence[str] | None) -> int:
    from audio.sharing import share_loudspeaker, share_microphone

    microphone = await share_microphone(listen, source, _Meter().show, _say)
    loudspeaker = await share_loudspeaker(listen + 1, sink, _say)
    async with microphone, loudspeaker:
        if tunnel is None:
            words = _("Waiting on ports {first} and {second}. Ctrl+C stops it.")
            click.echo(words.format(first=listen, second=listen + 1), err=True)
            await asyncio.Event().wait()
            return ExitCode.OK
        click.echo(_("Opening the tunnel. Ctrl+C stops it."), err=True)
        ssh = await asyncio.create_subprocess_exec(*tunnel)
        try:
            code = await ssh.wait()
        finally:
            if ssh.returncode is None:
                ssh.terminate()
        click.echo(_("The tunnel has ended (ssh said why above)."), err=True)
        return ExitCode.CONNECTION if code else ExitCode.OK


class _Meter:
    """A line that is drawn over, five times a second; nothing where there is no terminal."""

    def __init__(self) -> None:
        self._chunks = 0

    def show(self, peak_dbfs: float) -> None:
        self._chunks += 1
        if self._chunks % 5 == 0 and sys.stderr.isatty():
            filled = meter_cells(peak_dbfs, METER_CELLS)
            bar = "#" * filled + "." * (METER_CELLS - filled)
            click.echo(f"\r{bar} {peak_dbfs:6.1f} dBFS ", nl=False, err=True)


def _say(problem: AudioError) -> None:
    from tui.wording.errors import of_error

    click.echo(f"\n{of_error(problem)}", err=True)
