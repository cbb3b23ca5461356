"""Input and output that is not UTF-8."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable


def is_text(value: str) -> bool:
    """Whether ``value`` can be encoded as UTF-8: invalid bytes arrive as lone surrogates."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def first_unreadable(arguments: Iterable[str]) -> str | None:
    """The first argument that is not UTF-8, in printable form."""
    wrong = next((argument for argument in arguments if not is_text(argument)), None)
    return (
        None
        if wrong is None
        else wrong.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    )


def print_whatever_comes() -> None:
    """Make standard output and error replace unencodable characters instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
