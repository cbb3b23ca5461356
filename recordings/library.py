"""The library of recordings: find, search, mark, delete with undo, and expire.

A directory of recordings, each a directory of its own (docs/recording.md). A recording's mark and note
lies beside it in ``notes.json``, so the recording itself never changes.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import msgspec

from relay.recording.files import NOTES, files_of, remove
from relay.recording.manifest import Manifest
from relay.recording.reader import EVENTS, NoRecording, RecordingReader, is_being_written
from relay.stream import Problem

TRASH = ".deleted"
TRASH_DAYS = 7.0
"""How long a deleted recording can be restored."""
_NESTED_DEPTH = 3
"""``checks/RUN/t2/2`` is as deep as a recording lies below a directory of recordings."""


class UnknownRecording(Exception):
    """No recording has that name, or several start with it. ``candidates``: those that do."""

    def __init__(self, name: str, candidates: Sequence[str] = ()) -> None:
        super().__init__(f"{name}: {', '.join(candidates) or 'no such recording'}")
        self.name = name
        self.candidates = tuple(candidates)


class Notes(msgspec.Struct, frozen=True, omit_defaults=True):
    """A recording's mark and note."""

    marked: bool = False
    """Never expires."""
    note: str = ""
    deleted_from: str = ""
    """Only in the trash: the directory it was in."""
    deleted_at: float = 0.0
    """Only in the trash: seconds since 1970."""


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
    def dated(self) -> bool:
        """Whether its start time is known."""
        return self.started_at.timestamp() > 0

    @property
    def complete(self) -> bool:
        """Whether it is complete: neither running nor cut off by a kill."""
        ended = self.manifest.ended
        return not self.running and ended is not None and bool(self.manifest.sha256)


@dataclass(frozen=True, slots=True)
class Deleted:
    """A recording in the trash."""

    entry: Entry
    """As it is there."""
    name: str
    """Its original name, which it gets back."""
    origin: Path
    """The directory it was in."""


Found = TypeVar("Found", Entry, Deleted)


@dataclass(frozen=True, slots=True)
class Match:
    """A turn that contains the words searched for."""

    t: float
    role: str
    text: str


class Library:
    """The recordings in ``root``, which need not exist."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def entries(self) -> list[Entry]:
        """All recordings, newest first. Unreadable ones are left out."""
        found = []
        for directory in _recordings_below(self.root):
            try:
                found.append(self._entry(directory))
            except (NoRecording, OSError):
                continue
        return sorted(found, key=lambda entry: entry.started_at, reverse=True)

    def find(self, name: str) -> Entry:
        """Find one by its name, an unambiguous start of it, ``latest``, or the path of any recording.

        Raises ``UnknownRecording``.
        """
        if _is_recording(Path(name)):
            return self._entry(Path(name))
        return _named(name, self.entries())

    def find_deleted(self, name: str) -> Deleted:
        """By its name, an unambiguous beginning of it, or ``latest``. Raises ``UnknownRecording``."""
        return _named(name, self.deleted())

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
        notes = msgspec.structs.replace(
            entry.notes,
            marked=entry.notes.marked if marked is None else marked,
            note=entry.notes.note if note is None else note,
        )
        _write_notes(entry.directory, notes)
        return self._entry(entry.directory)

    def delete(self, entry: Entry, now: datetime | None = None) -> Path:
        """Move it to the trash; returns the place for ``restore``. Raises ``OSError``.

        Other files in its directory stay.
        """
        now = now or datetime.now(UTC)
        trash = self.root / TRASH
        trash.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = entry.name.strip("/").replace("/", "+")
        place, number = trash / name, 1
        while place.exists():
            number += 1
            place = trash / f"{name}~{number}"
        origin = str(entry.directory.absolute())
        _write_notes(
            entry.directory,
            msgspec.structs.replace(entry.notes, deleted_from=origin, deleted_at=now.timestamp()),
        )
        _move(entry.directory, place)
        return place

    def deleted(self) -> list[Deleted]:
        """What ``restore`` can bring back, the last deleted first."""
        found = []
        for place in _recordings_below(self.root / TRASH, depth=_NESTED_DEPTH):
            try:
                entry = self._entry(place)
            except (NoRecording, OSError):
                continue
            origin = Path(entry.notes.deleted_from or self.root / place.name)
            found.append(Deleted(entry, self._name(origin), origin))
        return sorted(found, key=lambda one: one.entry.notes.deleted_at, reverse=True)

    def restore(self, entry: Entry, place: Path) -> None:
        """Undo ``delete``, which gave ``place``. Raises ``OSError``; ``FileExistsError`` when another is there now."""
        if files_of(entry.directory):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(entry.directory))
        notes = msgspec.structs.replace(_notes(place), deleted_from="", deleted_at=0.0)
        _move(place, entry.directory)
        _write_notes(entry.directory, notes)

    def undelete(self, deleted: Deleted) -> None:
        """Put it back where it was. Raises ``OSError``; ``FileExistsError`` when another is there now."""
        self.restore(replace(deleted.entry, directory=deleted.origin), deleted.entry.directory)

    def empty_trash(self, older_than_days: float = 0.0, now: datetime | None = None) -> None:
        """Permanently delete what has been in the trash for too long."""
        before = (now or datetime.now(UTC)).timestamp() - older_than_days * 86_400
        for one in self.deleted():
            if one.entry.notes.deleted_at <= before:
                with suppress(OSError):
                    remove(one.entry.directory)

    def expire(
        self, keep_days: float | None, keep_bytes: int | None, now: datetime | None = None
    ) -> list[Entry]:
        """Remove what is older than ``keep_days``, then the oldest while all take more than ``keep_bytes``.

        Never a marked one, nor one being written, nor one without a start time: it may be anything.
        Returns what was removed. What was deleted ``TRASH_DAYS`` ago goes too.
        """
        now = now or datetime.now(UTC)
        self.empty_trash(TRASH_DAYS, now)
        entries = self.entries()
        total = sum(entry.size_bytes for entry in entries)
        removed = []
        for entry in reversed(entries):
            old = keep_days is not None and entry.started_at < now - timedelta(days=keep_days)
            large = keep_bytes is not None and total > keep_bytes
            if (old or large) and entry.dated and not entry.notes.marked and not entry.running:
                with suppress(OSError):
                    remove(entry.directory)
                    total -= entry.size_bytes
                    removed.append(entry)
        return removed

    def _entry(self, directory: Path) -> Entry:
        """Raises ``NoRecording`` and ``OSError``."""
        manifest = RecordingReader(directory).described()
        return Entry(
            directory=directory,
            name=self._name(directory),
            manifest=manifest,
            notes=_notes(directory),
            size_bytes=sum(path.stat().st_size for path in files_of(directory)),
            running=is_being_written(directory),
        )

    def _name(self, directory: Path) -> str:
        try:
            return directory.relative_to(self.root).as_posix()
        except ValueError:
            return str(directory)


def errors_of(entry: Entry) -> list[Problem]:
    """Its errors in order. Raises ``OSError``."""
    return [event for event in RecordingReader(entry.directory).events() if isinstance(event, Problem)]


def _is_recording(directory: Path) -> bool:
    try:
        return (directory / EVENTS).is_file()
    except (OSError, ValueError):  # what was typed can be no path
        return False


def _named(name: str, choice: Sequence[Found]) -> Found:
    """The one called ``name``, else the only one whose name begins so; ``latest``: the first."""
    if name == "latest" and choice:
        return choice[0]
    exact = [one for one in choice if one.name == name]
    begin = exact[:1] or [one for one in choice if name and one.name.startswith(name)]
    if len(begin) != 1:
        raise UnknownRecording(name, [one.name for one in begin[:5]])
    return begin[0]


def _notes(directory: Path) -> Notes:
    try:
        return msgspec.json.decode((directory / NOTES).read_bytes(), type=Notes)
    except (OSError, ValueError):
        return Notes()


def _write_notes(directory: Path, notes: Notes) -> None:
    temporary = directory / f"{NOTES}.new"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.encode(notes))
    temporary.replace(directory / NOTES)


def _move(directory: Path, place: Path) -> None:
    """Move a recording, in one step where its directory holds nothing else. Raises ``OSError``."""
    own = files_of(directory)
    place.parent.mkdir(parents=True, exist_ok=True)
    if not place.exists() and set(directory.iterdir()) == set(own):
        shutil.move(directory, place)
        return
    place.mkdir(mode=0o700, exist_ok=True)
    for path in own:
        shutil.move(path, place / path.name)


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
