"""A function's arguments, from its JSON schema and the words of the turn. Pure.

A model understands speech; this looks for values of the kind that each property needs: members of an enum,
numbers, dates, names, places, codes. A required value that is not found gets the plainest one the schema allows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from backend.engine.dates import date_in, spans, time_in
from backend.engine.figures import Figure, figures, normalised
from backend.engine.spoken_values import EMAIL, UUID, Kind, kind_of, mentions, spoken_value

Schema = Mapping[str, Any]

_DEEPEST = 8
"""Recursion limit for schemas that refer to themselves."""
_MOST_ITEMS = 16
_LONGEST_TEXT = 1_000
_NO = re.compile(r"\b(?:no|not|never|without|don't|doesn't|isn't)\b|ない|なし|不要|いりません|ません", re.I)
_MISSING = object()


def arguments_for(schema: Schema | None, words: str, today: date) -> dict[str, Any]:
    """Arguments for a function with these ``parameters``; dates count from ``today``."""
    if not isinstance(schema, Mapping):
        return {}
    text = normalised(words)
    moments = spans(text)
    counting = [f for f in figures(text) if not any(start <= f.start < end for start, end in moments)]
    return _Filling(schema, text, today, counting).object(schema, 0)[0]


@dataclass(slots=True)
class _Filling:
    """One call being filled in; each figure in the words is used once."""

    root: Schema
    words: str
    today: date
    left: list[Figure] = field(default_factory=list)

    def object(self, schema: Schema, depth: int) -> tuple[dict[str, Any], bool]:
        """Values for the properties, and whether any came from the words."""
        properties = schema.get("properties")
        if not isinstance(properties, Mapping):
            return {}, False
        required = schema.get("required")
        needed = [name for name in required if isinstance(name, str)] if isinstance(required, list) else []
        plain = {name: self._plain(properties[name], depth) for name in properties}
        # Whoever is spoken of by name takes a figure first: "3 nights for 2 people".
        order = sorted(plain, key=lambda name: not mentions(name, plain[name], self.words))
        said = {name: self._said(name, plain[name], depth + 1) for name in order}
        values: dict[str, Any] = {}
        for name in properties:
            value = said[name]
            if value is _MISSING or "const" in plain[name]:
                value = self._unsaid(name, plain[name], name in needed, depth + 1)
            if value is not _MISSING:
                values[name] = value
        return values, any(value is not _MISSING for value in said.values())

    def _unsaid(self, name: str, schema: Schema, needed: bool, depth: int) -> Any:
        """A value of which the words say nothing; ``_MISSING`` when it may be left out."""
        if "const" in schema:
            return schema["const"]
        if not needed:
            return _MISSING
        if "default" in schema:
            return schema["default"]
        return None if _nullable(schema) else self._plainest(name, schema, depth)

    def _said(self, name: str, schema: Schema, depth: int) -> Any:
        """The value in the words."""
        choices = schema.get("enum")
        if isinstance(choices, list) and choices:
            return self._member(choices)
        match _type(schema):
            case "integer" | "number":
                return self._number(name, schema)
            case "boolean":
                return not _NO.search(self.words) if mentions(name, schema, self.words) else _MISSING
            case "array":
                return self._several(name, schema, depth)
            case "object":
                values, said = self.object(schema, depth) if depth < _DEEPEST else ({}, False)
                return values if said else _MISSING
            case "string":
                return self._text(name, schema)
        return _MISSING

    def _member(self, choices: Sequence[Any]) -> Any:
        lowered = self.words.lower()
        for choice in sorted(choices, key=lambda choice: -len(str(choice))):
            spelt = str(choice).lower()
            if spelt and any(_stands(form, lowered) for form in {spelt, re.sub(r"[_-]+", " ", spelt)}):
                return choice
        return _MISSING

    def _number(self, name: str, schema: Schema) -> Any:
        places = mentions(name, schema, self.words)
        fitting = [figure for figure in self.left if _within(figure.value, schema)]
        if not fitting:
            return _MISSING
        nearest = min(
            fitting, key=lambda figure: min((abs(figure.end - place) for place in places), default=0)
        )
        self.left.remove(nearest)
        return nearest.value

    def _several(self, name: str, schema: Schema, depth: int) -> Any:
        items = schema.get("items")
        item = self._plain(items, depth) if isinstance(items, Mapping) else {"type": "string"}
        limit = schema.get("maxItems")
        most = limit if isinstance(limit, int) else _MOST_ITEMS
        found: list[Any] = []
        if isinstance(choices := item.get("enum"), list):
            lowered = self.words.lower()
            found = [choice for choice in choices if _stands(str(choice).lower(), lowered)]
        elif depth < _DEEPEST:
            while len(found) < most and (one := self._said(name, item, depth + 1)) is not _MISSING:
                if one in found:
                    break
                found.append(one)
        return found[:most] if found else _MISSING

    def _text(self, name: str, schema: Schema) -> Any:
        if isinstance(pattern := schema.get("pattern"), str):
            return _matching(pattern, self.words)
        kind = kind_of(name, schema)
        if kind in (Kind.DATE, Kind.DATE_TIME, Kind.TIME):
            return self._moment(kind)
        value = spoken_value(kind, name, schema, self.words)
        return _MISSING if value is None or not _fits_length(value, schema) else value

    def _moment(self, kind: Kind) -> Any:
        day, hour = date_in(self.words, self.today), time_in(self.words)
        if kind is Kind.DATE:
            return _MISSING if day is None else day.isoformat()
        if kind is Kind.TIME:
            return _MISSING if hour is None else hour.isoformat()
        if day is None and hour is None:
            return _MISSING
        return datetime.combine(day or self.today, hour or time(9)).isoformat() + "Z"

    def _plainest(self, name: str, schema: Schema, depth: int) -> Any:
        """A neutral value that the schema allows."""
        choices = schema.get("enum")
        if isinstance(choices, list) and choices:
            return choices[0]
        match _type(schema):
            case "integer" | "number":
                return _least(schema)
            case "boolean":
                return False
            case "array":
                return self._plainest_items(name, schema, depth)
            case "object":
                return self.object(schema, depth)[0] if depth < _DEEPEST else {}
            case "null":
                return None
        return self._plainest_text(name, schema)

    def _plainest_items(self, name: str, schema: Schema, depth: int) -> list[Any]:
        items, least = schema.get("items"), schema.get("minItems", 0)
        if not isinstance(items, Mapping) or not isinstance(least, int) or depth >= _DEEPEST:
            return []
        return [
            self._unsaid(name, self._plain(items, depth), True, depth + 1)
            for _ in range(min(least, _MOST_ITEMS))
        ]

    def _plainest_text(self, name: str, schema: Schema) -> str:
        kind = kind_of(name, schema)
        exact = {
            Kind.DATE: self.today.isoformat(),
            Kind.DATE_TIME: f"{self.today.isoformat()}T09:00:00Z",
            Kind.TIME: "09:00:00",
            Kind.EMAIL: EMAIL,
            Kind.UUID: UUID,
            Kind.URL: "https://example.com/",
        }
        if kind in exact:
            return exact[kind]
        least, most = schema.get("minLength", 0), schema.get("maxLength")
        text = self.words.strip()[: most if isinstance(most, int) else None]
        return text.ljust(min(least, _LONGEST_TEXT) if isinstance(least, int) else 0, "-")

    def _plain(self, schema: Any, depth: int) -> Schema:
        """``schema`` without references and alternatives: the first that is not null."""
        for _ in range(_DEEPEST):
            if not isinstance(schema, Mapping):
                return {}
            if isinstance(reference := schema.get("$ref"), str):
                schema = {**_referred(self.root, reference), **_without(schema, "$ref")}
                continue
            kind = next((kind for kind in ("anyOf", "oneOf", "allOf") if _alternatives(schema, kind)), None)
            if kind is None:
                return schema
            options = _alternatives(schema, kind)
            if kind == "allOf":
                chosen = {key: value for option in options for key, value in option.items()}
            else:
                chosen = dict(next((o for o in options if o.get("type") != "null"), options[0]))
                if any(option.get("type") == "null" for option in options):
                    chosen["nullable"] = True
            schema = {**chosen, **_without(schema, kind)}
        return {}


def _alternatives(schema: Schema, kind: str) -> list[Schema]:
    given = schema.get(kind)
    return [option for option in given if isinstance(option, Mapping)] if isinstance(given, list) else []


def _without(schema: Schema, key: str) -> dict[str, Any]:
    return {name: value for name, value in schema.items() if name != key}


def _referred(root: Schema, reference: str) -> Schema:
    place: Any = root
    for name in reference.removeprefix("#/").split("/"):
        place = place.get(name) if isinstance(place, Mapping) else None
    return place if isinstance(place, Mapping) else {}


def _type(schema: Schema) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((name for name in kind if name != "null"), "null")
    if isinstance(kind, str):
        return kind
    return "object" if "properties" in schema else "array" if "items" in schema else "string"


def _nullable(schema: Schema) -> bool:
    kind = schema.get("type")
    return schema.get("nullable") is True or (isinstance(kind, list) and "null" in kind)


def _bounds(schema: Schema) -> tuple[float | None, float | None]:
    step = 1 if _type(schema) == "integer" else 1e-6
    low, above = _number_of(schema, "minimum"), _number_of(schema, "exclusiveMinimum")
    high, below = _number_of(schema, "maximum"), _number_of(schema, "exclusiveMaximum")
    return (low if above is None else above + step), (high if below is None else below - step)


def _number_of(schema: Schema, key: str) -> int | float | None:
    value = schema.get(key)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _within(value: float, schema: Schema) -> bool:
    low, high = _bounds(schema)
    step = _number_of(schema, "multipleOf")
    if _type(schema) == "integer" and not float(value).is_integer():
        return False
    if step and value % step:
        return False
    return (low is None or value >= low) and (high is None or value <= high)


def _least(schema: Schema) -> int | float:
    low, high = _bounds(schema)
    value = low if low is not None else min(0, high) if high is not None else 0
    if step := _number_of(schema, "multipleOf"):
        value = -(-value // step) * step
    return -(-value // 1) if _type(schema) == "integer" and not float(value).is_integer() else value


def _stands(spelt: str, lowered: str) -> bool:
    """Whether ``spelt`` is among the words: as whole words where it is written with letters."""
    if spelt.isascii():
        return re.search(rf"(?<![a-z0-9]){re.escape(spelt)}(?![a-z0-9])", lowered) is not None
    return spelt in lowered


def _matching(pattern: str, words: str) -> Any:
    try:
        anywhere = re.compile(pattern.removeprefix("^").removesuffix("$"))
        whole = re.compile(pattern)
    except re.error:
        return _MISSING
    found: Iterator[str] = (match[0] for match in anywhere.finditer(words[:_LONGEST_TEXT]))
    return next((text for text in found if text and whole.search(text)), _MISSING)


def _fits_length(value: str, schema: Schema) -> bool:
    least, most = schema.get("minLength"), schema.get("maxLength")
    if isinstance(least, int) and len(value) < least:
        return False
    return not (isinstance(most, int) and len(value) > most)
