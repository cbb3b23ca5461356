"""Shapes that JSON from a client may have: what checks a field also says what it takes, for the documentation. Pure.

A shape is checked strictly, as OpenAI is understood to check it, or leniently: then what is marked ``strict`` passes.
The codes and the form of the messages are those seen from OpenAI; ``param`` is the dotted path of the field.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from backend.engine.protocol import ProtocolError

Effect = Literal["honoured", "no effect"]


def invalid_value(path: str, message: str) -> ProtocolError:
    """An ``invalid_value`` error for the field at ``path``."""
    return ProtocolError("invalid_value", f"Invalid value for '{path}': {message}", path)


def invalid_type(path: str, expected: str) -> ProtocolError:
    """An ``invalid_type`` error for the field at ``path``."""
    return ProtocolError("invalid_type", f"Invalid type for '{path}': expected {expected}.", path)


def missing(path: str) -> ProtocolError:
    """A ``missing_required_parameter`` error for the field at ``path``."""
    return ProtocolError("missing_required_parameter", f"Missing required parameter: '{path}'.", path)


def unknown(path: str) -> ProtocolError:
    """An ``unknown_parameter`` error for the field at ``path``."""
    return ProtocolError("unknown_parameter", f"Unknown parameter: '{path}'.", path)


def listed(choices: tuple[str, ...]) -> str:
    """``'a', 'b', and 'c'``."""
    quoted = [f"'{choice}'" for choice in choices]
    if len(quoted) < 3:
        return " and ".join(quoted)
    return ", ".join(quoted[:-1]) + f", and {quoted[-1]}"


class Shape(Protocol):
    """What the value of a field may be."""

    def check(self, value: Any, path: str, strict: bool) -> None:
        """Raise ``ProtocolError`` naming ``path``, or a path below it, when ``value`` has not this shape."""

    def says(self) -> str:
        """What is accepted, in a few words of Markdown."""


@dataclass(frozen=True, slots=True)
class Text:
    """A string. ``pattern`` and ``longest`` are ``strict``."""

    longest: int | None = None
    pattern: str | None = None
    form: str = ""
    """What the pattern means, in words."""

    def check(self, value: Any, path: str, strict: bool) -> None:
        """As ``Shape.check``."""
        if not isinstance(value, str):
            raise invalid_type(path, "a string")
        if not strict:
            return
        if self.longest is not None and len(value) > self.longest:
            message = (
                f"Invalid '{path}': string too long. Expected a string with maximum length {self.longest}, "
                f"but got a string with length {len(value)} instead."
            )
            raise ProtocolError("string_above_max_length", message, path)
        if self.pattern is not None and not re.fullmatch(self.pattern, value):
            message = (
                f"Invalid '{path}': string does not match pattern. Expected a string that matches the pattern "
                f"'^{self.pattern}$'."
            )
            raise ProtocolError("invalid_value", message, path)

    def says(self) -> str:
        """As ``Shape.says``."""
        limit = f" of up to {self.longest} characters" if self.longest else ""
        return (self.form or "text") + limit


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few strings. ``open_if_lenient``: any other as well, where the check is lenient."""

    choices: tuple[str, ...]
    open_if_lenient: bool = False

    def check(self, value: Any, path: str, strict: bool) -> None:
        """As ``Shape.check``."""
        if not strict and self.open_if_lenient and isinstance(value, str):
            return
        if value not in self.choices:
            supported = f"Supported values are: {listed(self.choices)}."
            raise ProtocolError("invalid_value", f"Invalid value for '{path}'. {supported}", path)

    def says(self) -> str:
        """As ``Shape.says``."""
        return ", ".join(f"`{choice}`" for choice in self.choices)


@dataclass(frozen=True, slots=True)
class Number:
    """A number between two others."""

    low: float
    high: float

    def check(self, value: Any, path: str, strict: bool) -> None:
        """As ``Shape.check``."""
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise invalid_type(path, "a number")
        if not self.low <= value <= self.high:
            raise invalid_value(path, f"expected a number between {self.low:g} and {self.high:g}.")

    def says(self) -> str:
        """As ``Shape.says``."""
        return f"{self.low:g} to {self.high:g}"


@dataclass(frozen=True, slots=True)
class Integer:
    """A whole number between two others; ``word`` may stand in its place."""

    low: int
    high: int | None = None
    word: str | None = None

    def check(self, value: Any, path: str, strict: bool) -> None:
        """As ``Shape.check``."""
        if self.word is not None and value == self.word:
            return
        if not isinstance(value, int) or isinstance(value, bool):
            raise invalid_type(path, "an integer")
        if value < self.low or (self.high is not None and value > self.high):
            upper = f"between {self.low} and {self.high}" if self.high is not None else f">= {self.low}"
            raise invalid_value(path, f"expected an integer {upper}.")

    def says(self) -> str:
        """As ``Shape.says``."""
        numbers = f"{self.low} to {self.high}" if self.high is not None else f"{self.low} or more"
        return f"{numbers}, `{self.word}`" if self.word else numbers


@dataclass(frozen=True, slots=True)
class Boolean:
    """True or false."""

    def check(self, value: Any, path: str, strict: bool) -> None:
        """As ``Shape.check``."""
        if not isinstance(value, bool):
            raise invalid_type(path, "a boolean")

    def says(self) -> str:
        """As ``Shape.says``."""
        return "true, false"


@dataclass(frozen=True, slots=True)
class Anything:
    """Any JSON."""

    def check(self, value: Any, path: str, strict: bool) -> None:
        """Nothing is refused."""

    def says(self) -> str:
        """As ``Shape.says``."""
        return "anything"


@dataclass(frozen=True, slots=True)
class Rule:
    """A shape with one more rule. ``strict``: the rule is left out where the check is lenient."""

    shape: Shape
    rule: Callable[[Any, str], None]
    words: str
    strict: bool = True

    def check(self, value: Any, path: str, strict: bool) -> None:
        """As ``Shape.check``."""
        self.shape.check(value, path, strict)
        if strict or not self.strict:
            self.rule(value, path)

    def says(self) -> str:
        """As ``Shape.says``."""
        return self.words


@dataclass(frozen=True, slots=True)
class Items:
    """A list of values of one shape."""

    shape: Shape

    def check(self, value: Any, path: str, strict: bool) -> None:
        """As ``Shape.check``."""
        if not isinstance(value, list):
            raise invalid_type(path, "an array")
        for index, item in enumerate(value):
            self.shape.check(item, f"{path}[{index}]", strict)

    def says(self) -> str:
        """As ``Shape.says``."""
        return f"list of {self.shape.says()}"


@dataclass(frozen=True, slots=True)
class Map:
    """An object with keys of the client's own."""

    def check(self, value: Any, path: str, strict: bool) -> None:
        """As ``Shape.check``."""
        if not isinstance(value, dict):
            raise invalid_type(path, "an object")

    def says(self) -> str:
        """As ``Shape.says``."""
        return "object"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an object, and what the engine does with it.

    ``required``: ``strict`` where a lenient check does without. ``null`` is accepted as well where it says so.
    """

    shape: Shape
    effect: Effect = "honoured"
    required: Literal["always", "strict", "no"] = "no"
    null: bool = False
    note: str = ""

    def check(self, value: Any, path: str, strict: bool) -> None:
        """Raise ``ProtocolError`` when ``value`` is not acceptable."""
        if value is not None or not self.null:
            self.shape.check(value, path, strict)


@dataclass(frozen=True, slots=True)
class Object:
    """An object with these fields. ``open_if_lenient``: others pass where the check is lenient."""

    fields: Mapping[str, Field]
    open_if_lenient: bool = False

    def check(self, value: Any, path: str, strict: bool) -> None:
        """As ``Shape.check``."""
        if not isinstance(value, dict):
            raise invalid_type(path or "body", "an object")
        for key, field in self.fields.items():
            if key not in value and (field.required == "always" or (strict and field.required == "strict")):
                raise missing(within(path, key))
        for key, item in value.items():
            if key in self.fields:
                self.fields[key].check(item, within(path, key), strict)
            elif strict or not self.open_if_lenient:
                raise unknown(within(path, key))

    def says(self) -> str:
        """As ``Shape.says``."""
        return "object"


@dataclass(frozen=True, slots=True)
class Variants:
    """Objects told apart by one of their fields, ``key``; ``usual`` where a lenient check finds none there."""

    key: str
    objects: Mapping[str, Object]
    usual: str | None = None

    def check(self, value: Any, path: str, strict: bool) -> None:
        """As ``Shape.check``."""
        if not isinstance(value, dict):
            raise invalid_type(path, "an object")
        kind = value.get(self.key, None if strict else self.usual)
        if kind is None:
            raise missing(within(path, self.key))
        Choice(tuple(self.objects)).check(kind, within(path, self.key), strict)
        self.objects[kind].check(value, path, strict)

    def says(self) -> str:
        """As ``Shape.says``."""
        return "object"


@dataclass(frozen=True, slots=True)
class Either:
    """An object, or something that is none."""

    plain: Shape
    structured: Shape

    def check(self, value: Any, path: str, strict: bool) -> None:
        """As ``Shape.check``."""
        (self.structured if isinstance(value, dict) else self.plain).check(value, path, strict)

    def says(self) -> str:
        """As ``Shape.says``."""
        return f"{self.plain.says()}, {self.structured.says()}"


def within(path: str, key: str) -> str:
    """The path of a field of the object at ``path``; at the top, where that is empty, its own name."""
    return f"{path}.{key}" if path else key
