"""`salesmind runs compare`: two recordings side by side, for a regression."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from api_client.harmless import one_line
from tui.cli.recorded_runs import RUN, complete_runs, find, reading
from tui.i18n import _

if TYPE_CHECKING:
    from recordings.comparison import Pair, Run, Spoken
    from recordings.library import Entry

NARROWEST, WIDEST = 60, 160


@click.command(
    "compare",
    help=_(
        "Show two recordings side by side, aligned by turns: what was said differently, what one of them lacks, and "
        "how much later the second was answered."
    )
    + " "
    + _(RUN),
    short_help=_("Show two recordings side by side."),
)
@click.argument("first", shell_complete=complete_runs)
@click.argument("second", default="latest", shell_complete=complete_runs)
@click.option("--changed", is_flag=True, help=_("Only turns that differ."))
@click.option("--json", "as_json", is_flag=True, help=_("One JSON object."))
def compare_command(first: str, second: str, changed: bool, as_json: bool) -> None:
    """Print the comparison on standard output."""
    from recordings.comparison import aligned, run_of
    from relay.recording.reader import RecordingReader

    entries = find(first), find(second)
    runs: list[Run] = []
    for entry in entries:
        with reading(entry):
            runs.append(run_of(RecordingReader(entry.directory).events()))
    pairs = [pair for pair in aligned(runs[0].turns, runs[1].turns) if not changed or pair.verdict != "same"]
    if as_json:
        click.echo(json.dumps(as_object(entries, runs, pairs), ensure_ascii=False))
        return
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else WIDEST
    for line in side_by_side(entries, runs, pairs, max(NARROWEST, min(width, WIDEST))):
        click.echo(line)


def as_object(entries: Sequence[Entry], runs: Sequence[Run], pairs: Sequence[Pair]) -> dict[str, Any]:
    """The comparison for a program."""
    return {
        **{
            side: {
                "name": entry.name,
                "seconds": run.seconds,
                "turns": len(run.turns),
                "latency_p50_ms": run.latency_p50_ms,
                "latency_p95_ms": run.latency_p95_ms,
                "reconnects": run.reconnects,
                "errors": list(run.errors),
            }
            for side, entry, run in zip(("first", "second"), entries, runs, strict=True)
        },
        "turns": [
            {
                "verdict": pair.verdict,
                "first": _turn(pair.first),
                "second": _turn(pair.second),
                "later_ms": pair.later_ms,
            }
            for pair in pairs
        ],
    }


def _turn(spoken: Spoken | None) -> dict[str, Any] | None:
    if spoken is None:
        return None
    line = spoken.line
    return {"t": line.start, "role": line.role, "text": line.text, "latency_ms": spoken.latency_ms}


def side_by_side(
    entries: Sequence[Entry], runs: Sequence[Run], pairs: Sequence[Pair], width: int
) -> Iterator[str]:
    """Two columns, ``width`` cells together, with a sign between them: ``=`` same, ``~`` other words, ``<`` and ``>``
    only in one."""
    from tui.wording.comparison import SIGNS, figures, later, spoken_words
    from tui.wording.line_breaks import wrapped

    side = (width - 5) // 2
    for name, values in (
        (_("Recording"), [one_line(entry.name) for entry in entries]),
        *figures(runs[0], runs[1]),
    ):
        yield f"{name}: {values[0]}  |  {values[1]}"
    yield ""
    for pair in pairs:
        columns = [
            wrapped(spoken_words(one), side) if one is not None else [""] for one in (pair.first, pair.second)
        ]
        height = max(map(len, columns))
        for n in range(height):
            left, right = (_padded(column[n] if n < len(column) else "", side) for column in columns)
            yield f"{left}  {SIGNS[pair.verdict] if n == 0 else ' '}  {right}".rstrip()
        if words := later(pair):
            yield " " * (side + 5) + words


def _padded(text: str, width: int) -> str:
    from tui.wording.cells import cells

    return text + " " * (width - cells(text))
