"""``salesmind web``: the console in browsers, for a server that runs already; ``demo --web`` brings its own."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from tui.cli.group import reject
from tui.cli.server_extra import require_web
from tui.i18n import _

if TYPE_CHECKING:
    from browser.visits import CommandFor

DEFAULT_PLACES = 8


def console_for(server_url: str, box_secret: Path | None) -> CommandFor:
    """What is started for a visitor: the kiosk, or without a box secret the ordinary console."""
    from browser.visits import Arrival

    def command(arrival: Arrival) -> Sequence[str]:
        words = [sys.executable, "-P", "-m", "tui.cli"]
        if box_secret is None:
            return [*words, "--server", server_url, "--lang", arrival.language]
        sound = ("--source", arrival.source, "--sink", arrival.sink)
        secret = ("--box-secret-file", str(box_secret))
        kiosk = [*words, "kiosk", "--once", "--server", server_url, *secret]
        return [*kiosk, *sound, "--language", arrival.language]

    return command


def serve_page(host: str, port: int, origins: Sequence[str], places: int, command_for: CommandFor) -> None:
    """Serve the page until SIGINT or SIGTERM. Raises ``click.exceptions.Exit`` if the port cannot be used."""
    from browser.server import PageOptions, PageServer

    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    page = PageServer(PageOptions(host, port, places, origins), command_for)
    try:
        asyncio.run(_until_told(page))
    except OSError as error:
        sentence = _("{host} port {port} cannot be used: {reason}")
        raise reject(sentence.format(host=host, port=port, reason=error.strerror or str(error))) from None


async def _until_told(page: object) -> None:
    from browser.server import PageServer

    assert isinstance(page, PageServer)
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.set)
    url = await page.start()
    try:
        click.echo(_("Open this page in a browser: {url} (Ctrl+C stops it)").format(url=url), err=True)
        await told.wait()
    finally:
        await page.close()


def origin(_ctx: click.Context, _parameter: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    """Check ``--origin``: a scheme and a host, as browsers send them."""
    for value in values:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.netloc or parts.path.strip("/") or parts.query:
            raise click.BadParameter(_("Write it like https://demo.example.com, without a path."))
    return tuple(value.rstrip("/").lower() for value in values)


@click.command(
    help=_(
        "Serve the console as a web page: each visitor gets a terminal, and the browser's microphone and "
        "loudspeaker. The page listens on this machine only; put a web server with TLS in front of it."
    ),
    short_help=_("Serve the console as a web page, with the browser's microphone."),
)
@click.option(
    "--server", "server_url", metavar="URL", required=True, help=_("SalesMind server of the visitors.")
)
@click.option(
    "--box-secret-file",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help=_("Start the kiosk for each visitor, with this secret. Without it, the ordinary console."),
)
@click.option("--host", default="127.0.0.1", show_default=True, help=_("Address to listen on."))
@click.option(
    "--port",
    metavar="N",
    default=8791,
    show_default=True,
    type=click.IntRange(0, 65535),
    help=_("Port to listen on; 0 picks a free one."),
)
@click.option(
    "--origin",
    "origins",
    metavar="URL",
    multiple=True,
    callback=origin,
    help=_(
        "Where browsers find the page, if not at this machine: https://demo.example.com. May be repeated."
    ),
)
@click.option(
    "--visitors",
    "places",
    metavar="N",
    default=DEFAULT_PLACES,
    show_default=True,
    type=click.IntRange(1, 1000),
    help=_("How many visitors at a time."),
)
def command(
    server_url: str, box_secret_file: Path | None, host: str, port: int, origins: tuple[str, ...], places: int
) -> None:
    """Serve until told to stop."""
    require_web()
    serve_page(host, port, origins, places, console_for(server_url, box_secret_file))
