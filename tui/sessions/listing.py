"""The account's sessions as far as they have been read, newest first. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from api_client.models import Session, SessionPage


@dataclass(slots=True)
class Listing:
    """What the server's pages said."""

    count: int | None = None
    """All sessions of the account; None before the first answer."""
    sessions: dict[str, Session] = field(default_factory=dict)
    """By id, newest first."""
    _page_of: dict[str, int] = field(default_factory=dict)

    def append(self, number: int, page: SessionPage) -> None:
        """The next page while reading them all."""
        self.count = page.count
        for session in page.results:
            # A session that was started meanwhile moves the others down, so some come twice.
            self.sessions[session.id] = session
            self._page_of[session.id] = number

    @property
    def complete(self) -> bool:
        """Whether every session is known."""
        return self.count is not None and len(self.sessions) >= self.count

    def pages(self, ids: Sequence[str]) -> list[int]:
        """The server's pages with these sessions, and always the first, where new ones appear."""
        return sorted({1, *(self._page_of[one] for one in ids if one in self._page_of)})

    def update(self, number: int, page: SessionPage) -> bool:
        """Take a page that was read again; False if sessions came, went or moved: then read them all again."""
        before = [one for one, at in self._page_of.items() if at == number]
        if page.count != self.count or [session.id for session in page.results] != before:
            return False
        self.sessions.update((session.id, session) for session in page.results)
        return True
