"""Finished transcripts into the session, one after the other, beside the audio and never on its path."""

from __future__ import annotations

import asyncio
import logging
import uuid

from channels.db import database_sync_to_async
from django.db import Error as DatabaseFailure
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Max

from backend.spin.frames import FinishedTranscript
from backend.spin.models import Message, Session

WAITING = 256
"""Transcripts that may wait for the database: many minutes of conversation."""
RETRY_S = 1.0

logger = logging.getLogger(__name__)


def save(session_id: uuid.UUID, transcript: FinishedTranscript) -> Message:
    """Append one message to the session (blocking)."""
    with transaction.atomic():
        # The lock on the session orders the writers of its two connections.
        session = Session.objects.select_for_update().get(pk=session_id)
        last = session.messages.aggregate(last=Max("sequence"))["last"] or 0
        return Message.objects.create(
            session=session, role=transcript.role, message=transcript.text, sequence=last + 1
        )


class TranscriptWriter:
    """The queue between one connection's pump and the database."""

    def __init__(self, session_id: uuid.UUID) -> None:
        self._session_id = session_id
        self._waiting: asyncio.Queue[FinishedTranscript] = asyncio.Queue(WAITING)
        self._unsaved = 0
        self._task = asyncio.create_task(self._run(), name="transcripts")

    def add(self, transcript: FinishedTranscript) -> None:
        """Queue it for saving; returns at once."""
        try:
            self._waiting.put_nowait(transcript)
        except asyncio.QueueFull:
            logger.error(  # noqa: TRY400 (the exception says nothing more)
                "Session %s: a transcript is lost, the database is %d behind", self._session_id, WAITING
            )
        else:
            self._unsaved += 1

    async def _run(self) -> None:
        while True:
            transcript = await self._waiting.get()
            try:
                await self._save(transcript)
            except Session.DoesNotExist:
                logger.warning("Session %s has been deleted: a transcript was not saved", self._session_id)
            except DatabaseFailure:
                logger.exception("Session %s: a transcript could not be saved", self._session_id)
            self._unsaved -= 1
            self._waiting.task_done()

    async def _save(self, transcript: FinishedTranscript) -> None:
        """Save it, however long the database is away: a restart takes seconds, and lost words are not repeated."""
        told = False
        while True:
            try:
                await database_sync_to_async(save)(self._session_id, transcript)
            except (OperationalError, InterfaceError) as failure:
                if not told:
                    told = True
                    logger.warning(
                        "Session %s: the database takes no transcripts, they wait (%s)",
                        self._session_id,
                        failure,
                    )
                await asyncio.sleep(RETRY_S)
            else:
                return

    async def close(self, timeout_s: float) -> None:
        """Save the queue, for at most ``timeout_s``, then stop."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._waiting.join()
        except TimeoutError:
            logger.error("Session %s: %d transcripts are lost", self._session_id, self._unsaved)  # noqa: TRY400
        self._task.cancel()
