"""What the list of sessions reads: the server's pages, single sessions, this machine's recordings."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from acceptance.offer import is_own_offer
from tui.sessions.figures import KnownFigures, RecordedLatency, recorded_latencies
from tui.sessions.listing import Listing
from tui.sessions.view import Row

if TYPE_CHECKING:
    from api_client.models import SessionDetail
    from api_client.rest import SalesMindClient
    from tui.settings import ConsoleSettings

PAGE_SIZE = 100
"""Sessions asked for at once; about 80 kB."""
MOST_SESSIONS = 2_000
"""The newest are read; searching and sorting cover no more."""


class SessionReader:
    """Everything known about the account's sessions. Reading raises ``ApiError``."""

    def __init__(self, client: Callable[[], SalesMindClient]) -> None:
        self._client = client
        self.listing = Listing()
        self.figures = KnownFigures()

    @property
    def rows(self) -> list[Row]:
        """All sessions, newest first."""
        return [Row(one, self.figures.of(one)) for one in self.listing.sessions.values()]

    @property
    def cut(self) -> bool:
        """Whether the account has more sessions than are read."""
        return (self.listing.count or 0) > MOST_SESSIONS

    @property
    def hidden(self) -> int:
        """How many were started by acceptance runs."""
        return sum(is_own_offer(one.value_proposition) for one in self.listing.sessions.values())

    async def refresh(self, shown: Sequence[str], on_first: Callable[[], None]) -> None:
        """Read again the pages that the ``shown`` sessions are on; all of them if the list has changed.

        ``on_first`` is called when the first page of the first reading is there.
        """
        for number in self.listing.pages(shown):
            page = await self._client().list_sessions(number, PAGE_SIZE)
            if not self.listing.update(number, page):
                await self._read_all(on_first)
                return

    async def _read_all(self, on_first: Callable[[], None]) -> None:
        from api_client.errors import NotFound

        first = self.listing.count is None
        found, number = Listing(), 0
        while not found.complete and len(found.sessions) < MOST_SESSIONS:
            number += 1
            try:
                page = await self._client().list_sessions(number, PAGE_SIZE)
            except NotFound:
                if number == 1:
                    raise
                break  # some servers say so of a page past the end, which a shrinking list may come to
            found.append(number, page)
            if not page.results:
                break
            if first and number == 1 and not found.complete:
                self.listing = found
                on_first()
        self.listing = found

    async def detail(self, session_id: str) -> SessionDetail:
        """One session with its turns."""
        detail = await self._client().get_session(session_id)
        self.figures.take(detail)
        return detail

    async def complete_figures(self, shown: Sequence[str], on_each: Callable[[], None]) -> None:
        """Read one by one those of the ``shown`` sessions whose turns the list does not give."""
        sessions = [self.listing.sessions[one] for one in shown if one in self.listing.sessions]
        for one in self.figures.lacking(sessions):
            await self.detail(one)
            on_each()

    async def read_latencies(self, settings: ConsoleSettings) -> None:
        """From the manifests of the recordings on this machine. Never raises."""
        self.figures.latencies = await asyncio.to_thread(_latencies, settings)


def _latencies(settings: ConsoleSettings) -> dict[str, RecordedLatency]:
    from tui.host.recordings import all_recordings, libraries

    try:
        return recorded_latencies(kept.entry for kept in all_recordings(libraries(settings)))
    except OSError:
        return {}
