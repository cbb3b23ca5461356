"""`salesmind runs mark`, `note`, `delete`, `undelete` and `repair`: what becomes of recordings."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from api_client.harmless import one_line
from tui.cli.group import reject
from tui.cli.recorded_runs import (
    RUN,
    cannot,
    complete_deleted,
    complete_runs,
    find,
    find_deleted,
    the_library,
)
from tui.i18n import N_, _, ngettext

if TYPE_CHECKING:
    from recordings.library import Entry

_UNWRITABLE = N_("The recording {run} cannot be changed: {reason}")


@click.command(
    "mark",
    help=_("Mark a recording, so that it is never removed because it is old.") + " " + _(RUN),
    short_help=_("Keep a recording for good."),
)
@click.argument("run", shell_complete=complete_runs)
@click.option("--off", is_flag=True, help=_("Take the mark away."))
def mark_command(run: str, off: bool) -> None:
    """Set or take away the mark."""
    library = the_library()
    entry = find(run)
    try:
        library.annotate(entry, marked=not off)
    except OSError as error:
        raise cannot(_(_UNWRITABLE), entry.name, error) from None


@click.command(
    "note",
    help=_("Write a note to a recording; an empty TEXT removes it.") + " " + _(RUN),
    short_help=_("Write a note to a recording."),
)
@click.argument("run", shell_complete=complete_runs)
@click.argument("text")
def note_command(run: str, text: str) -> None:
    """Replace the note."""
    library = the_library()
    entry = find(run)
    try:
        library.annotate(entry, note=text)
    except OSError as error:
        raise cannot(_(_UNWRITABLE), entry.name, error) from None


@click.command(
    "delete",
    help=_("Delete recordings. For a week, `salesmind runs undelete` takes them back.") + " " + _(RUN),
    short_help=_("Delete recordings."),
)
@click.argument("runs", metavar="RUN...", nargs=-1, required=True, shell_complete=complete_runs)
@click.option("--yes", is_flag=True, help=_("Do not ask."))
def delete_command(runs: tuple[str, ...], yes: bool) -> None:
    """Ask, then delete; print the names of what was deleted."""
    library = the_library()
    entries = {entry.directory: entry for entry in (find(run) for run in runs)}
    for entry in entries.values():
        if entry.running:
            sentence = _("{run} is still being recorded. End its conversation first.")
            raise reject(sentence.format(run=one_line(entry.name)))
    if not yes and not _asked(list(entries.values())):
        click.echo(_("Nothing was deleted."), err=True)
        return
    for entry in entries.values():
        try:
            library.delete(entry)
        except OSError as error:
            raise cannot(_("The recording {run} cannot be deleted: {reason}"), entry.name, error) from None
        click.echo(one_line(entry.name))


def _asked(entries: list[Entry]) -> bool:
    """Whether the person at the terminal agrees. Raises ``Exit`` after saying so where there is none."""
    for entry in entries:
        marked = "* " if entry.notes.marked else ""
        click.echo(f"{marked}{one_line(entry.name)}", err=True)
    question = ngettext("Delete {n} recording?", "Delete {n} recordings?", len(entries))
    try:
        return click.confirm(question.format(n=len(entries)), err=True)
    except click.Abort:
        if sys.stdin.isatty():
            raise
        click.echo(err=True)
        raise reject(_("There is nobody to ask. --yes deletes without asking.")) from None


@click.command(
    "undelete",
    help=_("Take a deleted recording back, by default the last one."),
    short_help=_("Take a deleted recording back."),
)
@click.argument("run", default="latest", shell_complete=complete_deleted)
def undelete_command(run: str) -> None:
    """Put it back where it was; print its name."""
    library = the_library()
    found = find_deleted(library, run)
    try:
        library.undelete(found)
    except OSError as error:
        raise cannot(_("The recording {run} cannot be taken back: {reason}"), found.name, error) from None
    click.echo(one_line(found.name))


@click.command(
    "repair",
    help=_("Complete recordings that were killed while they were written.") + " " + _(RUN),
    short_help=_("Complete recordings that were killed."),
)
@click.argument("runs", metavar="[RUN]...", nargs=-1, shell_complete=complete_runs)
@click.option("--all", "every", is_flag=True, help=_("All that need it."))
def repair_command(runs: tuple[str, ...], every: bool) -> None:
    """Print what was done to each. What cannot be repaired is said, and stops nothing else."""
    from relay.recording.reader import NoRecording
    from relay.recording.repair import StillBeingWritten, needs_repair, repair

    if every == bool(runs):
        raise reject(_("Say what to repair: RUN, or --all."))
    library = the_library()
    entries = [
        entry
        for entry in (library.entries() if every else [find(run) for run in runs])
        if not every or needs_repair(entry.directory)
    ]
    failure: click.exceptions.Exit | None = None
    for entry in entries:
        name = one_line(entry.name)
        try:
            done = repair(entry.directory)
        except StillBeingWritten:
            sentence = _("{run} is still being recorded. End its conversation first.")
            failure = reject(sentence.format(run=name))
        except (NoRecording, OSError, ValueError) as error:
            failure = cannot(_("The recording {run} cannot be repaired: {reason}"), name, error)
        else:
            what = ", ".join(done.changes)
            words = _("{run}: completed ({files})") if what else _("{run}: is complete")
            click.echo(words.format(run=name, files=what))
    if not entries:
        click.echo(_("Every recording is complete."), err=True)
    if failure is not None:
        raise failure
