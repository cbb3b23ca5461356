"""`salesmind runs list` and `show`."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import click

from tui.cli.recorded_runs import RUN, complete_runs, find, reading, the_shelves
from tui.i18n import _

if TYPE_CHECKING:
    from typing import Any

    from recordings.library import Entry, Library, Match


@click.command(
    "list",
    help=_(
        "List the recordings, those of acceptance runs too, newest first. An asterisk is a mark: a marked recording "
        "is never removed because it is old."
    ),
    short_help=_("List the recordings, newest first."),
)
@click.option(
    "--limit",
    metavar="N",
    default=20,
    show_default=True,
    type=click.IntRange(1),
    help=_("Show at most N recordings."),
)
@click.option("--server", metavar="TEXT", help=_("Only of servers whose address holds this."))
@click.option(
    "--error",
    metavar="[CODE]",
    is_flag=False,
    flag_value="",
    help=_("Only those with errors, or with this one (such as upstream_lost)."),
)
@click.option("--marked", is_flag=True, help=_("Only those that are marked."))
@click.option("--search", metavar="WORDS", help=_("Only those in which somebody said this."))
@click.option("--deleted", is_flag=True, help=_("What was deleted and can be taken back."))
@click.option("--json", "as_json", is_flag=True, help=_("One JSON object per line."))
def list_command(
    limit: int,
    server: str | None,
    error: str | None,
    marked: bool,
    search: str | None,
    deleted: bool,
    as_json: bool,
) -> None:
    """Print the list on standard output."""
    from tui.host.recordings import all_recordings

    shelves = the_shelves()
    library = shelves[0]
    entries: Iterable[Entry] = (
        [one.entry for one in library.deleted()]
        if deleted
        else [kept.entry for kept in all_recordings(shelves)]
    )
    names = {one.entry.directory: one.name for one in library.deleted()} if deleted else {}
    kept = [
        entry
        for entry in entries
        if (server is None or server.casefold() in (entry.manifest.server_url or "").casefold())
        and (error is None or _has_error(entry, error))
        and (entry.notes.marked or not marked)
    ]
    found = _searched(library, kept, search)[:limit]
    if as_json:
        for entry, matches in found:
            _print_json({**facts(entry, names.get(entry.directory)), "matches": _as_json(matches)})
        return
    if not found:
        click.echo(_("There are no such recordings."), err=True)
        return
    from tui.cli.run_text import table

    for line in table(found, names, _width()):
        click.echo(line)


def _has_error(entry: Entry, code: str) -> bool:
    errors = () if entry.manifest.ended is None else entry.manifest.ended.errors
    return code in errors if code else bool(errors)


def _searched(
    library: Library, entries: Sequence[Entry], words: str | None
) -> list[tuple[Entry, list[Match]]]:
    if words is None:
        return [(entry, []) for entry in entries]
    return list(library.search(words, entries))


def _width() -> int | None:
    """Columns that a row may take; None where nobody looks at a terminal."""
    if not sys.stdout.isatty() and "COLUMNS" not in os.environ:
        return None
    return shutil.get_terminal_size().columns


@click.command(
    "show",
    help=_("Show a recording: what it is, what was said and what went wrong.") + " " + _(RUN),
    short_help=_("Show a recording and what was said in it."),
)
@click.argument("run", default="latest", shell_complete=complete_runs)
@click.option("--json", "as_json", is_flag=True, help=_("One JSON object."))
def show_command(run: str, as_json: bool) -> None:
    """Print one recording on standard output."""
    from recordings.library import errors_of
    from recordings.lines import spoken_lines
    from relay.recording.reader import RecordingReader

    entry = find(run)
    with reading(entry):
        lines = spoken_lines(RecordingReader(entry.directory).events())
        errors = errors_of(entry)
    if as_json:
        _print_json({**facts(entry), "lines": _as_json(lines), "problems": _as_json(errors)})
        return
    from tui.cli.run_text import details

    for line in details(entry, lines, errors):
        click.echo(line)


def facts(entry: Entry, name: str | None = None) -> dict[str, Any]:
    """A recording for a program: stable names, null where nothing is known."""
    manifest, ended = entry.manifest, entry.manifest.ended
    return {
        "name": name or entry.name,
        "directory": str(entry.directory),
        "started_at": manifest.started_at,
        "server_url": manifest.server_url,
        "session_id": manifest.session_id,
        "seconds": None if ended is None else ended.seconds,
        "turns": None if ended is None else ended.turns,
        "ended": None if ended is None or entry.running else ended.how,
        "exit_code": None if ended is None else ended.exit_code,
        "reconnects": None if ended is None else ended.reconnects,
        "errors": [] if ended is None else list(ended.errors),
        "complete": entry.complete,
        "running": entry.running,
        "marked": entry.notes.marked,
        "note": entry.notes.note,
        "size_bytes": entry.size_bytes,
        "format": manifest.format,
        "versions": manifest.versions,
        "settings": manifest.settings,
        "devices": list(manifest.devices),
    }


def _as_json(values: Sequence[Any]) -> Any:
    import msgspec

    return msgspec.to_builtins(values)


def _print_json(value: dict[str, Any]) -> None:
    from api_client.harmless_json import harmless_value

    click.echo(json.dumps(harmless_value(value), ensure_ascii=False).encode())
