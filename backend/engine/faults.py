"""Faults on request, as data: what goes wrong, on which connection, and when. Pure.

[[faults]]
kind = "stall"
seconds = 5
after_events = 20
connections = [2]
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from backend.engine import toml_lines
from backend.engine.json_text import whole_text
from backend.engine.toml_lines import FieldError, Path, field

_WHEN = ("connections", "after_s", "after_events")
OPTIONS: Mapping[str, tuple[str, ...]] = {
    "close": (*_WHEN, "close_code", "reason"),
    "abort": _WHEN,
    "half_open": _WHEN,
    "stall": (*_WHEN, "seconds"),
    "delay": (*_WHEN, "seconds", "delay_ms", "jitter_ms"),
    "malformed": _WHEN,
    "unknown_event": _WHEN,
    "binary": _WHEN,
    "error": (*_WHEN, "code", "message", "error_type"),
    "response_failed": (*_WHEN, "code", "message"),
    "response_incomplete": (*_WHEN, "reason"),
    "rate_limit": (*_WHEN, "message"),
    "expire": _WHEN,
    "refuse": ("connections", "status"),
}
"""The kinds of faults, and the parameters of each."""
_REQUIRED = {"stall": ("seconds",), "error": ("code",), "refuse": ("status",)}
_STATUSES = (401, 403, 429, 500)
_INCOMPLETE = ("max_output_tokens", "content_filter")


class FaultError(Exception):
    """An invalid fault; the message says which and why, with the line if there is one."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. Without ``after_s`` and ``after_events`` it happens as soon as the session is open.

    ``connections`` are counted from 1 over the life of the engine; empty: each. ``after_s`` counts from the
    opening of the session, ``after_events`` the events sent in it. ``seconds`` is how long it lasts (0 for a
    delay: for good).
    """

    kind: str
    connections: tuple[int, ...] = ()
    after_s: float = 0.0
    after_events: int = 0
    seconds: float = 0.0
    delay_ms: int = 0
    jitter_ms: int = 0
    close_code: int = 1000
    reason: str = ""
    code: str = ""
    message: str = ""
    error_type: str = "invalid_request_error"
    status: int = 0

    def on(self, connection: int) -> bool:
        """Whether this is for the ``connection``-th connection."""
        return not self.connections or connection in self.connections

    def as_table(self) -> dict[str, Any]:
        """The fault as it may be written, without what is left at its default."""
        usual = {item.name: item.default for item in fields(self)}
        return {name: value for name, value in asdict(self).items() if value != usual[name]}


def read_faults(text: str, name: str = "faults") -> list[Fault]:
    """The ``[[faults]]`` of a TOML text. Raises ``FaultError`` naming ``name`` and the line."""
    try:
        return _faults(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise FaultError(f"{name}: {toml_lines.syntax_error(error, text)}") from error
    except FieldError as error:
        line = toml_lines.line_of(text, error.path)
        raise FaultError(f"{name}, line {line}: {error.message}") from error


def _faults(data: dict[str, Any]) -> list[Fault]:
    if unknown := data.keys() - {"faults"}:
        raise FieldError((min(unknown),), f"'{min(unknown)}' is not known here; write [[faults]]")
    return [fault_of(table, ("faults", n)) for n, table in enumerate(field(data, (), "faults", list, []))]


def parse_fault(text: str) -> Fault:
    """A fault in one word, such as ``stall:seconds=5,connections=2+3``. Raises ``FaultError``."""
    kind, _, given = whole_text(text).partition(":")  # an argument need not be UTF-8
    table: dict[str, Any] = {"kind": kind.strip()}
    for pair in filter(None, given.split(",")):
        key, equals, value = (part.strip() for part in pair.partition("="))
        if not equals:
            raise FaultError(f"--fault {text}: write NAME=VALUE, not '{pair.strip()}'")
        try:
            table[key] = [int(n) for n in value.split("+")] if key == "connections" else _number(value)
        except ValueError as error:
            raise FaultError(f"--fault {text}: connections are numbers, as in connections=2+3") from error
    try:
        return fault_of(table, ())
    except FieldError as error:
        raise FaultError(f"--fault {text}: {error.message}") from error


def fault_of(table: Any, path: Path) -> Fault:
    """The fault that ``table`` describes. Raises ``FieldError`` with a path that begins with ``path``."""
    kind = field(table, path, "kind", str)
    if kind not in OPTIONS:
        raise FieldError((*path, "kind"), f"there is no fault '{kind}'; there are {', '.join(OPTIONS)}")
    given = {name: value for name, value in table.items() if name != "kind"}
    for name in given:
        if name not in OPTIONS[kind]:
            allowed = ", ".join(OPTIONS[kind])
            raise FieldError((*path, name), f"'{name}' says nothing of '{kind}'; it may have {allowed}")
    for name in _REQUIRED.get(kind, ()):
        if name not in given:
            raise FieldError(path, f"'{kind}' needs '{name}'")
    fault = Fault(kind, **{name: _value(given, path, name) for name in given})
    _check(fault, path)
    return fault


def _value(table: dict[str, Any], path: Path, name: str) -> Any:
    if name == "connections":
        numbers = field(table, path, name, list)
        if not all(isinstance(n, int) and not isinstance(n, bool) and n >= 1 for n in numbers):
            raise FieldError((*path, name), "'connections' are numbers from 1")
        return tuple(numbers)
    usual = next(item.default for item in fields(Fault) if item.name == name)
    if isinstance(usual, float) and isinstance(table[name], int) and not isinstance(table[name], bool):
        return _not_negative(float(table[name]), path, name)
    value = field(table, path, name, type(usual))
    return value if isinstance(value, str) else _not_negative(value, path, name)


def _not_negative(value: float, path: Path, name: str) -> float:
    if not 0 <= value <= 1_000_000:
        raise FieldError((*path, name), f"'{name}' is to be between 0 and 1000000")
    return value


def _check(fault: Fault, path: Path) -> None:
    if fault.after_s and fault.after_events:
        raise FieldError((*path, "after_events"), "give 'after_s' or 'after_events', not both")
    if fault.kind == "refuse" and fault.status not in _STATUSES:
        raise FieldError((*path, "status"), "'status' is one of " + ", ".join(map(str, _STATUSES)))
    if fault.kind == "response_incomplete" and fault.reason and fault.reason not in _INCOMPLETE:
        raise FieldError((*path, "reason"), "'reason' is one of " + ", ".join(_INCOMPLETE))
    sendable = fault.close_code in (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1011, 1012, 1013, 1014)
    if not sendable and not 3000 <= fault.close_code <= 4999:
        raise FieldError((*path, "close_code"), f"{fault.close_code} is no code that a server may close with")
    if len(fault.reason.encode()) > 123:
        raise FieldError((*path, "reason"), "'reason' has more than the 123 bytes of a close frame")


def _number(text: str) -> int | float | str:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
