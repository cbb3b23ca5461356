"""The line of a key in a TOML text. Pure.

``tomllib`` keeps no positions and neither does tomlkit, so the parser itself is asked: the key is defined by the first
statement with which the text so far, parsed, has it. Dotted and quoted keys, inline tables, arrays of tables and texts
that only look like keys are therefore understood as the parser understands them.
"""

from __future__ import annotations

import bisect
import re
import tomllib
from typing import Any

KeyPath = tuple[str | int, ...]
"""Such as ``("profiles", 1, "name")``."""


def line_of(text: str, path: KeyPath) -> int | None:
    """The line, from 1, on which valid TOML ``text`` defines ``path``; None if it does not."""
    lines = text.replace("\r\n", "\n").split("\n")
    starts = _statements(lines)
    ends = [*starts[1:], len(lines)]
    number = bisect.bisect_left(ends, True, key=lambda end: _has("\n".join(lines[:end]), path))
    if number == len(ends):
        return None
    # An array may go over several lines: closed early, it shows with which of them the key comes.
    first, last = starts[number], ends[number]
    for end in range(first + 1, last):
        if _has("\n".join([*lines[:end], "]"]), path):
            return end
    return first + 1


def syntax_error_line(error: Exception, text: str) -> int | None:
    """The line that a ``TOMLDecodeError`` names; the last one for an error at the end of the document."""
    if found := re.search(r"at line (\d+), column \d+\)$", str(error)):
        return int(found[1])
    return text.count("\n") + 1 if "at end of document" in str(error) else None


def _statements(lines: list[str]) -> list[int]:
    """The index of the first line of each statement: one is complete when it can be parsed by itself."""
    starts: list[int] = []
    begin = 0
    for end in range(1, len(lines) + 1):
        if _parsed("\n".join(lines[begin:end])) is not None:
            if lines[begin].strip() and not lines[begin].lstrip().startswith("#"):
                starts.append(begin)
            begin = end
    return starts


def _has(text: str, path: KeyPath) -> bool:
    value: Any = _parsed(text)
    for part in path:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return False
    return True


def _parsed(text: str) -> dict[str, Any] | None:
    try:
        return tomllib.loads(text)
    except ValueError:
        return None
