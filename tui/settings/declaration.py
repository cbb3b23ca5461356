"""How a setting is declared: once, as a field of a dataclass.

The field gives name, type and default; ``option`` adds the documentation and the constraints.
Everything else is derived: reading and checking the file, environment variables, flags of the command line, `salesmind
config`, and the tables of ``docs/configuration.md``.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar, Union, cast

from tui.i18n import N_, _

Value = TypeVar("Value")

_OPTION = "option"
_TRUE = ("1", "true", "yes", "on", "y", "t")
_FALSE = ("0", "false", "no", "off", "n", "f")
_KINDS: dict[type, str] = {
    bool: N_("true or false"),
    int: N_("a whole number"),
    float: N_("a number"),
    str: N_("text in quotes"),
}


class Check(Protocol):
    """A rule beyond the type."""

    def problem(self, value: Any) -> str | None:
        """What is wrong with ``value``, in the current language, or None."""
        ...


@dataclass(frozen=True, slots=True)
class Between:
    """A number from ``low`` to ``high``, both included."""

    low: float
    high: float

    def problem(self, value: Any) -> str | None:
        """States the bounds."""
        if self.low <= value <= self.high:
            return None
        return _("must be between {low} and {high}.").format(low=f"{self.low:g}", high=f"{self.high:g}")


class Even:
    """A number of bytes that holds whole PCM16 samples."""

    def problem(self, value: Any) -> str | None:
        """Why an odd number is refused."""
        return _("must be even: PCM16 has two bytes per sample.") if value % 2 else None


class HttpUrl:
    """The address of a server."""

    def problem(self, value: Any) -> str | None:
        """How an address begins, for one that does not."""
        good = str(value).startswith(("http://", "https://"))
        return None if good else _("must begin with http:// or https://.")


@dataclass(frozen=True, slots=True)
class Option:
    """One setting, complete."""

    table: str
    """Its table in the file; empty: at the top."""
    name: str
    kind: type
    """bool, int, float or str; a path is text."""
    choices: tuple[str, ...]
    """Empty: any value that passes the checks."""
    default: Any
    required: bool
    doc: str
    """English, marked for translation."""
    variable: str | None
    """The environment variable that sets it."""
    flag: str | None
    """The command-line option that sets it."""
    metavar: str | None
    checks: tuple[Check, ...]
    in_file: bool
    formerly: str | None
    """Its top-level name in files from an earlier version."""

    @property
    def key(self) -> str:
        """Its name in `salesmind config` and in the documentation, such as ``audio.sink``."""
        return f"{self.table}.{self.name}" if self.table else self.name

    def problem(self, value: Any) -> str | None:
        """What is wrong with ``value``, in the current language, or None."""
        accepted = (int, float) if self.kind is float else self.kind
        if not isinstance(value, accepted) or (isinstance(value, bool) and self.kind is not bool):
            return _("must be {kind}.").format(kind=_(_KINDS[self.kind]))
        if self.choices and value not in self.choices:
            return _("must be one of {names}.").format(names=", ".join(self.choices))
        return next((found for check in self.checks if (found := check.problem(value))), None)

    def from_text(self, raw: str) -> Any:
        """The value in ``raw``, unchecked. Raises ``ValueError`` with a sentence."""
        if self.kind is bool:
            word = raw.strip().lower()
            if word not in _TRUE + _FALSE:
                raise ValueError(_("{value} is neither true nor false.").format(value=repr(raw)))
            return word in _TRUE
        if self.kind is str:
            return raw
        try:
            return self.kind(raw)
        except ValueError:
            sentence = (
                _("{value} is not a whole number.") if self.kind is int else _("{value} is not a number.")
            )
            raise ValueError(sentence.format(value=repr(raw))) from None


def option(
    default: Value,
    doc: str,
    *checks: Check,
    variable: str | None = None,
    flag: str | None = None,
    metavar: str | None = None,
    in_file: bool = True,
    formerly: str | None = None,
) -> Value:
    """A dataclass field that is a setting. ``doc`` is marked with ``N_``."""
    declared = _declared(doc, checks, variable, flag, metavar, in_file=in_file, formerly=formerly)
    return field(default=default, metadata={_OPTION: declared})


def required(doc: str, *checks: Check, metavar: str | None = None) -> Any:
    """A dataclass field that must be given in the file."""
    return field(metadata={_OPTION: _declared(doc, checks, None, None, metavar, in_file=True)})


def _declared(
    doc: str,
    checks: tuple[Check, ...],
    variable: str | None,
    flag: str | None,
    metavar: str | None,
    *,
    in_file: bool,
    formerly: str | None = None,
) -> dict[str, Any]:
    return {
        "doc": doc,
        "formerly": formerly,
        "checks": checks,
        "variable": variable,
        "flag": flag,
        "metavar": metavar,
        "in_file": in_file,
    }


def options_of(kind: type[Any], table: str = "") -> Iterator[Option]:
    """The settings among the fields of dataclass ``kind``, the file's ``table``."""
    hints = typing.get_type_hints(kind)
    for one in dataclasses.fields(kind):
        declared = one.metadata.get(_OPTION)
        if declared is None:
            continue
        value_type, choices = _plain(hints[one.name])
        required = one.default is dataclasses.MISSING
        yield Option(
            table=table,
            name=one.name,
            kind=value_type,
            choices=choices,
            default=None if required else one.default,
            required=required,
            **declared,
        )


def _plain(hint: Any) -> tuple[type, tuple[str, ...]]:
    """What the file holds for a field of type ``hint``: the plain type, and the choices of a literal."""
    if typing.get_origin(hint) in (Union, types.UnionType):
        hint = next(part for part in typing.get_args(hint) if part is not type(None))
    if typing.get_origin(hint) is Literal:
        return str, typing.get_args(hint)
    return (str if hint is Path else cast(type, hint)), ()
