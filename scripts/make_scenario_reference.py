"""Write docs/scenario.schema.json and the tables of docs/scenarios.md: the format, from scenarios/format.py.

python scripts/make_scenario_reference.py           writes the files
python scripts/make_scenario_reference.py --check   exits with 1 if one is out of date
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from scenarios.fields import Field, Flag, Number, Table, Text, Texts
from scenarios.figures import FIGURES
from scenarios.format import ACTIONS, ANSWER_WITHIN_S, END_EXPECTATIONS, EXPECTATIONS, SCENARIO, json_schema

DOCS = Path(__file__).parents[1] / "docs"
SCHEMA = DOCS / "scenario.schema.json"
PAGE = DOCS / "scenarios.md"
BEGIN, END = "<!-- fields: made by scripts/make_scenario_reference.py -->", "<!-- /fields -->"
_HEAD = ("| field | value | meaning |", "|---|---|---|")


def tables() -> str:
    """The reference, in Markdown."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    top = {one.name: one for one in SCENARIO.fields}
    yield from _section("### Top level", [top[name] for name in ("title", "description", "language")])
    for name in ("session", "voice", "vad", "audio"):
        kind = top[name].kind
        assert isinstance(kind, Table)
        yield from _section(f"### `[{name}]`", kind.fields)
    yield from _section("### What a turn does", ACTIONS)
    yield "`interrupt`, `cut`, `pause` and `half_open` are tables:"
    yield ""
    for one in ACTIONS:
        if isinstance(one.kind, Table):
            fields = "; ".join(f"`{inner.name}`: {_plain(inner.en)}" for inner in one.kind.fields)
            yield f"- `{one.name}`: {fields}."
    yield ""
    default = f"{ANSWER_WITHIN_S:g} s by default"
    yield f"Beside it: `expect`, and `answer_within_s`, how long to wait for the answer ({default})."
    yield ""
    yield from _section("### `[turns.expect]`", EXPECTATIONS)
    yield from _section("### `[end]`", END_EXPECTATIONS)
    yield "### `[limits]` and `--limit`"
    yield ""
    yield "| figure | unit | needs | meaning |"
    yield "|---|---|---|---|"
    for figure in FIGURES:
        yield f"| `{figure.name}` | {figure.unit} | {figure.needs} | {figure.en} |"


def _section(title: str, fields: tuple[Field, ...] | list[Field]) -> Iterator[str]:
    yield title
    yield ""
    yield from _HEAD
    for one in fields:
        required = " Required." if one.required else ""
        default = f" Default: {one.default}." if one.default is not None else ""
        yield f"| `{one.name}` | {_value(one)} | {one.en}.{required}{default} |"
    yield ""


def _value(one: Field) -> str:
    match one.kind:
        case Text(choices=()):
            return "text"
        case Text(choices=choices):
            return " or ".join(f"`{choice}`" for choice in choices)
        case Number(low=low, high=high):
            return f"{low:g} to {high:g}"
        case Flag():
            return "`true` or `false`"
        case Texts(or_one=or_one):
            return "text, or list of texts" if or_one else "list of texts"
        case Table(or_text=True):
            return "text, or table"
        case _:
            return "table"


def _plain(words: str) -> str:
    return words[0].lower() + words[1:]


def page(text: str) -> str:
    """docs/scenarios.md with the tables as they are now."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{tables()}\n\n{END}{after}"


def main() -> int:
    """Write, or check."""
    wanted = {
        SCHEMA: json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n",
        PAGE: page(PAGE.read_text(encoding="utf-8")),
    }
    stale = [
        path for path, text in wanted.items() if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    if "--check" in sys.argv[1:]:
        for path in stale:
            sys.stderr.write(f"{path.name} is out of date: run python scripts/make_scenario_reference.py\n")
        return int(bool(stale))
    for path in stale:
        path.write_text(wanted[path], encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
