"""The exit codes of every `salesmind` command."""

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
    INTERRUPTED = 130
