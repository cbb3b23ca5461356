"""The keeper: one task per process that keeps the leases of all its connections and finds what was revoked."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from channels.db import database_sync_to_async
from channels.layers import get_channel_layer
from django.conf import settings

from backend.spin import leases, revocation
from backend.spin.authentication import still_valid

BROKER_RETRY_S = 1.0

logger = logging.getLogger(__name__)


class KeptConnection(Protocol):
    """The keeper's view of a relay connection."""

    token: str
    lease: tuple[uuid.UUID, uuid.UUID] | None
    """Lease id and session id, once there is a lease."""

    def revoke(self) -> None:
        """Its token is no longer valid: tell the client and close."""

    def session_deleted(self) -> None:
        """Its session no longer exists: tell the client and close."""


@dataclass(slots=True)
class Round:
    """One round's findings: the connections to close, and what failed. A failed step finds none."""

    revoked: list[KeptConnection] = field(default_factory=list)
    without_session: list[KeptConnection] = field(default_factory=list)
    failures: list[tuple[str, Exception]] = field(default_factory=list)

    def attempt(self, what: str, step: Callable[[], object]) -> None:
        """Run one step; its failure does not prevent the next one."""
        try:
            step()
        except Exception as failure:  # noqa: BLE001 (kept, and logged by whoever reads the round)
            self.failures.append((what, failure))


def _go_round(connections: Sequence[KeptConnection]) -> Round:
    """Renew, sweep, and find those whose token or session is gone (blocking).

    The leases are read here, in the one thread that also hands them back: one that is handed back
    meanwhile cannot be mistaken for one that was lost and be taken out again.
    """
    held = [(connection, *connection.lease) for connection in connections if connection.lease]
    found = Round()

    def find_revoked() -> None:
        valid = still_valid({connection.token for connection in connections})
        found.revoked = [connection for connection in connections if connection.token not in valid]

    def find_without_session() -> None:
        existing = leases.existing_sessions(session for _connection, _lease, session in held)
        found.without_session = [
            connection for connection, _lease, session in held if session not in existing
        ]

    found.attempt(
        "Leases could not be renewed", lambda: leases.renew({lease: session for _c, lease, session in held})
    )
    found.attempt("Lapsed leases could not be dropped", leases.sweep)
    found.attempt("Tokens could not be checked", find_revoked)
    found.attempt("Sessions could not be checked", find_without_session)
    return found


class Keeper:
    """Runs while there are connections."""

    def __init__(self) -> None:
        self._connections: set[KeptConnection] = set()
        self._task: asyncio.Task[None] | None = None
        self._failing = False
        self._succeeded_at = time.monotonic()

    @property
    def overdue(self) -> bool:
        """Whether no round has succeeded for so long that leases of open connections lapse."""
        silent_s = time.monotonic() - self._succeeded_at
        return bool(self._connections) and silent_s > settings.SALESMIND_LEASE_SECONDS

    def add(self, connection: KeptConnection) -> None:
        """Start keeping ``connection``."""
        if not self._connections:
            self._succeeded_at = time.monotonic()  # there was nothing to do until now
        self._connections.add(connection)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name="keeper")

    def discard(self, connection: KeptConnection) -> None:
        """The connection is closed."""
        self._connections.discard(connection)

    async def _run(self) -> None:
        nudged = asyncio.Event()
        listener = asyncio.create_task(_listen(nudged), name="revocations")
        try:
            while self._connections:
                await self._look_after()
                nudged.clear()
                try:
                    async with asyncio.timeout(settings.SALESMIND_KEEPER_SECONDS):
                        await nudged.wait()
                except TimeoutError:
                    pass
        finally:
            listener.cancel()

    async def _look_after(self) -> None:
        try:
            found: Round = await database_sync_to_async(_go_round)(list(self._connections))
        except Exception as broken:  # noqa: BLE001 (whatever it is, the next round comes)
            found = Round(failures=[("The keeper failed", broken)])
        if found.failures:
            if not self._failing:  # one traceback for each outage, not one every two seconds
                for what, failure in found.failures:
                    logger.error("%s; it is tried again", what, exc_info=failure)
        else:
            self._succeeded_at = time.monotonic()
            if self._failing:
                logger.info("Leases are renewed again")
        self._failing = bool(found.failures)
        for connection in found.revoked:
            connection.revoke()
        for connection in found.without_session:
            connection.session_deleted()


async def _listen(nudged: asyncio.Event) -> None:
    """Set ``nudged`` whenever an account has changed. While the broker is away, only the regular rounds remain."""
    layer = get_channel_layer()
    if layer is None:
        return
    failing = False
    while True:
        try:
            channel = await layer.new_channel()
            await layer.group_add(revocation.GROUP, channel)
            if failing:
                failing = False
                logger.info("The channel layer answers again")
            while True:
                await layer.receive(channel)
                nudged.set()
        except Exception:  # whatever the broker raises
            if not failing:
                logger.exception(
                    "The channel layer failed; revoked tokens are found every few seconds instead"
                )
            failing = True
            await asyncio.sleep(BROKER_RETRY_S)


keeper = Keeper()
