"""The input line that searches all transcripts, away from the loop."""

from __future__ import annotations

import time
from collections.abc import Sequence

from textual import work
from textual.message import Message
from textual.worker import get_current_worker

from recordings.library import Match
from relay.recording.reader import NoRecording
from tui.frame.field import Field
from tui.host.recordings import Kept

SHOW_EVERY_S = 0.5
"""Between two reports of what a search has found so far."""


class SearchField(Field):
    """Type, then ``search``; what is found comes as ``Found``."""

    class Found(Message):
        """The search for ``words`` has come to ``matches``, by the recordings' keys; ``over``: that is all."""

        def __init__(self, words: str, matches: dict[str, list[Match]], *, over: bool) -> None:
            super().__init__()
            self.words = words
            self.matches = matches
            self.over = over

    def search(self, words: str, recordings: Sequence[Kept]) -> None:
        """Search ``recordings`` for ``words``; an earlier search ends. Without words it only ends."""
        if words:
            self._search(words, list(recordings))
        else:
            self.workers.cancel_group(self, "search")

    @work(thread=True, exclusive=True, group="search", exit_on_error=False)
    def _search(self, words: str, recordings: list[Kept]) -> None:
        worker = get_current_worker()
        matches: dict[str, list[Match]] = {}
        shown_at = time.monotonic()
        for kept in recordings:
            if worker.is_cancelled:
                return
            try:
                found = list(kept.library.search(words, [kept.entry]))
            except (NoRecording, OSError):
                continue
            if found:
                matches[kept.key] = found[0][1]
            if time.monotonic() - shown_at > SHOW_EVERY_S:
                shown_at = time.monotonic()
                self.post_message(self.Found(words, dict(matches), over=False))
        self.post_message(self.Found(words, matches, over=True))
