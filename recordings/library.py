"""The recordings that are kept: found, searched, marked, deleted with a way back, and expired.

A directory of recordings, each a directory of its own (docs/recording.md). What people say of one (a mark, a note)
lies beside it in ``notes.json``, so the recording itself never changes.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from relay.recording.manifest import Manifest
from relay.recording.reader import EVENTS, NoRecording, RecordingReader, is_being_written
from relay.stream import Problem

NOTES = "notes.json"
TRASH = ".deleted"
_NESTED_DEPTH = 3
"""``checks/RUN/t2/2`` is as deep as a recording lies below a directory of recordings."""


class UnknownRecording(Exception):
    """No recording has that name, or more than one begins with it. ``candidates``: those that do."""

    def __init__(self, name: str, candidates: Sequence[str] = ()) -> None:
        super().__init__(f"{name}: {', '.join(candidates) or 'no such recording'}")
        self.name = name
        self.candidates = tuple(candidates)


class Notes(msgspec.Struct, frozen=True):
    """What people say of a recording."""

    marked: bool = False
    """Never expires."""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One recording, as a list shows it."""

    directory: Path
    name: str
    """Its path below the directory of recordings: unique there."""
    manifest: Manifest
    notes: Notes
    size_bytes: int
    running: bool
    """Still being written."""

    @property
    def started_at(self) -> datetime:
        """When it began; the epoch where it does not say."""
        try:
            found = datetime.fromisoformat(self.manifest.started_at)
        except ValueError:
            return datetime.fromtimestamp(0, UTC)
        return found if found.tzinfo else found.replace(tzinfo=UTC)

    @property
    def complete(self) -> bool:
        """It has its end: neither running nor left by a kill."""
        ended = self.manifest.ended
        return not self.running and ended is not None and bool(self.manifest.sha256)


@dataclass(frozen=True, slots=True)
class Match:
    """A turn in which the words that were looked for stand."""

    t: float
    role: str
    text: str


class Library:
    """The recordings in ``root``, which need not exist."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def entries(self) -> list[Entry]:
        """All of them, the newest first. What cannot be read is left out."""
        found = []
        for directory in _recordings_below(self.root):
            try:
                found.append(self._entry(directory))
            except (NoRecording, OSError):
                continue
        return sorted(found, key=lambda entry: entry.started_at, reverse=True)

    def find(self, name: str) -> Entry:
        """By its name, an unambiguous beginning of it, ``latest``, or the path of any recording.

        Raises ``UnknownRecording``.
        """
        if (Path(name) / EVENTS).is_file():
            return self._entry(Path(name))
        entries = self.entries()
        if name == "latest" and entries:
            return entries[0]
        exact = [entry for entry in entries if entry.name == name]
        begin = exact or [entry for entry in entries if name and entry.name.startswith(name)]
        if len(begin) != 1:
            raise UnknownRecording(name, [entry.name for entry in begin[:5]])
        return begin[0]

    def search(
        self, words: str, entries: Iterable[Entry] | None = None
    ) -> Iterator[tuple[Entry, list[Match]]]:
        """Recordings in whose transcripts ``words`` stand, case folded, with the turns; newest first."""
        wanted = words.casefold()
        for entry in self.entries() if entries is None else entries:
            matches = [
                Match(event.t, event.role, event.text)
                for event in RecordingReader(entry.directory).transcripts()
                if event.final and wanted in event.text.casefold()
            ]
            if matches:
                yield entry, matches

    def annotate(self, entry: Entry, *, marked: bool | None = None, note: str | None = None) -> Entry:
        """Change the mark, the note or both. Raises ``OSError``."""
        notes = Notes(
            marked=entry.notes.marked if marked is None else marked,
            note=entry.notes.note if note is None else note,
        )
        temporary = entry.directory / f"{NOTES}.new"
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(notes))
        temporary.replace(entry.directory / NOTES)
        return self._entry(entry.directory)

    def delete(self, entry: Entry) -> Path:
        """Take it out of the list; gives where it waits for ``restore`` or ``empty_trash``. Raises ``OSError``."""
        trash = self.root / TRASH
        trash.mkdir(mode=0o700, parents=True, exist_ok=True)
        place = trash / entry.name.replace("/", "+")
        number = 1
        while place.exists():
            number += 1
            place = trash / f"{entry.name.replace('/', '+')}~{number}"
        entry.directory.rename(place)
        return place

    def restore(self, entry: Entry, place: Path) -> None:
        """Undo ``delete``. Raises ``OSError``."""
        entry.directory.parent.mkdir(parents=True, exist_ok=True)
        place.rename(entry.directory)

    def empty_trash(self) -> None:
        """What was deleted is gone for good."""
        shutil.rmtree(self.root / TRASH, ignore_errors=True)

    def expire(
        self, keep_days: float | None, keep_bytes: int | None, now: datetime | None = None
    ) -> list[Entry]:
        """Remove what is older than ``keep_days``, then the oldest while all take more than ``keep_bytes``.

        Never a marked one, nor one that is being written. Gives what was removed.
        """
        now = now or datetime.now(UTC)
        entries = self.entries()
        total = sum(entry.size_bytes for entry in entries)
        removed = []
        for entry in reversed(entries):
            old = keep_days is not None and entry.started_at < now - timedelta(days=keep_days)
            large = keep_bytes is not None and total > keep_bytes
            if (old or large) and not entry.notes.marked and not entry.running:
                shutil.rmtree(entry.directory, ignore_errors=True)
                total -= entry.size_bytes
                removed.append(entry)
        return removed

    def _entry(self, directory: Path) -> Entry:
        """Raises ``NoRecording`` and ``OSError``."""
        manifest = RecordingReader(directory).described()
        try:
            name = directory.relative_to(self.root).as_posix()
        except ValueError:
            name = str(directory)
        return Entry(
            directory=directory,
            name=name,
            manifest=manifest,
            notes=_notes(directory),
            size_bytes=sum(path.stat().st_size for path in directory.iterdir() if path.is_file()),
            running=is_being_written(directory),
        )


def errors_of(entry: Entry) -> list[Problem]:
    """Its errors in order. Raises ``OSError``."""
    return [event for event in RecordingReader(entry.directory).events() if isinstance(event, Problem)]


def _notes(directory: Path) -> Notes:
    try:
        return msgspec.json.decode((directory / NOTES).read_bytes(), type=Notes)
    except (OSError, ValueError):
        return Notes()


def _recordings_below(root: Path, depth: int = 0) -> Iterator[Path]:
    try:
        inside = sorted(path for path in root.iterdir() if path.is_dir() and not path.is_symlink())
    except OSError:
        return
    for path in inside:
        if path.name == TRASH:
            continue
        if (path / EVENTS).is_file():
            yield path
        if depth < _NESTED_DEPTH:
            yield from _recordings_below(path, depth + 1)
