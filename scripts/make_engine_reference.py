"""Write the table of fields in docs/engine.md from what the engine checks: its schema of events, sessions and items.

python scripts/make_engine_reference.py           writes the table between its two marks
python scripts/make_engine_reference.py --check   exits with 1 if it is out of date
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from backend.engine.event_schema import EVENTS
from backend.engine.item_schema import MESSAGES, OTHERS
from backend.engine.schema import Choice, Either, Field, Items, Object, Rule, Shape, Text, Variants
from backend.engine.session_schema import CLIENT_SECRET, RESPONSE, SESSION, TRANSCRIPTION_SESSION

TARGET = Path(__file__).parents[1] / "docs" / "engine.md"
BEGIN = "<!-- From here on made by scripts/make_engine_reference.py. Do not edit. -->\n"
END = "<!-- Up to here made by scripts/make_engine_reference.py. -->\n"
HEAD = "| field | takes | effect | `--lenient` lets pass besides |\n|---|---|---|---|\n"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    path: str
    takes: str
    effect: str
    strict: str

    def __str__(self) -> str:
        cells = (f"`{self.path}`", self.takes, self.effect, self.strict)
        return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def inner(shape: Shape) -> Shape:
    """A shape without its rules."""
    while isinstance(shape, Rule):
        shape = shape.shape
    return shape


def objects_in(shape: Shape, path: str) -> Iterator[tuple[Object, str]]:
    """The objects that a value of ``shape`` at ``path`` may be or hold."""
    shape = inner(shape)
    if isinstance(shape, Object):
        yield shape, path
    elif isinstance(shape, Items):
        yield from objects_in(shape.shape, f"{path}[]")
    elif isinstance(shape, Either):
        yield from objects_in(shape.structured, path)
    elif isinstance(shape, Variants):
        for name, variant in shape.objects.items():
            shown = {key: field for key, field in variant.fields.items() if key != shape.key}
            yield Object(shown, variant.open_if_lenient), f"{path.removesuffix('[]')}[{name}]"


def strict_only(field: Field) -> Iterator[str]:
    """What a lenient check would let pass."""
    if field.required == "strict":
        yield "left out"
    shape = field.shape
    while isinstance(shape, Rule):
        if shape.strict:
            yield "other values"
        shape = shape.shape
    if isinstance(shape, Items):
        yield from strict_only(Field(shape.shape))
    if isinstance(shape, Text) and shape.pattern:
        yield "other forms"
    if isinstance(shape, Text) and shape.longest:
        yield "longer"
    if isinstance(shape, Choice) and shape.open_if_lenient:
        yield "other values"
    if isinstance(shape, Variants) and shape.usual:
        yield f"no `{shape.key}`"
    if any(found.open_if_lenient for found, _ in objects_in(shape, "")):
        yield "unknown fields"


def row_of(path: str, field: Field, *, required: bool) -> Row:
    """The line of one field."""
    takes = field.shape.says() + (", null" if field.null else "") + ("; required" if required else "")
    effect = {"honoured": "honoured", "no effect": "without effect"}[field.effect]
    effect += f"; {field.note}" if field.note else ""
    return Row(path, takes, effect, ", ".join(dict.fromkeys(strict_only(field))))


def rows(shape: Object, path: str, known: Mapping[str, Field]) -> Iterator[Row]:
    """The lines of an object's fields, and of those below; ``known``: fields that another table has already."""
    for name, field in shape.fields.items():
        at = f"{path}.{name}" if path else name
        if name in known and known[name].shape == field.shape:
            yield Row(at, f"as `{name}` of `session`" + (", null" if field.null else ""), "", "")
            continue
        told = isinstance(field.shape, Rule) and isinstance(
            field.shape.shape, Object
        )  # by the words of its rule
        below = [] if told else list(objects_in(field.shape, at))
        if not below or field.null or field.note or not isinstance(inner(field.shape), Object):
            yield row_of(at, field, required=field.required != "no")
        for found, place in below:
            yield from rows(found, place, {})


def table(lines: Iterator[Row]) -> str:
    """Lines under their head."""
    return HEAD + "".join(f"{line}\n" for line in lines)


COMMON = ("id", "object", "status")
"""Fields of items that are told once."""


def items() -> Iterator[Row]:
    """The lines of the kinds of items."""
    user = MESSAGES.objects["user"].fields
    yield from rows(Object({name: user[name] for name in COMMON}), "", {})
    for role, message in MESSAGES.objects.items():
        yield from rows(_without(message, "type", "role", *COMMON), f"message[{role}]", {})
    for kind, item in OTHERS.items():
        yield from rows(_without(item, "type", *COMMON), kind, {})


def _without(shape: Object, *names: str) -> Object:
    return Object({name: field for name, field in shape.fields.items() if name not in names})


def own_fields() -> Iterator[Row]:
    """The lines of the fields of events."""
    some = EVENTS["session.update"]
    yield from rows(_without(some, "session"), "", {})
    for name, shape in EVENTS.items():
        for line in rows(_without(shape, "event_id", "type"), "", {}):
            yield Row(f"{name}: {line.path}", line.takes, line.effect, line.strict)


def reference() -> str:
    """Everything between the marks."""
    parts = ["### Events\n\n", table(own_fields())]
    parts += ["\n### `session`\n\n", table(rows(SESSION, "", {}))]
    listening = ", ".join(f"`{name}`" for name in TRANSCRIPTION_SESSION.fields)
    parts.append(f"\nA session of type `transcription` has {listening}, and of `audio` only `input`.\n")
    parts += ["\n### `response`\n\n", table(rows(RESPONSE, "", SESSION.fields))]
    parts += ["\n### `item`\n\n", table(items())]
    parts += ["\n### `POST /v1/realtime/client_secrets`\n\n", table(rows(CLIENT_SECRET, "", {}))]
    return "".join(parts)


def main() -> int:
    """Write, or check."""
    text = TARGET.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        sys.stderr.write(f"{TARGET.name} lacks the marks of the table\n")
        return 1
    made = f"{before}{BEGIN}\n{reference()}\n{END}{after}"
    if "--check" in sys.argv[1:]:
        if made == text:
            return 0
        sys.stderr.write(f"{TARGET.name} is out of date: run python scripts/make_engine_reference.py\n")
        return 1
    TARGET.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
