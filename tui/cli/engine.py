"""``salesmind engine``: the offline Realtime API server on its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from tui.cli.group import reject
from tui.cli.mind_options import mind_options
from tui.cli.server_extra import require_server
from tui.i18n import _

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_DIRECTORY = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command(
    "engine",
    help=_("Run the offline engine, a Realtime API server that needs no key and no internet."),
    short_help=_("Run the offline engine, a Realtime API server."),
)
@click.option("--host", default="127.0.0.1", show_default=True, help=_("Address to listen on."))
@click.option(
    "--port",
    metavar="N",
    default=8790,
    show_default=True,
    type=click.IntRange(0, 65535),
    help=_("Port to listen on; 0 picks a free one."),
)
@click.option(
    "--pace",
    metavar="X",
    default=6.0,
    show_default=True,
    type=click.FloatRange(min=0.5),
    help=_("How many times faster than real time to send answers."),
)
@click.option("--no-transcription", is_flag=True, help=_("Do not load speech recognition."))
@click.option(
    "--whisper", type=_DIRECTORY, help=_("Directory of another Whisper model (CTranslate2 format).")
)
@click.option("--personas", type=_DIRECTORY, help=_("Directory of additional personas."))
@click.option("--persona", metavar="ID", help=_("The persona that answers, whatever the session says."))
@click.option(
    "--max-age",
    metavar="N",
    default=3600.0,
    show_default=True,
    type=click.FloatRange(min=1),
    help=_("Seconds after which a session expires."),
)
@click.option(
    "--token-file",
    type=_FILE,
    help=_("File with the token that clients must send. Default: SALESMIND_ENGINE_TOKEN, or no token."),
)
@click.option(
    "--lenient",
    is_flag=True,
    help=_("Accept what OpenAI would refuse, where the engine can cope."),
)
@click.option(
    "--allow-origin",
    "origins",
    multiple=True,
    metavar="ORIGIN",
    help=_("Accept pages from this origin without a key, such as https://demo.example."),
)
@click.option(
    "--tls-cert",
    "tls_certificate",
    type=_FILE,
    help=_("Serve wss:// with this certificate and its chain (PEM)."),
)
@click.option("--tls-key", type=_FILE, help=_("Private key of --tls-cert (PEM, without a passphrase)."))
@mind_options
@click.option("--faults", type=_FILE, help=_("Inject the faults that this TOML file describes."))
@click.option(
    "--fault", multiple=True, metavar="FAULT", help=_("One fault, such as stall:seconds=5,after_s=10.")
)
@click.option("--control", is_flag=True, help=_("Let programs on this machine inject faults while it runs."))
@click.option("--stop-on-eof", is_flag=True, help=_("Stop when standard input is closed."))
@click.option("--verbose", is_flag=True, help=_("Log every event type."))
def command(
    no_transcription: bool,
    max_age: float,
    token_file: Path | None,
    mind: str | None,
    mind_model: str | None,
    mind_key_file: Path | None,
    mind_timeout: float,
    faults: Path | None,
    fault: tuple[str, ...],
    **same: Any,
) -> None:
    """Print ``{"url": ...}`` on the first line of stdout and serve until SIGTERM, SIGINT or end of input."""
    require_server()
    from backend.engine.options import EngineOptions, OptionsError, read_mind, read_plan, read_token
    from backend.engine.server import run

    try:
        options = EngineOptions(
            transcription=not no_transcription,
            max_age_s=max_age,
            token=read_token(token_file),
            mind=read_mind(mind, mind_model, mind_key_file, mind_timeout),
            faults=read_plan(faults, fault),
            **same,
        )
    except OptionsError as error:
        raise reject(str(error)) from None
    raise SystemExit(run(options))
