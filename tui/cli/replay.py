"""`salesmind replay RUN`: a recording, seen and heard again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from api_client.harmless import one_line
from tui.cli.group import reject
from tui.cli.recorded_runs import RUN, complete_runs
from tui.cli.setting_options import setting
from tui.i18n import _
from tui.settings import ConsoleSettings, SettingsError, load_settings

if TYPE_CHECKING:
    from recordings.library import Entry, UnknownRecording


@click.command(
    help=_(
        "Replay a recording in the live screen: what was said, what happened, and the sound of both sides. With "
        "--as-server, play the server instead: any client that connects gets what was received then, with its timing, "
        "so that a fault seen once is seen again; the first line on standard output is {line}."
    ).format(line='{"url": ...}')
    + " "
    + _(RUN),
    short_help=_("Replay a recording, also as the server it was made from."),
)
@click.argument("run", default="latest", shell_complete=complete_runs)
@click.option(
    "--at",
    metavar="SECONDS",
    type=click.FloatRange(0.0),
    default=0.0,
    help=_("Start at this point of the recording (seconds)."),
)
@setting("sink", help=_("Where it is heard: speaker[:DEVICE], wav:PATH, tcp:HOST:PORT or none."))
@click.option("--as-server", is_flag=True, help=_("Serve what the server said then to any client."))
@click.option(
    "--port",
    metavar="N",
    default=0,
    show_default=True,
    type=click.IntRange(0, 65535),
    help=_("Port to listen on; 0 takes a free one."),
)
@click.option(
    "--speed",
    metavar="X",
    default=1.0,
    show_default=True,
    type=click.FloatRange(0.1, 100),
    help=_("So many times as fast as it was."),
)
def command(run: str, at: float, as_server: bool, port: int, speed: float, **options: Any) -> None:
    """Show it, or serve it."""
    if as_server:
        from tui.cli.replay_server import serve

        raise click.exceptions.Exit(serve(recording_named(run, options)[1], port, speed))
    raise click.exceptions.Exit(show(run, at, options))


def show(run: str, at: float, options: dict[str, Any]) -> int:
    """Open the replay screen on ``run``; gives the exit code."""
    from tui.cli.console import require_terminal

    settings, entry = recording_named(run, options)
    require_terminal()
    from tui.app import run_console
    from tui.recordings.replay import ReplayScreen

    return run_console(settings, only=lambda: ReplayScreen(entry.directory, at))


def recording_named(run: str, options: dict[str, Any]) -> tuple[ConsoleSettings, Entry]:
    """The recording called ``run``, wherever the settings keep any. Raises ``Exit`` after saying why there is none."""
    from recordings.library import UnknownRecording
    from relay.recording.reader import NoRecording
    from tui.host.recordings import find_recording, libraries

    try:
        settings = load_settings(options)
        return settings, find_recording(libraries(settings), run)
    except SettingsError as error:
        raise reject(str(error)) from None
    except UnknownRecording as error:
        raise reject(_unknown(error)) from None
    except (NoRecording, OSError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        sentence = _("The recording {path} cannot be read: {reason}")
        raise reject(sentence.format(path=one_line(run), reason=one_line(reason))) from None


def _unknown(error: UnknownRecording) -> str:
    name = one_line(error.name)
    if error.candidates:
        names = ", ".join(map(one_line, error.candidates))
        return _("Several recordings start with {name}: {names}. Give more of the name.").format(
            name=name, names=names
        )
    return _("There is no recording {name}. The console lists them under Recordings.").format(name=name)
