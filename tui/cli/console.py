"""Open the console: settings in, exit code out."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from tui.exit_codes import ExitCode

if TYPE_CHECKING:
    from tui.host.services import OwnServer


def open_console(
    *,
    lang: str | None = None,
    server_url: str | None = None,
    profile: str | None = None,
    insecure: bool = False,
    on: bool | None = None,
    low_bandwidth: bool | None = None,
    no_mouse: bool = False,
    own_server: OwnServer | None = None,
    **more: Any,
) -> int:
    """Run the app until it is closed. ``own_server``: a server that this program started and may restart;
    ``on``: whether conversations are recorded, None as the settings say.

    ``more`` are settings by their own names (``demo=True``).
    """
    from tui.settings import SettingsError, load_settings

    flags = {
        "language": lang,
        "server_url": server_url,
        "profile": profile,
        "insecure": insecure or None,
        "on": on,
        "low_bandwidth": low_bandwidth or None,
        **more,
    }
    try:
        settings = load_settings(flags)
    except SettingsError as error:
        raise _refusal(str(error)) from None
    require_terminal()
    from tui.app import run_console
    from tui.host.services import Services

    return run_console(settings, Services(own_server), mouse=not no_mouse)


def require_terminal(words: str = "") -> None:
    """Refuse, in ``words`` or those of the console, if there is no terminal to draw on."""
    from tui.i18n import _

    # Textual reads standard input and draws on standard error.
    if not (sys.stdin.isatty() and sys.stdout.isatty() and sys.stderr.isatty()):
        raise _refusal(
            words
            or _(
                "The console needs a terminal. Without one, use `salesmind talk` (see `salesmind talk --help`)."
            )
        )


def _refusal(message: str) -> SystemExit:
    """Print ``message`` and exit, without click, which a bare `salesmind` does not load."""
    print(message, file=sys.stderr)
    return SystemExit(ExitCode.USAGE)
