"""What a terminal and a shell may hand over or show that is not UTF-8."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable


def is_text(value: str) -> bool:
    """Whether ``value`` can be written as UTF-8: bytes that are none come as halves of surrogate pairs."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def first_unreadable(arguments: Iterable[str]) -> str | None:
    """The first argument that is not UTF-8, as it can be shown."""
    wrong = next((argument for argument in arguments if not is_text(argument)), None)
    return (
        None
        if wrong is None
        else wrong.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    )


def print_whatever_comes() -> None:
    """Let standard output and error replace what the terminal's encoding does not have, rather than fail."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
