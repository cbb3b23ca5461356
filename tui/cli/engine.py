"""``salesmind engine``: the offline Realtime-API server by itself."""

from __future__ import annotations

import click

from tui.cli.group import reject
from tui.i18n import _


@click.command(
    "engine", help=_("Run the offline engine, a Realtime API server that needs no key and no internet.")
)
@click.option("--host", default="127.0.0.1", show_default=True, help=_("Address to listen on."))
@click.option("--port", default=8790, show_default=True, help=_("Port to listen on; 0 takes a free one."))
@click.option(
    "--pace",
    default=6.0,
    show_default=True,
    type=click.FloatRange(min=0.5),
    help=_("How many times faster than real time answers are sent."),
)
@click.option("--no-transcription", is_flag=True, help=_("Do not load speech recognition."))
@click.option("--stop-on-eof", is_flag=True, help=_("Stop when standard input is closed."))
@click.option("--verbose", is_flag=True, help=_("Log every event type."))
def command(
    host: str, port: int, pace: float, no_transcription: bool, stop_on_eof: bool, verbose: bool
) -> None:
    """Print ``{"url": ...}`` on the first line of stdout and serve until SIGTERM, SIGINT or end of input."""
    try:
        from backend.engine.options import EngineOptions
        from backend.engine.server import run
    except ModuleNotFoundError as missing:
        install = 'pip install "salesmind-console[server]"'
        sentence = _("The server is not installed ({name} is missing). Install it with: {command}")
        raise reject(sentence.format(name=missing.name, command=install)) from None
    options = EngineOptions(
        host=host,
        port=port,
        pace=pace,
        transcription=not no_transcription,
        stop_on_eof=stop_on_eof,
        verbose=verbose,
    )
    raise SystemExit(run(options))
