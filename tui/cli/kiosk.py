"""`salesmind kiosk`: the console for the visitors of a demo box."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tui.cli.box_options import is_web, read_secret, secret_file_option
from tui.cli.console import require_terminal
from tui.cli.setting_options import setting
from tui.exit_codes import ExitCode
from tui.i18n import LANGUAGES, _

if TYPE_CHECKING:
    from tui.host.voice_ports import PortRange


def visit_options(command: Any) -> Any:
    """How long visits may be, and what is kept: shared with `salesmind demo --kiosk`."""
    for option in (
        click.option(
            "--keep-recordings",
            is_flag=True,
            help=_(
                "Keep recordings of the visitors who agree; the welcome asks. Otherwise nothing is recorded."
            ),
        ),
        click.option(
            "--stay-minutes",
            metavar="N",
            type=click.FloatRange(0.1, 24 * 60),
            help=_("Longest visit in minutes. Default: the server's."),
        ),
        click.option(
            "--idle-minutes",
            metavar="N",
            default=5.0,
            show_default=True,
            type=click.FloatRange(0.1, 24 * 60),
            help=_("Minutes without a key press or a word after which a visit ends, after a warning."),
        ),
    ):
        command = option(command)
    return command


def _port_range(_ctx: click.Context, _parameter: click.Parameter, text: str | None) -> PortRange | None:
    """Check ``--voice-ports``."""
    from tui.host.voice_ports import PortRange

    try:
        return None if text is None else PortRange.parse(text)
    except ValueError:
        raise click.BadParameter(
            _("Write it like 20000-20079, with at least two ports from 1024 on.")
        ) from None


@click.command(
    params=[secret_file_option()],
    help=_(
        "Receive visitors of a demo box: each gets an account of their own, which is deleted with everything in "
        "it when they leave. Visitors cannot reach the files, the devices or the shell of this machine. The "
        "server must have been started with the same --box-secret-file."
    ),
    short_help=_("Receive the visitors of a demo box."),
)
@setting("server_url", help=_("Server of the box. Default: http://127.0.0.1:8000."))
@setting("insecure", help=_("Accept a certificate even if it cannot be verified."))
@setting("source", help=_("The visitors' microphone. Without one, they type or use sample lines."))
@setting("sink", help=_("Where to play the customer. Default: nowhere."))
@setting("low_bandwidth")
@click.option(
    "--language",
    type=click.Choice(LANGUAGES),
    help=_("Language of the welcome. Default: the visitor's locale."),
)
@visit_options
@click.option(
    "--voice-ports",
    metavar="FIRST-LAST",
    callback=_port_range,
    help=_(
        "Loopback ports to which visitors over SSH may bring their own microphone and loudspeaker, two for each, "
        "as in the PermitListen of sshd: 20000-20079."
    ),
)
@click.option("--once", is_flag=True, help=_("Exit after one visit. Over SSH this is always so."))
@click.option(
    "--no-mouse", is_flag=True, help=_("Leave the mouse to the terminal, so that it can select text.")
)
def command(
    box_secret_file: Path | None,
    server_url: str | None,
    insecure: bool | None,
    source: str | None,
    sink: str | None,
    low_bandwidth: bool | None,
    language: str | None,
    idle_minutes: float,
    stay_minutes: float | None,
    keep_recordings: bool,
    voice_ports: PortRange | None,
    once: bool,
    no_mouse: bool,
) -> None:
    """Receive visitors until the terminal is gone."""
    secret = read_secret(box_secret_file)
    if not is_web():
        require_terminal(
            _("This is a demo box: it needs a terminal. Connect with `ssh -t`, without a command.")
        )
    flags = {"server_url": server_url, "insecure": insecure or None, "source": source, "sink": sink}
    flags["low_bandwidth"] = low_bandwidth or None
    raise SystemExit(
        receive(
            flags,
            secret,
            language,
            idle_minutes=idle_minutes,
            stay_minutes=stay_minutes,
            keep_recordings=keep_recordings,
            voice_ports=voice_ports,
            once=once,
            mouse=not no_mouse,
        )
    )


def receive(
    flags: dict[str, Any], secret: str, language: str | None, *, mouse: bool, once: bool, **visits: Any
) -> ExitCode | int:
    """Run the kiosk. ``flags`` are settings, ``visits`` fields of ``KioskOptions``."""
    from tui import i18n
    from tui.cli.group import reject
    from tui.cli.sound_arguments import check_sound_arguments
    from tui.settings import DEFAULT_SERVER_URL, SettingsError, load_settings

    try:
        settings = load_settings(flags)
        audio = settings.audio
        check_sound_arguments([audio.source or "silence"], audio.sink or "none")
    except SettingsError as error:
        raise reject(str(error)) from None
    i18n.set_language(i18n.resolve_language(language, settings.language))
    from tui.host.line import over_ssh
    from tui.kiosk.app import KioskOptions, run_kiosk

    options = KioskOptions(
        settings.server_url or DEFAULT_SERVER_URL, secret, once=once or over_ssh(), **visits
    )
    return run_kiosk(settings, options, mouse=mouse)
