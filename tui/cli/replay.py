"""`salesmind replay RUN`: a recording, seen and heard again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from api_client.harmless import one_line
from tui.cli.completion import offer, recordings
from tui.cli.group import reject
from tui.cli.setting_options import setting
from tui.i18n import _
from tui.settings import SettingsError, load_settings

if TYPE_CHECKING:
    from recordings.library import UnknownRecording


@click.command(
    help=_(
        "Replay a recording in the live screen: transcript, events, and the audio of both sides. RUN is a "
        "name from the list of recordings, the start of one, a directory, or `latest`."
    ),
    short_help=_("Replay a recording."),
)
@click.argument("run", default="latest", shell_complete=offer(recordings))
@click.option(
    "--at",
    metavar="SECONDS",
    type=click.FloatRange(0.0),
    default=0.0,
    help=_("Start at this point of the recording (seconds)."),
)
@setting("sink", help=_("Where to play it: speaker[:DEVICE], wav:PATH, tcp:HOST:PORT or none."))
def command(run: str, at: float, **options: Any) -> None:
    """Show it until the screen is left."""
    raise click.exceptions.Exit(show(run, at, options))


def show(run: str, at: float, options: dict[str, Any]) -> int:
    """Open the replay screen on ``run``; gives the exit code."""
    from recordings.library import UnknownRecording
    from relay.recording.reader import NoRecording
    from tui.cli.console import require_terminal
    from tui.host.recordings import find_recording, libraries

    try:
        settings = load_settings(options)
        entry = find_recording(libraries(settings), run)
    except SettingsError as error:
        raise reject(str(error)) from None
    except UnknownRecording as error:
        raise reject(_unknown(error)) from None
    except (NoRecording, OSError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        sentence = _("The recording {path} cannot be read: {reason}")
        raise reject(sentence.format(path=one_line(run), reason=one_line(reason))) from None
    require_terminal()
    from tui.app import run_console
    from tui.recordings.replay import ReplayScreen

    return run_console(settings, only=lambda: ReplayScreen(entry.directory, at))


def _unknown(error: UnknownRecording) -> str:
    name = one_line(error.name)
    if error.candidates:
        names = ", ".join(map(one_line, error.candidates))
        return _("Several recordings start with {name}: {names}. Give more of the name.").format(
            name=name, names=names
        )
    return _("There is no recording {name}. The console lists them under Recordings.").format(name=name)
