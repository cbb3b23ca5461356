"""Which recordings the list shows. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from recordings.library import Match
from tui.host.recordings import Kept


@dataclass(frozen=True, slots=True)
class Filters:
    """What is left out of the list."""

    server_url: str | None = None
    errors: bool = False
    marked: bool = False
    words: str = ""
    """Searched for in transcripts."""
    matches: Mapping[str, list[Match]] = field(default_factory=dict)
    """Where ``words`` stand, by the recording's key."""

    def pick(self, recordings: Sequence[Kept]) -> list[Kept]:
        """Those that pass all of them."""
        return [kept for kept in recordings if self._passes(kept)]

    def _passes(self, kept: Kept) -> bool:
        entry = kept.entry
        ended = entry.manifest.ended
        if self.server_url is not None and entry.manifest.server_url != self.server_url:
            return False
        if self.errors and not (ended is not None and ended.errors):
            return False
        if self.marked and not entry.notes.marked:
            return False
        return not self.words or kept.key in self.matches
