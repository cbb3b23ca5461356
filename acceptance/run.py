"""What the four tests share during a run: the server, the sessions, the conversations, the answers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from acceptance.evidence import answer, finding
from acceptance.held_conversation import HeldConversation
from acceptance.measurements import ModeReading, StoredMessages, Vanished
from acceptance.offer import OFFERS
from acceptance.progress import Answered, ConversationEvent, Doing, Emit, ProgressEvent, Question, Running
from acceptance.record import Moment
from acceptance.request import CheckRequest, Means, Operator
from acceptance.results import Answer, ConversationRecord
from api_client.errors import ApiError
from api_client.models import NewSession
from api_client.rest import SalesMindClient
from relay.config import RelayConfig

_ASK_EVERY_S = 0.1
_READ_TIMEOUT_S = 5.0


def wall_now() -> str:
    """The time on the wall, ISO-8601, UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


class AcceptanceRun:
    """One run. Made and closed by ``acceptance.runner``."""

    def __init__(
        self,
        request: CheckRequest,
        emit: Emit,
        operator: Operator | None,
        means: Means,
    ) -> None:
        self.request = request
        self.limits = request.limits
        self.operator = operator
        self.means = means
        self.server_url = request.server_url
        self.answers: dict[str, Answer] = {}
        self.conversations: list[ConversationRecord] = []
        self.sessions: list[str] = []
        self.second_sessions: list[str] = []
        """Sessions of the second user's, which the run's own account cannot read."""
        self.spoken_session: str | None = None
        """A session in which something was said, and stored."""
        self.vanished: asyncio.Task[Vanished] | None = None
        """A client that vanished while the tests go on, and what became of the flag."""
        self.test = 0
        """Number of the test that is being run."""
        self._emit = emit
        self._began = time.monotonic()
        self._client = self._new_client(request.account.token)

    # --- telling -------------------------------------------------------------------------------

    def now(self) -> float:
        """Seconds since the run began."""
        return round(time.monotonic() - self._began, 3)

    def tell(self, event: ProgressEvent) -> None:
        """Emit a progress event."""
        self._emit(event)

    def doing(self, ja: str, en: str) -> None:
        """Say what is being done."""
        self.tell(Doing(at=self.now(), test=self.test, ja=ja, en=en))

    def running(self, *checkpoints: str) -> None:
        """These are being decided now."""
        self.tell(Running(at=self.now(), checkpoints=checkpoints))

    def tick(self, answers: Iterable[Answer]) -> None:
        """Tell what has passed so far, each once. What has not come yet has not failed."""
        for given in answers:
            known = self.answers.get(given.checkpoint)
            if given.verdict == "pass" and (known is None or known.verdict != "pass"):
                self.answer([given])

    def answer(self, answers: Iterable[Answer]) -> None:
        """Take answers in and tell those that are new."""
        for given in answers:
            if self.answers.get(given.checkpoint) != given:
                self.answers[given.checkpoint] = given
                self.tell(Answered(at=self.now(), answer=given))

    def answer_decided(self, answers: Iterable[Answer]) -> None:
        """The same, without what is not run yet."""
        self.answer([given for given in answers if given.verdict != "not_run"])

    async def ask(self, checkpoint: str, ja: str, en: str, *, aloud: bool = True) -> None:
        """Let the operator judge; without one, or where nothing was played aloud, it does not apply."""
        if self.operator is None or not aloud:
            why = finding("no_operator" if self.operator is None else "not_played_aloud", "absence", Moment())
            self.answer([answer(checkpoint, "not_applicable", why)])
            return
        question = Question(at=self.now(), checkpoint=checkpoint, ja=ja, en=en)
        self.tell(question)
        reply = await self.operator.ask(question)
        name = self.operator.name
        said = finding("operator_said", "operator", Moment(wall_now()), name=name, reply=reply)
        self.answer([answer(checkpoint, reply, said, answered_by=name)])

    async def have_done(self, checkpoint: str, ja: str, en: str) -> bool:
        """Ask the operator to do something, and wait until it is done; False if nobody will."""
        if self.operator is None:
            return False
        question = Question(at=self.now(), checkpoint=checkpoint, ja=ja, en=en, asks="act")
        self.tell(question)
        return await self.operator.ask(question) == "pass"

    # --- the server ----------------------------------------------------------------------------

    async def moved(self, server_url: str) -> None:
        """The server was started again and may have another address."""
        self.server_url = server_url
        old, self._client = self._client, self._new_client(self.request.account.token)
        await old.aclose()

    @property
    def own_session(self) -> NewSession:
        """What the run's own sessions are about."""
        industry, value_proposition = OFFERS[self.request.language]
        return NewSession(industry=industry, value_proposition=value_proposition)

    async def new_session(self) -> str:
        """Start a session of the run's own. Raises ``ApiError``."""
        session = await self._client.start_session(self.own_session)
        self.sessions.append(session.id)
        return session.id

    async def read_mode(self, session_id: str) -> ModeReading:
        """``realtime_mode`` as the server reports it now. Never raises for what the server does."""
        error: str | None = None
        value: bool | None = None
        try:
            async with asyncio.timeout(_READ_TIMEOUT_S):
                value = (await self._client.get_session(session_id)).realtime_mode
        except (ApiError, TimeoutError) as failure:
            error = str(failure.code) if isinstance(failure, ApiError) else "server_timeout"
        return ModeReading(at=wall_now(), t=self.now(), value=value, error=error)

    async def read_mode_until(
        self, session_id: str, wanted: bool | None, within_s: float
    ) -> tuple[ModeReading, ...]:
        """Read until it is ``wanted`` (None: never) or time is up; at least once."""
        readings: list[ModeReading] = []
        ends = time.monotonic() + within_s
        while True:
            readings.append(await self.read_mode(session_id))
            if (wanted is not None and readings[-1].value is wanted) or time.monotonic() >= ends:
                return tuple(readings)
            await asyncio.sleep(_ASK_EVERY_S)

    async def read_messages(self, session_id: str) -> StoredMessages:
        """What the server has stored of what was said. Never raises for what the server does."""
        try:
            messages = (await self._client.get_session(session_id)).messages
        except ApiError as failure:
            return StoredMessages(wall_now(), error=str(failure.code))
        return StoredMessages(
            wall_now(),
            salesperson=tuple(turn.message.strip() for turn in messages if turn.role == "salesperson"),
            customer=tuple(turn.message.strip() for turn in messages if turn.role == "customer"),
        )

    async def finish_session(self, session_id: str) -> bool:
        """Finish one of the run's own sessions; whether the server did."""
        try:
            await self._client.finish_session(session_id)
        except ApiError:
            return False
        return True

    async def finish_sessions(self) -> None:
        """Finish the run's own sessions; one without turns cannot be, and stays."""
        for session_id in self.sessions:
            await self.finish_session(session_id)

    async def close(self) -> None:
        """Close the run's own connections to the server."""
        await self._client.aclose()

    def _new_client(self, token: str) -> SalesMindClient:
        return SalesMindClient(
            self.server_url, token=token, insecure=self.request.insecure, language=self.request.language
        )

    # --- conversations -------------------------------------------------------------------------

    @asynccontextmanager
    async def converse(
        self,
        name: str,
        session_id: str,
        *,
        server_url: str | None = None,
        token: str | None = None,
        record: bool = False,
        **config: Any,
    ) -> AsyncIterator[HeldConversation]:
        """Hold a conversation while the block runs; it is ended, to its last event, when the block is left.

        ``config`` are further fields of ``RelayConfig``. Raises ``OSError`` when the process cannot be started.
        """
        request, test = self.request, self.test
        directory = request.directory / name
        request.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        log_path = request.directory / f"{name}.log"
        settings = RelayConfig(
            server_url=server_url or self.server_url,
            token=token or request.account.token,
            session_id=session_id,
            insecure=request.insecure,
            chunk_bytes=request.chunk_bytes,
            # Early enough to be back within the limit of t4.half_open.
            answer_within_s=min(30.0, 2 / 3 * (request.limits.half_open_s or 45.0)),
            language=request.language,
            record_directory=str(directory) if record else None,
            **config,
        )
        self.conversations.append(
            ConversationRecord(
                name=name,
                test=test,
                session_id=session_id,
                directory=name if record else None,
                log=log_path.name,
            )
        )
        held = await HeldConversation.start(
            name,
            settings,
            log_path=log_path,
            tell=lambda event: self.tell(
                ConversationEvent(at=self.now(), name=name, test=test, session_id=session_id, event=event)
            ),
        )
        try:
            yield held
        finally:
            await held.stop()
            self._note_recording(name, held.recording)

    def _note_recording(self, name: str, place: Path | None) -> None:
        """Put down where the conversation was recorded, relative to the run's directory."""
        if place is None or not place.is_relative_to(self.request.directory):
            return
        directory = place.relative_to(self.request.directory).as_posix()
        self.conversations = [
            msgspec.structs.replace(record, directory=directory) if record.name == name else record
            for record in self.conversations
        ]
