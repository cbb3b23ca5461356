"""One user of a load run: a session, a spoken conversation in real time, and what it was like."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator
from typing import TypeVar

from api_client.errors import ApiError
from api_client.events import (
    BinaryAudio,
    ErrorEvent,
    InputTranscriptionCompleted,
    OutputAudioDelta,
    ResponseDone,
    SessionCreated,
    SessionUpdated,
)
from api_client.harmless import one_line
from api_client.models import NewSession
from api_client.realtime import RealtimeConnection, Received
from api_client.rest import SalesMindClient
from api_client.session_update import SessionSettings, session_update
from load.lines import Measure
from load.plan import PROFILES, Plan
from load.playout import Playout
from load.speech import BYTES_PER_SECOND, Recording, Voice
from load.tally import Tally

Told = TypeVar("Told")

GATE_TIMEOUT_S = 30.0
ANSWER_TIMEOUT_S = 20.0
"""A turn that has had no audio by then counts as ``no_answer``, and the next one is spoken."""
PAUSE_S = 1.0
"""Between an answer's end and the next turn."""
MODE_TIMEOUT_S = 5.0
"""How long ``realtime_mode`` may take to become what it should be (the document's own limit for a reading)."""
MODE_POLL_S = 0.5
LONGEST_CODE = 60
INSTRUCTIONS = {
    "ja": "あなたは営業を受けている顧客です。一文で短く答えてください。",
    "en": "You are a customer in a sales talk. Answer briefly, in one sentence.",
}


class Broken(Exception):
    """The conversation cannot go on. ``code`` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class User:
    """Holds one conversation after another until cancelled; all that it notices goes into the tally."""

    def __init__(self, plan: Plan, client: SalesMindClient, lines: list[Recording], tally: Tally) -> None:
        self._plan = plan
        self._profile = PROFILES[plan.profile]
        self._client = client
        self._lines = lines
        self._tally = tally

    async def run(self, leaving: asyncio.Event) -> None:
        """Until ``leaving``. A conversation that broke is counted, and another is begun after a pause."""
        while not leaving.is_set():
            try:
                await self._converse(leaving)
            except Broken as broken:
                self._tally.error(broken.code)
            except ApiError as error:
                self._tally.error(str(error.code))
            if not leaving.is_set():
                await _either(leaving, PAUSE_S * (1 + random.random()))  # noqa: S311 (spreads the load)

    async def _converse(self, leaving: asyncio.Event) -> None:
        begun = time.monotonic()
        session = await self._client.start_session(
            NewSession(industry="IT", value_proposition="Load test", mode="simple")
        )
        self._sample("session", begun)
        begun = time.monotonic()
        connection = await RealtimeConnection.open(
            self._client.server_url, self._client.token, session.id, insecure=self._client.insecure
        )
        try:
            self._sample("connect", begun)
            received = aiter(connection)
            await self._open_gate(connection, received)
            self._sample("gate", begun)
            self._tally.users += 1
            try:
                await self._talk(connection, received, session.id, leaving)
            finally:
                self._tally.users -= 1
        finally:
            await connection.close()
        await self._check_mode(session.id, during=False)

    async def _open_gate(self, connection: RealtimeConnection, received: AsyncIterator[Received]) -> None:
        updated = False
        try:
            async with asyncio.timeout(GATE_TIMEOUT_S):
                async for event, _at, _size in received:
                    if isinstance(event, SessionCreated) and connection.dialect is not None and not updated:
                        settings = SessionSettings(
                            instructions=INSTRUCTIONS[self._plan.language],
                            transcription_language=self._plan.language,
                        )
                        await connection.send(session_update(settings, connection.dialect))
                        updated = True
                    elif isinstance(event, SessionUpdated):
                        return
                    elif isinstance(event, ErrorEvent):
                        self._tally.error(one_line(event.code or "error")[:LONGEST_CODE])
        except TimeoutError:
            raise Broken("no_gate") from None
        raise Broken(f"closed_{connection.close_code}")

    async def _talk(
        self,
        connection: RealtimeConnection,
        received: AsyncIterator[Received],
        session_id: str,
        leaving: asyncio.Event,
    ) -> None:
        turns = Turns(self._lines if self._profile.speaks else [], self._profile.chunk_bytes, self._tally)
        parts = [
            asyncio.create_task(turns.listen(received)),
            asyncio.create_task(turns.send(connection)),
        ]
        leave = asyncio.create_task(leaving.wait())
        mode = asyncio.create_task(self._check_mode(session_id, during=True))
        try:
            done, _pending = await asyncio.wait([*parts, leave], return_when=asyncio.FIRST_COMPLETED)
            for part in done:
                part.result()
            if leave not in done:
                raise Broken(f"closed_{connection.close_code}")
        finally:
            for task in (*parts, leave, mode):
                task.cancel()
            await asyncio.gather(*parts, leave, mode, return_exceptions=True)

    async def _check_mode(self, session_id: str, *, during: bool) -> None:
        """Read ``realtime_mode`` until it is ``during``, for ``MODE_TIMEOUT_S``; count what it was."""
        ends = time.monotonic() + MODE_TIMEOUT_S
        mode: bool | None = None
        while mode is not during and time.monotonic() < ends:
            mode = (await self._client.get_session(session_id)).realtime_mode
            if mode is not during:
                await asyncio.sleep(MODE_POLL_S)
        if during:
            self._tally.count("mode_true" if mode else "mode_not_true")
        else:
            self._tally.count("mode_not_false" if mode else "mode_false")

    def _sample(self, measure: Measure, since: float) -> None:
        self._tally.sample(measure, (time.monotonic() - since) * 1000)


class Turns:
    """The turns of one connection: speak, wait for the answer, hear it out, pause, speak again."""

    def __init__(self, lines: list[Recording], chunk_bytes: int, tally: Tally) -> None:
        self._lines = lines
        self._voice = Voice(chunk_bytes)
        self._chunk_s = chunk_bytes / BYTES_PER_SECOND
        self._tally = tally
        self._playout = Playout()
        self._turn = 0
        self._speak_at = time.monotonic() + PAUSE_S * random.random()  # noqa: S311 (spreads the load)
        self._words_ended_at: float | None = None
        """Of a turn that has no answer yet."""
        self._response: str | None = None

    async def send(self, connection: RealtimeConnection) -> None:
        """Send a chunk whenever one is due, on an absolute schedule. Raises ``ApiError``."""
        due = time.monotonic()
        while True:
            due += self._chunk_s
            free_at = time.monotonic()
            await asyncio.sleep(max(0.0, due - free_at))
            now = time.monotonic()
            # A server that takes nothing holds the send before; that is not this machine's lateness.
            self._tally.sample("lateness", max(0.0, now - max(due, free_at)) * 1000)
            self._take_turn(now)
            chunk = self._voice.next_chunk()
            await connection.send_audio(chunk.pcm)
            if chunk.words_ended_before_end_s is not None:
                # The chunk was recorded in the time before it was due.
                self._words_ended_at = due - chunk.words_ended_before_end_s
                self._tally.count("turns")

    def _take_turn(self, now: float) -> None:
        if self._words_ended_at is not None and now - self._words_ended_at > ANSWER_TIMEOUT_S:
            self._words_ended_at = None
            self._tally.error("no_answer")
            self._speak_at = now
        if self._lines and not self._voice.speaking and now >= self._speak_at:
            self._voice.say(self._lines[self._turn % len(self._lines)])
            self._turn += 1
            self._speak_at = float("inf")

    async def listen(self, received: AsyncIterator[Received]) -> None:
        """Take in what the server says, until it closes."""
        async for event, at, _size in received:
            if isinstance(event, OutputAudioDelta):
                self._heard(event.response_id, event.delta, at)
            elif isinstance(event, BinaryAudio):
                self._heard("", event.pcm, at)
            elif isinstance(event, InputTranscriptionCompleted):
                self._tally.count("transcripts")
            elif isinstance(event, ResponseDone):
                self._speak_at = time.monotonic() + PAUSE_S
            elif isinstance(event, ErrorEvent):
                self._tally.error(one_line(event.code or "error")[:LONGEST_CODE])

    def _heard(self, response: str, pcm: bytes, at: float) -> None:
        if response != self._response:
            self._response = response
            self._playout.begin()
        if self._words_ended_at is not None:
            self._tally.sample("answer", (at - self._words_ended_at) * 1000)
            self._tally.count("answers")
            self._words_ended_at = None
        if (gap_s := self._playout.arrived(len(pcm), at)) > 0:
            self._tally.sample("gap", gap_s * 1000)


async def _either(event: asyncio.Event, timeout_s: float) -> None:
    """Wait for the event, but not longer than that."""
    try:
        async with asyncio.timeout(timeout_s):
            await event.wait()
    except TimeoutError:
        pass
