"""One client: reads its events in order, answers each, and sends what there is to send."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from backend.engine.dialogue import Dialogue
from backend.engine.formats import decode, encode
from backend.engine.hearing import Hearing
from backend.engine.items import client_item, words_of
from backend.engine.listening import Listening
from backend.engine.misbehaviour import FaultPlan, Misbehaviour
from backend.engine.outbox import Closing
from backend.engine.protocol import (
    Event,
    ProtocolError,
    client_event_id,
    decode_audio,
    error_event,
    event,
    event_type,
    integer_field,
    object_field,
    parse,
    text_field,
)
from backend.engine.request import request_for
from backend.engine.responder import Responder
from backend.engine.session import updated

log = logging.getLogger(__name__)

SESSION_EXPIRED = 1001
_LAST_WORDS_S = 5.0
"""So long a client may take to read that its session is over."""

Handler = Callable[[Event], Awaitable[None] | None]


class Connection:
    """The life of one WebSocket, from ``session.created`` to its end."""

    def __init__(
        self, socket: ServerConnection, dialogue: Dialogue, *, max_age_s: float, plan: FaultPlan, number: int
    ) -> None:
        """``number``: which connection of the engine this is, for the faults of ``plan``."""
        self._socket = socket
        self._dialogue = dialogue
        self._max_age_s = max_age_s
        self._plan = plan
        self._responder = Responder(dialogue)
        self._hearing = Hearing(dialogue)
        self._listening = Listening(dialogue, self._responder, self._hearing)
        self._misbehaviour = Misbehaviour(number, socket, dialogue.outbox, self._responder, self._end_of_age)
        self._handlers: dict[str, Handler] = {
            "session.update": self._session_update,
            "input_audio_buffer.append": self._append,
            "input_audio_buffer.commit": lambda parsed: self._listening.commit(),
            "input_audio_buffer.clear": lambda parsed: self._listening.clear(),
            "conversation.item.create": self._item_create,
            "conversation.item.retrieve": self._item_retrieve,
            "conversation.item.truncate": self._item_truncate,
            "conversation.item.delete": self._item_delete,
            "response.create": self._response_create,
            "response.cancel": self._response_cancel,
            "output_audio_buffer.clear": self._output_audio_buffer_clear,
        }

    async def run(self) -> None:
        """Serve until either side closes or the session is too old."""
        self._dialogue.outbox.put(event("session.created", session=self._dialogue.session))
        self._plan.opened(self._misbehaviour)
        tasks = [asyncio.create_task(work) for work in (self._read(), self._write(), self._expire())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._plan.closed(self._misbehaviour)
            self._responder.stop()
            self._listening.stop()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def refuse(self, error: ProtocolError, code: int) -> None:
        """Say why, then close with ``code``: how the real service turns a client away."""
        self._dialogue.outbox.put(error_event(error))
        self._dialogue.outbox.finish(code, f"invalid_request_error.{error.code}")
        await self._write()

    async def _write(self) -> None:
        try:
            while True:
                await self._misbehaviour.send(await self._dialogue.outbox.get())
        except Closing as closing:
            await self._socket.close(closing.code, closing.reason)
        except ConnectionClosed:
            return

    async def _read(self) -> None:
        try:
            while True:
                # As bytes, so that text which is not UTF-8 is an error event and not the end of the connection.
                await self._handle(await self._socket.recv(decode=False))
        except ConnectionClosed:
            return

    async def _expire(self) -> None:
        await asyncio.sleep(self._max_age_s)
        self._end_of_age()
        await asyncio.sleep(_LAST_WORDS_S)  # the writer ends the connection once this has been sent

    def _end_of_age(self) -> None:
        message = f"Your session hit the maximum duration of {self._max_age_s / 60:g} minutes."
        self._dialogue.outbox.put(error_event(ProtocolError("session_expired", message)))
        self._dialogue.outbox.finish(SESSION_EXPIRED, message)

    async def _handle(self, message: bytes) -> None:
        event_id = None
        try:
            parsed = parse(message)
            event_id = client_event_id(parsed)
            kind = event_type(parsed)
            log.debug("received %s", kind)
            waiting = self._handlers.get(kind, _unknown)(parsed)
            if waiting is not None:
                await waiting
        except ProtocolError as error:
            log.info("refused: %s (%s)", error.code, error.param)
            self._dialogue.outbox.put(error_event(error, event_id))
        except Exception:  # a fault of ours is told to the client, and the session goes on
            log.exception("event could not be handled")
            problem = ProtocolError("server_error", "The server had an error while processing your request.")
            self._dialogue.outbox.put(error_event(problem, event_id, kind="server_error"))

    def _session_update(self, parsed: Event) -> None:
        patch = object_field(parsed, "session")
        dialogue = self._dialogue
        begun, produced = len(dialogue.conversation) > 0, dialogue.audio_produced
        dialogue.session = updated(dialogue.session, patch, begun=begun, audio_produced=produced)
        self._listening.configure()
        if dialogue.role() or dialogue.mind:  # there may be something to say that has no recording
            dialogue.voice.prepare(dialogue.spoken_language())
        self._dialogue.outbox.put(event("session.updated", session=self._dialogue.session))

    async def _append(self, parsed: Event) -> None:
        await self._listening.append(decode_audio(text_field(parsed, "audio"), "audio"))

    def _item_create(self, parsed: Event) -> None:
        item, audio = client_item(object_field(parsed, "item"))
        previous_id = parsed.get("previous_item_id")
        previous = self._dialogue.conversation.add(
            item, previous_id if isinstance(previous_id, str) else None
        )
        for index, encoded in audio.items():
            pcm = decode(encoded, self._format_of("user"))
            self._dialogue.conversation.append_audio(item["id"], pcm, index)
            if item["content"][index]["transcript"] is None:
                self._hearing.hear(item, index, pcm, announced=False)
        if item.get("role") == "assistant":
            for customer in self._dialogue.customers.values():
                customer.remember(words_of(item) or "")
        for kind in ("conversation.item.added", "conversation.item.done"):
            self._dialogue.outbox.put(event(kind, previous_item_id=previous, item=item))

    def _item_retrieve(self, parsed: Event) -> None:
        item = self._dialogue.conversation.retrieved(
            text_field(parsed, "item_id"), lambda pcm, role: encode(pcm, self._format_of(role))
        )
        self._dialogue.outbox.put(event("conversation.item.retrieved", item=item))

    def _format_of(self, role: str) -> str:
        audio = self._dialogue.session["audio"]
        audio_format = audio["output" if role == "assistant" else "input"]["format"]["type"]
        return str(audio_format)

    def _item_truncate(self, parsed: Event) -> None:
        item_id = text_field(parsed, "item_id")
        content_index = integer_field(parsed, "content_index")
        audio_end_ms = integer_field(parsed, "audio_end_ms")
        self._dialogue.conversation.truncate(item_id, content_index, audio_end_ms)
        truncated = event(
            "conversation.item.truncated",
            item_id=item_id,
            content_index=content_index,
            audio_end_ms=audio_end_ms,
        )
        self._dialogue.outbox.put(truncated)

    def _item_delete(self, parsed: Event) -> None:
        item_id = text_field(parsed, "item_id")
        self._dialogue.conversation.delete(item_id)
        self._dialogue.outbox.put(event("conversation.item.deleted", item_id=item_id))

    def _response_create(self, parsed: Event) -> None:
        self._responder.create(request_for(self._dialogue, parsed))

    def _response_cancel(self, parsed: Event) -> None:
        wanted = parsed.get("response_id")
        if not self._responder.cancel("client_cancelled", wanted if isinstance(wanted, str) else None):
            message = "Cancellation failed: no active response found"
            raise ProtocolError("response_cancel_not_active", message)

    def _output_audio_buffer_clear(self, parsed: Event) -> None:
        message = (
            "'output_audio_buffer.clear' is for WebRTC and SIP; over WebSocket the client owns playback."
        )
        raise ProtocolError("invalid_event", message, "type")


def _unknown(parsed: Event) -> None:
    raise ProtocolError("invalid_event", f"Unknown event type '{parsed['type'][:64]}'.", "type")
