"""`salesmind talk`: the live conversation on the command line.

It starts the same relay process and forwards its lines: unchanged with ``--json``, otherwise as a transcript.
Standard output is data; messages about the run go to standard error.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from tui.cli.completion import of_setting
from tui.cli.group import reject
from tui.cli.login import PASSWORD_VARIABLE
from tui.cli.setting_options import setting
from tui.i18n import _
from tui.settings import SettingsError, load_settings

TALK_OPTIONS = (
    "session_id", "new_session", "industry", "value_proposition", "persona", "pain",
    "sources", "typed", "seconds", "spoken", "record", "as_json",
)  # fmt: skip
"""The command's own options; all others are settings of the same name."""


@click.command(
    help=_(
        "Hold a conversation from the command line. The password is read from {variable}; if it is not "
        "set, you are prompted. Several --source are spoken in turn, each once the one before it has been "
        "answered. Without --seconds, the conversation ends when the last turn has been answered."
    ).format(variable=PASSWORD_VARIABLE),
    short_help=_("Hold a conversation from the command line."),
)
@setting("server_url", help=_("SalesMind server."))
@setting("profile", help=_("Server profile of the configuration."))
@setting("username")
@setting("insecure", help=_("Accept a certificate even if it cannot be verified."))
@click.option("--session", "session_id", metavar="ID", help=_("Talk in this session."))
@click.option("--new-session", is_flag=True, help=_("Start a new session to talk in."))
@click.option("--industry", metavar="TEXT", help=_("Industry of the new session's customer."))
@click.option("--value-proposition", metavar="TEXT", help=_("What the new session's salesperson offers."))
@click.option("--persona", metavar="TEXT", help=_("Who the new session's customer is."))
@click.option("--pain", metavar="TEXT", help=_("The new session's customer's problem."))
@click.option(
    "--source",
    "sources",
    metavar="SPEC",
    shell_complete=of_setting("source"),
    multiple=True,
    help=_("mic[:DEVICE], wav:PATH[?loop], tcp:HOST:PORT, tone[:HZ] or silence."),
)
@setting("sink", help=_("speaker[:DEVICE], wav:PATH, tcp:HOST:PORT or none."))
@click.option(
    "--say", "typed", metavar="TEXT", multiple=True, help=_("Typed turn, sent after the spoken ones.")
)
@click.option(
    "--seconds",
    metavar="N",
    type=click.FloatRange(min=0, min_open=True),
    help=_("Stop after this many seconds."),
)
@setting("chunk_bytes")
@click.option(
    "--language", "spoken", type=click.Choice(("ja", "en")), help=_("Language of the conversation.")
)
@setting("voice")
@setting("vad_threshold")
@setting("vad_prefix_ms")
@setting("vad_silence_ms")
@setting("echo")
@click.option(
    "--record",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help=_("Record events and both sides' audio here."),
)
@click.option("--json", "as_json", is_flag=True, help=_("One JSON object per line (docs/stream.md)."))
def command(**options: Any) -> None:
    """Log in, choose the session, talk, exit with the relay's exit code."""
    from tui.cli.talk_run import talk
    from tui.cli.talk_session import TalkRequest

    request = TalkRequest(**{name: options.pop(name) for name in TALK_OPTIONS})
    try:
        code = talk(load_settings(options), request)
    except SettingsError as error:
        raise reject(str(error)) from None
    raise click.exceptions.Exit(code)
