"""TOML whose mistakes have a line, also those that are none of syntax. Pure.

``tomllib`` names the line of a syntax error but keeps none for what it has read, so the line of a value is
looked for when there is something to say about it.
"""

from __future__ import annotations

import re
import tomllib
from typing import Any

Path = tuple[str | int, ...]
"""Where a value stands, such as ``("topics", 3, "answers", 0, "text")``."""


class FieldError(Exception):
    """The value at ``path`` cannot be used; ``message`` says why."""

    def __init__(self, path: Path, message: str) -> None:
        super().__init__(message)
        self.path = path
        self.message = message


def field(table: Any, path: Path, name: str, kind: type, default: Any = None) -> Any:
    """``table[name]``, which is to be a ``kind``; ``default`` where it is absent and there is one.

    Raises ``FieldError``.
    """
    if not isinstance(table, dict):
        raise FieldError(path, "a table is expected here")
    if name not in table:
        if default is not None:
            return default
        raise FieldError(path, f"'{name}' is missing")
    value = table[name]
    if not isinstance(value, kind) or (kind is not bool and isinstance(value, bool)):
        raise FieldError((*path, name), f"'{name}' is to be {_KINDS.get(kind, kind.__name__)}")
    return value


_KINDS = {str: "a text", list: "an array", int: "an integer", float: "a number", bool: "true or false"}


def texts(table: Any, path: Path, name: str, default: Any = None) -> list[str]:
    """``table[name]``, an array of texts. Raises ``FieldError``."""
    values: list[str] = field(table, path, name, list, default)
    for index, value in enumerate(values):
        if not isinstance(value, str):
            raise FieldError((*path, name, index), f"'{name}' is to be an array of texts")
    return values


def syntax_error(error: tomllib.TOMLDecodeError, text: str) -> str:
    """What ``tomllib`` says of ``text``, always with a line."""
    return str(error).replace("at end of document", f"at line {len(text.splitlines())}, the end of the file")


def line_of(text: str, path: Path) -> int:
    """The line (from 1) of TOML ``text`` that holds the value at ``path``, or the nearest thing before it."""
    lines = text.splitlines()
    first, last = 0, len(lines)
    names = list(path)
    if len(names) > 1 and isinstance(names[1], int):
        starts = _table_starts(lines, str(names[0]))
        if names[1] < len(starts):
            first = starts[names[1]]
            last = next(iter(starts[names[1] + 1 :]), last)
        names = names[2:]
    else:
        last = next((n for n, line in enumerate(lines) if line.startswith("[")), last)
    if names and isinstance(names[0], str):
        key = re.compile(rf"\s*[\"']?{re.escape(names[0])}[\"']?\s*=")
        first = next((n for n in range(first, last) if key.match(lines[n])), first)
        if len(names) > 1 and isinstance(names[1], int):
            elements = [n for n in range(first, last) if lines[n].lstrip().startswith("{")]
            first = elements[names[1]] if names[1] < len(elements) else first
    return first + 1


def _table_starts(lines: list[str], name: str) -> list[int]:
    header = re.compile(rf"\s*\[\[\s*{re.escape(name)}\s*\]\]")
    return [n for n, line in enumerate(lines) if header.match(line) and _stands_alone(lines[:n])]


def _stands_alone(before: list[str]) -> bool:
    """Whether what comes before is complete, so that the next line is not inside a text or an array."""
    try:
        tomllib.loads("\n".join(before))
    except tomllib.TOMLDecodeError:
        return False
    return True
