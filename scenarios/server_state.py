"""What the server says of a session over REST, beside the conversation: its mode, and what it has stored."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime

from acceptance.judges.streaming import judge_stored
from acceptance.measurements import ModeReading, StoredMessages
from acceptance.record import Record
from api_client.errors import ApiError
from api_client.rest import SalesMindClient
from scenarios.model import Expectation
from scenarios.request import Patience

_ASK_EVERY_S = 0.1


class ServerState:
    """Of one session. Never raises for what the server does."""

    def __init__(self, client: SalesMindClient, session_id: str, patience: Patience) -> None:
        self._client = client
        self._session_id = session_id
        self._patience = patience
        self._began = time.monotonic()

    async def modes(self, expectations: tuple[Expectation, ...]) -> tuple[ModeReading, ...]:
        """``realtime_mode`` until it is as expected; nothing where nothing is expected of it."""
        wanted = next((one.wanted for one in expectations if one.name == "realtime_mode"), None)
        if wanted is None:
            return ()
        readings: list[ModeReading] = []
        ends = time.monotonic() + self._patience.mode_s
        while not readings or (readings[-1].value is not wanted and time.monotonic() < ends):
            if readings:
                await asyncio.sleep(_ASK_EVERY_S)
            readings.append(await self._read_mode())
        return tuple(readings)

    async def stored(self, record: Record) -> StoredMessages:
        """The stored messages, read until they hold everything that was shown, or time is up."""
        ends = time.monotonic() + self._patience.stored_s
        while True:
            messages = await self._read_messages()
            if judge_stored(record, messages).verdict == "pass" or time.monotonic() >= ends:
                return messages
            await asyncio.sleep(_ASK_EVERY_S)

    async def _read_mode(self) -> ModeReading:
        at, t = _now(), round(time.monotonic() - self._began, 3)
        try:
            session = await self._client.get_session(self._session_id)
        except ApiError as error:
            return ModeReading(at, t, None, str(error.code))
        return ModeReading(at, t, session.realtime_mode)

    async def _read_messages(self) -> StoredMessages:
        try:
            messages = (await self._client.get_session(self._session_id)).messages
        except ApiError as error:
            return StoredMessages(_now(), error=str(error.code))
        return StoredMessages(
            _now(),
            salesperson=tuple(turn.message.strip() for turn in messages if turn.role == "salesperson"),
            customer=tuple(turn.message.strip() for turn in messages if turn.role == "customer"),
        )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
