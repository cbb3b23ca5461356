"""From ``session.created`` to ``session.updated``: one update, in the server's dialect."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from api_client.session_update import Dialect, SessionSettings, session_update
from relay.link.ending import Ending, created_timeout, updated_timeout
from relay.link.outbox import Outbox

CREATED_WITHIN_S = 15.0
"""An existing server takes up to 10 s to reach its upstream, then says ``session.created``."""
NAMED_WITHIN_S = 1.5
"""How long to wait, after the server's stub, for the upstream's ``session.created`` that tells its dialect."""
UPDATED_WITHIN_S = 10.0


class Configuring:
    """The configuration of one connection. ``known_dialect``: what an earlier connection learned about the
    server, used when it names none itself."""

    def __init__(self, settings: SessionSettings, known_dialect: Dialect | None, number: int) -> None:
        self._settings = settings
        self._known_dialect = known_dialect
        self._created = asyncio.Event()
        self._named = asyncio.Event()
        self._updated = asyncio.Event()
        self._dialect: Dialect | None = None
        self.update_id = f"session_update_{number}"
        self.guessed: Dialect | None = None
        """The dialect that was used although the server named none."""
        self.updates_sent = 0

    @property
    def waits_for_updated(self) -> bool:
        """Whether the update is on its way or still unanswered."""
        return self.updates_sent > 0 and not self._updated.is_set()

    @property
    def dialect(self) -> Dialect:
        """The dialect of this connection."""
        return self._dialect or self._known_dialect or "ga"

    def created(self, dialect: Dialect | None) -> None:
        """``session.created`` has arrived; ``dialect`` if it revealed one."""
        self._created.set()
        if dialect is not None:
            self._dialect = dialect
            self._named.set()

    def updated(self) -> None:
        """``session.updated`` has arrived."""
        self._updated.set()

    async def run(self, outbox: Outbox, on_update_sent: Callable[[], None]) -> Ending | None:
        """Wait, send the update, wait for confirmation; returns the failure, if any."""
        if not await _within(self._created, CREATED_WITHIN_S):
            return created_timeout(CREATED_WITHIN_S)
        if self._known_dialect is None:
            await _within(self._named, NAMED_WITHIN_S)
        if self._dialect is None:
            self.guessed = self.dialect
        self.updates_sent += 1
        update = session_update(self._settings, self.dialect, event_id=self.update_id)
        outbox.post(update, on_sent=lambda _at: on_update_sent())
        if not await _within(self._updated, UPDATED_WITHIN_S):
            return updated_timeout(UPDATED_WITHIN_S)
        return None


async def _within(event: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True
