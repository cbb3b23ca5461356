"""What is done to recordings, away from the loop."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from recordings.library import Deleted, Library
from relay.recording.repair import repair
from tui.host.recordings import Kept, all_recordings


class Shelf:
    """The recordings in ``libraries``. What cannot be done raises ``OSError`` or ``NoRecording``."""

    def __init__(self, libraries: Sequence[Library]) -> None:
        self._libraries = libraries
        self._deleted: list[tuple[Library, Deleted]] = []
        """What is in the trash, the last that was deleted first."""

    @property
    def place(self) -> Path:
        """Where conversations are recorded."""
        return self._libraries[0].root

    @property
    def can_undo(self) -> bool:
        """Something was deleted and is not gone for good."""
        return bool(self._deleted)

    async def read(self) -> list[Kept]:
        """All of them, the newest first."""
        return await asyncio.to_thread(self._read)

    def _read(self) -> list[Kept]:
        found = [(library, deleted) for library in self._libraries for deleted in library.deleted()]
        self._deleted = sorted(found, key=lambda one: one[1].entry.notes.deleted_at, reverse=True)
        return all_recordings(self._libraries)

    async def annotate(self, kept: Kept, *, marked: bool | None = None, note: str | None = None) -> Kept:
        """Change the mark or the note."""
        change = partial(kept.library.annotate, kept.entry, marked=marked, note=note)
        return Kept(kept.library, await asyncio.to_thread(change))

    async def delete(self, kept: Kept) -> None:
        """Take it out of its library; it can be brought back until its trash is emptied."""
        await asyncio.to_thread(kept.library.delete, kept.entry)

    async def undo(self) -> Kept | None:
        """Bring back what was deleted last; None when there is nothing."""
        if not self._deleted:
            return None
        library, deleted = self._deleted.pop(0)
        entry = dataclasses.replace(deleted.entry, name=deleted.name, directory=deleted.origin)
        await asyncio.to_thread(library.restore, entry, deleted.entry.directory)
        return Kept(library, entry)

    async def repair(self, kept: Kept) -> None:
        """Complete what a kill left. Also raises ``StillBeingWritten``."""
        await asyncio.to_thread(repair, kept.entry.directory)
