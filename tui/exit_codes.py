"""The exit codes of every `salesmind` command."""

from __future__ import annotations

from enum import IntEnum

from tui.i18n import N_


class ExitCode(IntEnum):
    """What a script may rely on."""

    OK = 0
    CHECK_FAILED = 1
    USAGE = 2
    CONNECTION = 3
    TIMEOUT = 4
    CRASHED = 70
    """EX_SOFTWARE of sysexits.h; used for nothing else."""
    TERMINAL_GONE = 129
    """128 + SIGHUP, as in a shell."""
    INTERRUPTED = 130


MEANINGS: dict[ExitCode, str] = {
    ExitCode.OK: N_("Success."),
    ExitCode.CHECK_FAILED: N_("A check failed, or a run is worse than the previous one."),
    ExitCode.USAGE: N_(
        "Wrong arguments or configuration, or something on this machine is missing or cannot be used."
    ),
    ExitCode.CONNECTION: N_("The server could not be reached, or refused the request."),
    ExitCode.TIMEOUT: N_("The server did not answer in time."),
    ExitCode.CRASHED: N_("The program itself failed. The log file says why."),
    ExitCode.TERMINAL_GONE: N_("The terminal went away: its window was closed, or the connection dropped."),
    ExitCode.INTERRUPTED: N_("Interrupted by SIGINT or SIGTERM."),
}
