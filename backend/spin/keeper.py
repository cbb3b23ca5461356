"""The keeper: one task per process that keeps the leases of all its connections and finds revoked tokens."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Sequence
from typing import Protocol

from channels.db import database_sync_to_async
from channels.layers import get_channel_layer
from django.conf import settings
from django.db import Error as DatabaseFailure

from backend.spin import leases, revocation
from backend.spin.authentication import still_valid

BROKER_RETRY_S = 1.0

logger = logging.getLogger(__name__)


class KeptConnection(Protocol):
    """What the keeper needs to know of a relay connection."""

    token: str
    lease: tuple[uuid.UUID, uuid.UUID] | None
    """Lease id and session id, once there is a lease."""

    def revoke(self) -> None:
        """Its token is good no longer: say so to the client and close."""


def _tick(connections: Sequence[KeptConnection]) -> set[str]:
    """Renew, sweep, and return those tokens of ``connections`` that are still valid (blocking).

    The leases are read here, in the one thread that also hands them back: one that is handed back
    meanwhile cannot be mistaken for one that was lost and be taken out again.
    """
    leases.renew(dict(connection.lease for connection in connections if connection.lease))
    leases.sweep()
    return still_valid({connection.token for connection in connections})


class Keeper:
    """Runs while there are connections."""

    def __init__(self) -> None:
        self._connections: set[KeptConnection] = set()
        self._task: asyncio.Task[None] | None = None
        self._failing = False

    def add(self, connection: KeptConnection) -> None:
        """Look after ``connection`` from now on."""
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
        connections = list(self._connections)
        try:
            valid = await database_sync_to_async(_tick)(connections)
        except (DatabaseFailure, OSError):
            if not self._failing:  # one traceback for each outage, not one every two seconds
                logger.exception("Leases could not be renewed; they lapse unless the database comes back")
            self._failing = True
            return
        if self._failing:
            self._failing = False
            logger.info("Leases are renewed again")
        for connection in connections:
            if connection.token not in valid:
                connection.revoke()


async def _listen(nudged: asyncio.Event) -> None:
    """Set ``nudged`` whenever an account has changed. While the broker is away, the keeper's own rhythm is left."""
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
