"""Write docs/stream.md: the kinds and fields of the relay's stream, from relay/stream.py and relay/commands.py.

python scripts/make_stream_reference.py           writes the file
python scripts/make_stream_reference.py --check   exits with 1 if the file is out of date
"""

from __future__ import annotations

import ast
import inspect
import sys
from pathlib import Path
from types import ModuleType
from typing import get_args

import msgspec

from relay import commands, config, stream
from relay.chunk_bytes import LARGEST_CHUNK_BYTES, SMALLEST_CHUNK_BYTES

TARGET = Path(__file__).parents[1] / "docs" / ("stream.md")

ALIASES = {
    name: str(getattr(stream, name)).removeprefix("typing.") for name in ("Role", "ModePhase", "StepName")
} | {"ChunkBytes": f"int, even, {SMALLEST_CHUNK_BYTES} to {LARGEST_CHUNK_BYTES}"}

INTRODUCTION = """\
# The stream of a conversation

<!-- Made by scripts/make_stream_reference.py from relay/stream.py and relay/commands.py. Do not edit. -->

`salesmind talk --json` prints it, the console reads it from its relay process, and a recording keeps it
in `events.jsonl`: one JSON object per line, UTF-8, with `kind` and `t`. Every `t` is in seconds on the
monotonic clock since the relay started, taken where the bytes arrive; a line may be written a few ms
after one with a later `t`. Fields may be added, none is renamed or removed; a reader ignores fields it
does not know. A field marked *optional* may be absent.

"""


def attribute_docs(struct: type) -> dict[str, str]:
    """The docstrings that stand below fields, by field name."""
    tree = ast.parse(inspect.getsource(struct)).body[0]
    assert isinstance(tree, ast.ClassDef)
    found: dict[str, str] = {}
    for statement, following in zip(tree.body, tree.body[1:], strict=False):
        named = isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name)
        if named and isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant):
            assert isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name)
            found[statement.target.id] = " ".join(str(following.value.value).split()).replace("``", "`")
    return found


def type_name(struct: type, field: str) -> str:
    """A field's type as it is written in the source."""
    for base in struct.__mro__:
        written = inspect.get_annotations(base).get(field)
        if written is not None:
            return str(ALIASES.get(written, written)).replace("|", "\\|")
    raise KeyError(field)


def table(struct: type[msgspec.Struct]) -> str:
    """The fields of one kind."""
    docs = {name: text for base in struct.__mro__[::-1] if base.__module__ == struct.__module__
            for name, text in attribute_docs(base).items()}  # fmt: skip
    rows = ["| field | type | meaning |", "|---|---|---|"]
    for field in msgspec.structs.fields(struct):
        if field.name == "t":
            continue
        optional = "" if field.required else "*optional* "
        meaning = optional + docs.get(field.name, "").replace("|", "\\|")
        rows.append(f"| `{field.encode_name}` | `{type_name(struct, field.name)}` | {meaning.strip()} |")
    return "\n".join(rows) if len(rows) > 2 else "No fields of its own."


def section(struct: type[msgspec.Struct], *, level: int = 3) -> str:
    """One kind, with what it means and its fields."""
    tag = struct.__struct_config__.tag or struct.__name__
    return f"{'#' * level} `{tag}`\n\n{inspect.cleandoc(struct.__doc__ or '').replace('``', '`')}\n\n{table(struct)}\n"


def members(module: ModuleType, union: object) -> list[type[msgspec.Struct]]:
    """The structs of a union, in the order they stand in their module."""
    kinds = [kind for kind in get_args(union) if kind.__module__ == module.__name__]
    return sorted(kinds, key=lambda kind: inspect.getsourcelines(kind)[1])


def reference() -> str:
    """The whole document."""
    parts = [INTRODUCTION, "## Events\n\n"]
    parts.append("\n".join(section(kind) for kind in members(stream, stream.StreamEvent)))
    parts.append("\n" + section(stream.ModeReports))
    parts.append(
        "\n## Commands\n\nThe relay process reads them from its standard input, one per line, told apart by"
    )
    parts.append(" `command`.\nThe end of its input is a `stop`.\n\n")
    parts.append("\n".join(section(kind) for kind in members(commands, commands.Command)))
    parts.append("\n" + section(config.RelayConfig) + "\n" + section(config.TurnDetection))
    return "".join(parts)


def main() -> int:
    """Write, or check."""
    text = reference()
    if "--check" in sys.argv[1:]:
        if TARGET.read_text(encoding="utf-8") == text:
            return 0
        sys.stderr.write(f"{TARGET.name} is out of date: run python scripts/make_stream_reference.py\n")
        return 1
    TARGET.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
