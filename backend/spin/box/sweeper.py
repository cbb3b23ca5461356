"""One task per process that ends the visits nobody holds any more."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime

from channels.db import database_sync_to_async
from django.conf import settings
from django.utils import timezone

from backend.spin.box import visits

ROUND_S = 0.5

logger = logging.getLogger(__name__)


class Sweeper:
    """Sweeps every ``ROUND_S`` seconds, from one lease after its start: kiosks could not be heard before that."""

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None
        self._clean_until: datetime | None = None

    def start(self) -> None:
        """Begin, if this server is a demo box's."""
        if settings.SALESMIND_BOX_SECRET is not None and self._task is None:
            self._task = asyncio.create_task(self._run(), name="visits")

    def stop(self) -> None:
        """End; visits go on in the next process, if there is one within the lease."""
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        await asyncio.sleep(settings.SALESMIND_VISIT_LEASE_SECONDS)
        failing = False
        while True:
            try:
                await database_sync_to_async(self._round)()
            except Exception:  # whatever it is, the next round comes
                if not failing:
                    logger.exception("Visits could not be looked at; it is tried again")
                failing = True
            else:
                failing = False
            await asyncio.sleep(ROUND_S)

    def _round(self) -> None:
        began = timezone.now()
        visits.sweep()
        due = self._clean_until is None or visits.ended_since(self._clean_until)
        if due and visits.forget_on_disk():
            self._clean_until = began


sweeper = Sweeper()
