"""Recordings as lines of text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from api_client.harmless import one_line
from tui.cli.text_table import table_lines
from tui.cli.transcript_text import speaker
from tui.i18n import N_, _
from tui.wording.cells import cells
from tui.wording.errors import of_event
from tui.wording.figures import NOTHING, clock

if TYPE_CHECKING:
    from recordings.library import Entry, Match
    from recordings.lines import Line
    from relay.stream import Problem

ENDINGS = {
    "stopped": N_("ended"),
    "interrupted": N_("interrupted"),
    "connection": N_("lost"),
    "timeout": N_("timeout"),
    "failed": N_("failed"),
    "disk": N_("disk full"),
    "recording_stopped": N_("cut"),
    "killed": N_("killed"),
}
"""How a conversation ended, in a word for a column. cut: its recording was stopped before."""
_SHORTEST_SERVER = 8


def ending(entry: Entry) -> str:
    """How it ended, in the language in force."""
    if entry.running:
        return _("running")
    ended = entry.manifest.ended
    return NOTHING if ended is None else _(ENDINGS.get(ended.how, ended.how))


def table(
    found: Sequence[tuple[Entry, Sequence[Match]]], names: Mapping[Path, str], width: int | None
) -> Iterator[str]:
    """A row for each recording, with what matched below it. ``width``: cells that a row may take; the server is cut
    to it. ``names`` has those that are called otherwise."""
    heading = ("", _("Recording"), _("Begun"), _("Length"), _("End"), _("Errors"), _("Server"))
    rows = [heading, *(_row(entry, names.get(entry.directory)) for entry, _matches in found)]
    if width is not None:
        taken = sum(max(cells(row[n]) for row in rows) + 2 for n in range(len(heading) - 1))
        rows = [(*row[:-1], cut(row[-1], max(width - taken, _SHORTEST_SERVER))) for row in rows]
    head, *lines = table_lines(rows)
    yield head
    for line, (_entry, matches) in zip(lines, found, strict=True):
        yield line
        for match in matches:
            text = f"    {_clock(match.t)} {speaker(match.role)}: {one_line(match.text)}"
            yield text if width is None else cut(text, width)


def _row(entry: Entry, name: str | None) -> tuple[str, ...]:
    ended = entry.manifest.ended
    return (
        "*" if entry.notes.marked else "",
        one_line(name or entry.name),
        entry.started_at.astimezone().strftime("%m-%d %H:%M") if entry.dated else NOTHING,
        NOTHING if ended is None else clock(ended.seconds),
        ending(entry),
        str(len(ended.errors)) if ended is not None and ended.errors else "",
        one_line(_host(entry.manifest.server_url)),
    )


def _host(url: str | None) -> str:
    try:
        return (urlsplit(url or "").netloc.rpartition("@")[2] or url) or NOTHING
    except ValueError:
        return url or NOTHING


def cut(text: str, width: int) -> str:
    """``text`` in at most ``width`` cells, with an ellipsis where it was cut."""
    if cells(text) <= width:
        return text
    kept = ""
    for letter in text:
        if cells(kept + letter) > width - 1:
            break
        kept += letter
    return kept + "…"


def details(entry: Entry, lines: Sequence[Line], errors: Sequence[Problem]) -> Iterator[str]:
    """Everything about one recording, then what was said and what went wrong, in order."""
    yield one_line(entry.name) + ("  *" if entry.notes.marked else "")
    yield from (f"  {line}" for line in table_lines(list(_facts(entry))))
    if not entry.complete and not entry.running:
        yield "  " + _("It was killed: `salesmind runs repair {name}` completes it.").format(
            name=one_line(entry.name)
        )
    yield ""
    told = [(line.start, f"{speaker(line.role)}: {one_line(line.text)}{_tail(line)}") for line in lines]
    told += [(error.t, _("Error: {why}").format(why=of_event(error))) for error in errors]
    for t, words in sorted(told, key=lambda one: one[0]):
        yield f"{_clock(t)}  {words}"


def _tail(line: Line) -> str:
    return " " + _("(interrupted)") if line.interrupted else ""


def _facts(entry: Entry) -> Iterator[tuple[str, str]]:
    manifest, ended = entry.manifest, entry.manifest.ended
    begun = entry.started_at.astimezone().strftime("%Y-%m-%d %H:%M:%S") if entry.dated else NOTHING
    yield _("Begun"), begun
    if ended is not None:
        yield _("Length"), clock(ended.seconds)
        yield _("Turns"), str(ended.turns)
        if ended.reconnects:
            yield _("Reconnects"), str(ended.reconnects)
        if ended.errors:
            yield _("Errors"), ", ".join(map(one_line, ended.errors))
    yield _("End"), ending(entry)
    yield _("Server"), one_line(manifest.server_url or NOTHING)
    yield _("Session"), one_line(manifest.session_id or NOTHING)
    if manifest.devices:
        yield _("Devices"), ", ".join(map(one_line, manifest.devices))
    if version := manifest.versions.get("salesmind"):
        yield _("Version"), one_line(version)
    if entry.notes.note:
        yield _("Note"), one_line(entry.notes.note)
    yield _("Directory"), one_line(str(entry.directory))
    yield _("Size"), f"{entry.size_bytes / 1_000_000:.1f} MB"


def _clock(seconds: float) -> str:
    whole = max(0, int(seconds))
    return f"{whole // 60:02}:{whole % 60:02}"
