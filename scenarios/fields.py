"""What kinds of values the fields of a file take: one declaration for checking it and for its JSON schema. Pure."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

KeyPath = tuple[str | int, ...]
"""Such as ``("turns", 1, "expect", "answered_within_ms")``."""


class MistakeCode(StrEnum):
    """What can be wrong with a field; the console has a sentence for each."""

    UNKNOWN_FIELD = "scenario_unknown_field"
    MISSING = "scenario_missing"
    NOT_TEXT = "scenario_not_text"
    NOT_TEXTS = "scenario_not_texts"
    NOT_A_CHOICE = "scenario_not_a_choice"
    NOT_NUMBER = "scenario_not_number"
    NOT_INTEGER = "scenario_not_integer"
    NOT_EVEN = "scenario_not_even"
    OUT_OF_RANGE = "scenario_out_of_range"
    NOT_FLAG = "scenario_not_flag"
    NOT_TABLE = "scenario_not_table"
    NOT_TABLES = "scenario_not_tables"
    ONE_ACTION = "scenario_one_action"
    NOTHING_TO_INTERRUPT = "scenario_nothing_to_interrupt"
    ONE_WAY_TO_INTERRUPT = "scenario_one_way_to_interrupt"
    NEEDS = "scenario_needs"
    NOTHING_EXPECTED = "scenario_nothing_expected"
    BAD_PATTERN = "scenario_bad_pattern"
    NO_SUCH_FILE = "scenario_no_such_file"
    NO_SUCH_SAMPLE = "scenario_no_such_sample"


@dataclass(frozen=True, slots=True)
class Mistake:
    """A field that cannot be used. ``params``: what the sentence of ``code`` needs."""

    path: KeyPath
    code: MistakeCode
    params: Mapping[str, str] = field(default_factory=dict)


Schema = dict[str, Any]


class Kind(Protocol):
    """What a field takes."""

    def mistakes(self, value: Any, path: KeyPath) -> Iterator[Mistake]:
        """What is wrong with ``value``, which stands at ``path``."""
        ...

    def schema(self) -> Schema:
        """The same as JSON Schema (2020-12)."""
        ...


@dataclass(frozen=True, slots=True)
class Text:
    """A text that is not blank; ``choices``: one of these."""

    choices: tuple[str, ...] = ()

    def mistakes(self, value: Any, path: KeyPath) -> Iterator[Mistake]:
        """Not a text, blank, or none of the choices."""
        if not isinstance(value, str) or not value.strip():
            yield Mistake(path, MistakeCode.NOT_TEXT)
        elif self.choices and value not in self.choices:
            yield Mistake(path, MistakeCode.NOT_A_CHOICE, {"choices": ", ".join(self.choices)})

    def schema(self) -> Schema:
        """A string."""
        if self.choices:
            return {"type": "string", "enum": list(self.choices)}
        return {"type": "string", "pattern": r"\S"}


@dataclass(frozen=True, slots=True)
class Number:
    """A number within ``low`` and ``high``, both included."""

    low: float
    high: float
    whole: bool = False
    even: bool = False

    def mistakes(self, value: Any, path: KeyPath) -> Iterator[Mistake]:
        """Not a number, or out of range."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            yield Mistake(path, MistakeCode.NOT_INTEGER if self.whole else MistakeCode.NOT_NUMBER)
        elif self.whole and (not math.isfinite(value) or int(value) != value):
            yield Mistake(path, MistakeCode.NOT_INTEGER)
        elif not self.low <= value <= self.high:
            yield Mistake(path, MistakeCode.OUT_OF_RANGE, {"low": f"{self.low:g}", "high": f"{self.high:g}"})
        elif self.even and value % 2:
            yield Mistake(path, MistakeCode.NOT_EVEN)

    def schema(self) -> Schema:
        """A number with bounds."""
        kind = "integer" if self.whole else "number"
        bounds: Schema = {"type": kind, "minimum": self.low, "maximum": self.high}
        return bounds | {"multipleOf": 2} if self.even else bounds


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false."""

    def mistakes(self, value: Any, path: KeyPath) -> Iterator[Mistake]:
        """Anything else."""
        if not isinstance(value, bool):
            yield Mistake(path, MistakeCode.NOT_FLAG)

    def schema(self) -> Schema:
        """A boolean."""
        return {"type": "boolean"}


@dataclass(frozen=True, slots=True)
class Texts:
    """A list of texts; ``or_one``: or a single text."""

    or_one: bool = True

    def mistakes(self, value: Any, path: KeyPath) -> Iterator[Mistake]:
        """Something else, or an empty list."""
        one = self.or_one and isinstance(value, str)
        texts = [value] if one else value
        if not isinstance(texts, list) or not texts:
            yield Mistake(path, MistakeCode.NOT_TEXTS)
            return
        for number, text in enumerate(texts):
            yield from Text().mistakes(text, path if one else (*path, number))

    def schema(self) -> Schema:
        """A non-empty array of strings."""
        many = {"type": "array", "items": Text().schema(), "minItems": 1}
        return {"anyOf": [Text().schema(), many]} if self.or_one else many


@dataclass(frozen=True, slots=True)
class Field:
    """One key of a table."""

    name: str
    kind: Kind
    ja: str
    en: str
    default: Any = None
    """What holds without it; for the documentation."""
    required: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table with these keys and no others; ``or_text``: or a single text."""

    fields: tuple[Field, ...]
    or_text: bool = False
    also: Schema = field(default_factory=dict)
    """More of the schema: what is checked across fields, elsewhere."""

    def mistakes(self, value: Any, path: KeyPath) -> Iterator[Mistake]:
        """Something else, unknown keys, missing keys, and whatever is wrong with the values."""
        if self.or_text and isinstance(value, str):
            yield from Text().mistakes(value, path)
            return
        if not isinstance(value, dict):
            yield Mistake(path, MistakeCode.NOT_TABLE)
            return
        known = {one.name: one for one in self.fields}
        for name, inner in value.items():
            if name in known:
                yield from known[name].kind.mistakes(inner, (*path, name))
            else:
                yield Mistake((*path, name), MistakeCode.UNKNOWN_FIELD, _instead(name, list(known)))
        for one in self.fields:
            if one.required and one.name not in value:
                yield Mistake(path, MistakeCode.MISSING, {"field": one.name})

    def schema(self) -> Schema:
        """An object without additional properties."""
        made: Schema = {
            "type": "object",
            "properties": {one.name: one.kind.schema() | _notes(one) for one in self.fields},
            "additionalProperties": False,
        }
        if required := [one.name for one in self.fields if one.required]:
            made["required"] = required
        made |= self.also
        return {"anyOf": [Text().schema(), made]} if self.or_text else made


@dataclass(frozen=True, slots=True)
class Tables:
    """At least one table of the same kind."""

    of: Table

    def mistakes(self, value: Any, path: KeyPath) -> Iterator[Mistake]:
        """Something else, and whatever is wrong with each."""
        if not isinstance(value, list) or not value:
            yield Mistake(path, MistakeCode.NOT_TABLES)
            return
        for number, one in enumerate(value):
            yield from self.of.mistakes(one, (*path, number))

    def schema(self) -> Schema:
        """A non-empty array of objects."""
        return {"type": "array", "items": self.of.schema(), "minItems": 1}


def _notes(one: Field) -> Schema:
    notes: Schema = {"description": one.en}
    return notes if one.default is None else notes | {"default": one.default}


def _instead(name: str, known: Sequence[str]) -> dict[str, str]:
    close = difflib.get_close_matches(name, known, n=1)
    return {"close": close[0] if close else "", "fields": ", ".join(known)}
