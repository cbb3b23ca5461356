"""One relayed conversation: two pumps between client and upstream, and everything that can end it.

    client -> reader -> bounded queue -> uplink -> upstream
    client <- downlink <- upstream (its bounded read queue)

Each stage waits for the next, so a stalled side slows the other down through TCP instead of filling memory, and
is dropped after ``SALESMIND_STALL_SECONDS``. No pump touches the database.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
import uuid
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol

from channels.db import database_sync_to_async
from django.conf import settings
from django.db import Error as DatabaseFailure
from django.db import IntegrityError
from websockets.exceptions import ConnectionClosed

from backend.spin import leases, upstream
from backend.spin.admission import Admission
from backend.spin.chunk_log import ChunkLog
from backend.spin.close_codes import CloseCode, classify_upstream_close, classify_upstream_loss
from backend.spin.frames import (
    EventHead,
    NotAnEvent,
    append_event,
    audio_bytes,
    created_stub,
    error_event,
    finished_transcript,
    is_delta,
    read_event,
    type_for_log,
)
from backend.spin.pacing import AudioPacing
from backend.spin.stall_watch import StallWatch
from backend.spin.transcripts import TranscriptWriter
from backend.spin.typed_turns import TypedTurns
from backend.spin.upstream import UpstreamConnection
from backend.spin.wording import sentence

QUEUED_MESSAGES = 32
"""Between reader and uplink: 5 s of 8192-byte chunks, enough to bridge the dialling of the upstream."""
PACING_MARGIN_S = 0.5
"""After a refusal, reading resumes when this much audio fits in."""
DATABASE_TIMEOUT_S = 5.0
"""How long an ended conversation waits for the database before telling its client (s)."""
NO_CLOSE_FRAME = 1006
"""RFC 6455's code for a connection that ended without a close frame."""

logger = logging.getLogger("salesmind.relay")


class ClientGone(Exception):
    """The client went away while something was sent to it."""


class Client(Protocol):
    """The client's socket."""

    async def receive(self) -> str | bytes | None:
        """The next message; None if the client has gone."""

    async def send(self, message: str | bytes) -> None:
        """Send one message. Raises ``ClientGone``."""

    @property
    def send_now(self) -> Callable[[str], bool]:
        """Sends a message if that needs no waiting; false if it has to be sent with ``send``."""

    async def close(self, code: int, reason: str, event: str | None) -> None:
        """Send the reason in an event, then close; gives up on a client that is gone or stuck."""


@dataclass(frozen=True, slots=True)
class End:
    """Why a conversation ended, and what to tell the client."""

    close_code: int
    reason: str
    event: str | None = None
    by_client: bool = False


CLIENT_GONE = End(1000, "", by_client=True)


def _size_bytes(message: str | bytes) -> int:
    return len(message) if isinstance(message, bytes) or message.isascii() else len(message.encode())


class Conversation:
    """One conversation from its admission to its end. ``run`` once."""

    def __init__(self, client: Client, admission: Admission, language: str) -> None:
        self.token = admission.token
        self.lease: tuple[uuid.UUID, uuid.UUID] | None = None
        self._client = client
        self._admission = admission
        self._language = language
        self._uplink: asyncio.Queue[str | bytes] = asyncio.Queue(QUEUED_MESSAGES)
        self._pacing = AudioPacing(settings.SALESMIND_AUDIO_AHEAD_SECONDS)
        self._refused_bytes = 0
        self._typed = TypedTurns()
        self._writer: TranscriptWriter | None = None
        self._upstream: UpstreamConnection | None = None
        self._ended: asyncio.Future[End] = asyncio.get_running_loop().create_future()

    async def run(self) -> End:
        """Relay until one side ends; returns why. Everything is settled by then, and the client has been told."""
        tasks = [
            asyncio.create_task(self._guard(self._read_client()), name="reader"),
            asyncio.create_task(self._guard(self._talk()), name="talk"),
        ]
        end = None
        try:
            end = await self._ended
            return end
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._settle(end)

    def revoke(self) -> None:
        """The token is no longer valid: close with 4401."""
        self._end(CloseCode.UNAUTHENTICATED, "authentication_error", "token_revoked")

    def session_deleted(self) -> None:
        """The session no longer exists: close with 4404."""
        self._end(CloseCode.UNKNOWN_SESSION, "invalid_request_error", "session_not_found")

    def _end(self, close_code: CloseCode, kind: str, error_code: str, /, **values: Any) -> None:
        """End the conversation with an ``error`` event, unless something else ended it first."""
        if self._ended.done():
            return
        words = sentence(error_code, self._language, **values)
        upstream_end = {key: values[key] for key in ("upstream_code", "upstream_reason") if key in values}
        event = error_event(kind, words, error_code, **upstream_end)
        reason = " ".join(
            str(part) for part in (error_code, *upstream_end.values()) if part not in (None, "")
        )
        self._ended.set_result(End(close_code, reason, event))

    def _client_gone(self) -> None:
        if not self._ended.done():
            self._ended.set_result(CLIENT_GONE)

    async def _guard(self, task: Coroutine[Any, Any, None]) -> None:
        """Run a part of the conversation; its failure, or its end, is the conversation's."""
        try:
            await task
        except ClientGone:
            self._client_gone()
        except Exception:
            logger.exception("The relay of session %s failed", self._admission.session_label)
            self._end(CloseCode.INTERNAL_ERROR, "server_error", "internal_error")

    # --- client -> upstream ------------------------------------------------------------------------------

    async def _read_client(self) -> None:
        limit: int = settings.SALESMIND_MAX_MESSAGE_BYTES
        while (message := await self._client.receive()) is not None:
            if _size_bytes(message) > limit:
                return self._end(
                    CloseCode.MESSAGE_TOO_BIG, "invalid_request_error", "message_too_big", limit=limit
                )
            if message and (admitted := await self._admit(message)) is not None:
                await self._uplink.put(admitted)
        return self._client_gone()

    async def _admit(self, message: str | bytes) -> str | bytes | None:
        """The message to forward. One that may not be forwarded is answered here."""
        if isinstance(message, bytes):
            return message if await self._paced(len(message)) else None
        try:
            head, message = read_event(message)
        except NotAnEvent:
            await self._tell("server_error", "not_an_event")
            return None
        if size := audio_bytes(head):
            return message if await self._paced(size) else None
        logger.info("📨 クライアントからテキスト受信: type=%s", type_for_log(head.type))
        self._typed.sent(head)
        return message

    async def _paced(self, size_bytes: int) -> bool:
        """Admit audio that is not too far ahead; refuse the rest, and read no more until there is room."""
        now = time.monotonic()
        if self._pacing.admit(size_bytes, now):
            self._refused_bytes = 0
            return True
        self._refused_bytes += size_bytes
        limit = self._pacing.limit_s
        refused_ms = self._refused_bytes * 1000 // 48_000
        await self._tell("rate_limit_error", "audio_ahead_of_real_time", limit=limit, refused=refused_ms)
        await asyncio.sleep(self._pacing.pause_s(min(PACING_MARGIN_S, limit / 2), now))
        return False

    async def _pump_up(self, far: UpstreamConnection) -> None:
        def stalled() -> None:
            far.transport.abort()  # a closing handshake would wait behind what is stuck
            self._end(CloseCode.UPSTREAM_LOST, "connection_error", "upstream_stalled")

        log = ChunkLog(settings.SALESMIND_LOG_AUDIO)
        watch = StallWatch(settings.SALESMIND_STALL_SECONDS, stalled)
        try:
            while True:
                message = await self._uplink.get()
                event = message if isinstance(message, str) else append_event(message)
                with watch:
                    await far.send(event)
                if isinstance(message, bytes):
                    log.sent(len(message), time.monotonic())
        except ConnectionClosed:
            return  # the downlink reads what came before the end, and tells
        finally:
            watch.close()
            log.flush()

    # --- upstream -> client ------------------------------------------------------------------------------

    async def _talk(self) -> None:
        """Connect to the upstream, take the lease, announce, pump."""
        try:
            self._upstream = far = await upstream.dial()
        except upstream.UpstreamUnreachable as failure:
            logger.warning("OpenAI Realtime APIに接続できません: %s", failure.cause)
            end = failure.end
            return self._end(end.close_code, "connection_error", end.error_code, cause=failure.cause)
        try:
            await self._open_session()
        except IntegrityError:
            return self.session_deleted()
        logger.info("✅ OpenAI Realtime API接続成功")
        await self._client.send(created_stub(self._admission.session_label, self._admission.username))
        up = asyncio.create_task(self._guard(self._pump_up(far)), name="uplink")
        try:
            await self._pump_down(far)
        except ConnectionClosed as closed:
            self._upstream_closed(closed)
        finally:
            up.cancel()
            await asyncio.gather(up, return_exceptions=True)
        return None

    async def _open_session(self) -> None:
        session_id = self._admission.session_id
        if session_id is None:
            return
        self._writer = TranscriptWriter(session_id)
        # Known before it is in the database: a client that leaves in between still has it handed back.
        self.lease = (uuid.uuid4(), session_id)
        await database_sync_to_async(leases.acquire)(*self.lease)
        logger.info("✅ Session %s realtime_mode updated to True", session_id)

    async def _pump_down(self, far: UpstreamConnection) -> None:
        def stalled() -> None:
            self._end(CloseCode.CLIENT_STALLED, "connection_error", "client_stalled")

        watch = StallWatch(settings.SALESMIND_STALL_SECONDS, stalled)
        far.on_text = self._forward_now
        try:
            while True:
                message = await far.recv()
                head = None
                if isinstance(message, str):
                    try:
                        head, message = read_event(message)
                    except NotAnEvent:
                        await self._tell("forwarding_error", "upstream_not_an_event")
                        continue
                with watch:
                    await self._client.send(message)
                if head is not None:
                    self._note(head)
        finally:
            far.on_text = None
            watch.close()

    def _forward_now(self, message: str) -> bool:
        """Forward an event while its bytes are being read, if the client takes it at once; false if not.

        Most go this way: it needs no queue and wakes no task.
        """
        try:
            head, message = read_event(message)
            if not self._client.send_now(message):
                return False
            self._note(head)
        except NotAnEvent:
            return False
        except Exception:
            logger.exception("The relay of session %s failed", self._admission.session_label)
            self._end(CloseCode.INTERNAL_ERROR, "server_error", "internal_error")
        return True

    def _note(self, head: EventHead) -> None:
        """Log an event that was forwarded, and keep what it finishes."""
        if is_delta(head.type):
            return
        logger.info("📩 OpenAIからメッセージ受信: type=%s", type_for_log(head.type))
        transcript = finished_transcript(head) or self._typed.confirmed(head)
        if transcript is not None and self._writer is not None:
            self._writer.add(transcript)

    def _upstream_closed(self, closed: ConnectionClosed) -> None:
        """Tell the client with which code and reason the upstream ended."""
        frame = closed.rcvd
        if frame is None:
            code, reason = NO_CLOSE_FRAME, ""
            end = classify_upstream_loss(upstream.fell_silent(closed))
        else:
            code, reason = frame.code, frame.reason
            end = classify_upstream_close(code, reason)
        logger.warning("OpenAI Realtime API切断: code=%s reason=%s", code, reason)
        self._end(
            end.close_code, "connection_error", end.error_code,
            cause=end.error_code, code=f"{code} {reason}".strip(), upstream_code=code, upstream_reason=reason,
        )  # fmt: skip

    # --- both --------------------------------------------------------------------------------------------

    async def _tell(self, kind: str, code: str, **values: Any) -> None:
        """An ``error`` event that leaves the connection open."""
        await self._client.send(error_event(kind, sentence(code, self._language, **values), code))

    async def _settle(self, end: End | None) -> None:
        """Return the lease first: ``realtime_mode`` is read the moment a conversation ends.

        What nobody waits for comes last. ``end`` is None when the server cancelled the conversation.
        """
        await self._hand_back_lease()
        if end is not None and not end.by_client:
            await self._client.close(end.close_code, end.reason, end.event)
        if self._upstream is not None:
            with contextlib.suppress(ConnectionClosed, OSError, TimeoutError):
                await self._upstream.close()
        if self._writer is not None:
            await self._writer.close(DATABASE_TIMEOUT_S)

    async def _hand_back_lease(self) -> None:
        if self.lease is None:
            return
        (lease_id, session_id), self.lease = self.lease, None
        try:
            async with asyncio.timeout(DATABASE_TIMEOUT_S):
                still_open = await database_sync_to_async(leases.release)(lease_id, session_id)
        except (DatabaseFailure, TimeoutError):
            # Nobody renews it any more, so it lapses; the client is still to be told why it all ended.
            logger.exception(
                "Session %s: the lease could not be handed back; it lapses by itself", session_id
            )
        else:
            if not still_open:
                logger.info("✅ Session %s realtime_mode updated to False", session_id)
