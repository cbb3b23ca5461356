"""The exit codes of every `salesmind` command, the console included."""

from enum import IntEnum


class ExitCode(IntEnum):
    """What a script may rely on."""

    OK = 0
    CHECK_FAILED = 1
    USAGE = 2
    """Wrong arguments or configuration."""
    CONNECTION = 3
    """The server could not be reached, or refused us."""
    TIMEOUT = 4
    CRASHED = 70
    """A fault of the console itself; the log file has it. sysexits.h: EX_SOFTWARE."""
    TERMINAL_GONE = 129
    """The terminal hung up: 128 and SIGHUP."""
    INTERRUPTED = 130
