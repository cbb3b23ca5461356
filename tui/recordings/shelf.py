"""What is done to recordings, away from the loop; deletions can be taken back until it is closed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from recordings.library import Library
from relay.recording.repair import repair
from tui.host.recordings import Kept, all_recordings


@dataclass(frozen=True, slots=True)
class _Deleted:
    kept: Kept
    place: Path


class Shelf:
    """The recordings in ``libraries``. What cannot be done raises ``OSError`` or ``NoRecording``."""

    def __init__(self, libraries: Sequence[Library]) -> None:
        self._libraries = libraries
        self._deleted: list[_Deleted] = []

    @property
    def place(self) -> Path:
        """Where conversations are recorded."""
        return self._libraries[0].root

    @property
    def can_undo(self) -> bool:
        """Something was deleted and not brought back."""
        return bool(self._deleted)

    async def read(self) -> list[Kept]:
        """All of them, the newest first."""
        return await asyncio.to_thread(all_recordings, self._libraries)

    async def annotate(self, kept: Kept, *, marked: bool | None = None, note: str | None = None) -> Kept:
        """Change the mark or the note."""
        change = partial(kept.library.annotate, kept.entry, marked=marked, note=note)
        return Kept(kept.library, await asyncio.to_thread(change))

    async def delete(self, kept: Kept) -> None:
        """Take it out of its library."""
        place = await asyncio.to_thread(kept.library.delete, kept.entry)
        self._deleted.append(_Deleted(kept, place))

    async def undo(self) -> Kept | None:
        """Bring back what was deleted last; None when nothing was."""
        if not self._deleted:
            return None
        deleted = self._deleted.pop()
        await asyncio.to_thread(deleted.kept.library.restore, deleted.kept.entry, deleted.place)
        return deleted.kept

    async def repair(self, kept: Kept) -> None:
        """Complete what a kill left. Also raises ``StillBeingWritten``."""
        await asyncio.to_thread(repair, kept.entry.directory)
