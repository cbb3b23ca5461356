"""One client: reads its events in order, answers each, and sends the output."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from backend.engine.dialogue import Dialogue
from backend.engine.event_schema import check_event
from backend.engine.formats import decode, encode
from backend.engine.hearing import Hearing
from backend.engine.items import client_item, words_of
from backend.engine.listening import Listening
from backend.engine.mcp import McpServers
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
    parse,
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
        self._mcp_servers = McpServers(dialogue.conversation)
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
        }

    async def run(self) -> None:
        """Serve until either side closes or the session is too old."""
        self._dialogue.outbox.put(event("session.created", session=self._dialogue.session))
        self._ask_mcp_servers(self._dialogue.session)
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
        """Send the reason, then close with ``code``, as the real service refuses a client."""
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
            log.debug("received %.64r", kind)
            check_event(parsed, self._dialogue.strict)
            waiting = self._handlers[kind](parsed)
            if waiting is not None:
                await waiting
        except ProtocolError as error:
            log.info("refused: %s (%.128r)", error.code, error.param)
            self._dialogue.outbox.put(error_event(error, event_id))
        except Exception:  # a fault of ours is told to the client, and the session goes on
            log.exception("event could not be handled")
            problem = ProtocolError("server_error", "The server had an error while processing your request.")
            self._dialogue.outbox.put(error_event(problem, event_id, kind="server_error"))

    def _session_update(self, parsed: Event) -> None:
        dialogue = self._dialogue
        dialogue.session = updated(
            dialogue.session,
            parsed["session"],
            begun=len(dialogue.conversation) > 0,
            locked_voice=dialogue.locked_voice,
            strict=dialogue.strict,
        )
        self._listening.configure()
        if dialogue.role() or dialogue.mind:  # there may be something to say that has no recording
            dialogue.voice.prepare(dialogue.main_language())
        self._dialogue.outbox.put(event("session.updated", session=self._dialogue.session))
        self._ask_mcp_servers(dialogue.session)

    def _ask_mcp_servers(self, settings: Event) -> None:
        for step in self._mcp_servers.asked_for(settings.get("tools") or ()):
            self._dialogue.outbox.put(step)

    async def _append(self, parsed: Event) -> None:
        await self._listening.append(decode_audio(parsed["audio"], "audio"))

    def _item_create(self, parsed: Event) -> None:
        conversation, strict = self._dialogue.conversation, self._dialogue.strict
        item, audio = client_item(parsed["item"], strict=strict)
        call_id = item["call_id"] if item["type"] == "function_call_output" else None
        if strict and call_id is not None and not conversation.has_call(call_id):
            message = f"Tool call ID '{call_id}' not found in conversation."
            raise ProtocolError("invalid_tool_call_id", message)
        previous_id = parsed.get("previous_item_id")
        previous = conversation.add(item, previous_id)
        for index, encoded in audio.items():
            pcm = decode(encoded, self._format_of("user"))
            conversation.append_audio(item["id"], pcm, index)
            if item["content"][index]["transcript"] is None:
                self._hearing.hear(item, index, pcm, announced=False)
        if item.get("role") == "assistant":
            for customer in self._dialogue.customers.values():
                customer.remember(words_of(item) or "")
        for kind in ("conversation.item.added", "conversation.item.done"):
            self._dialogue.outbox.put(event(kind, previous_item_id=previous, item=item))

    def _item_retrieve(self, parsed: Event) -> None:
        item = self._dialogue.conversation.retrieved(
            parsed["item_id"], lambda pcm, role: encode(pcm, self._format_of(role))
        )
        self._dialogue.outbox.put(event("conversation.item.retrieved", item=item))

    def _format_of(self, role: str) -> str:
        audio = self._dialogue.session["audio"]
        audio_format = audio["output" if role == "assistant" else "input"]["format"]["type"]
        return str(audio_format)

    def _item_truncate(self, parsed: Event) -> None:
        item_id, content_index, audio_end_ms = (
            parsed[name] for name in ("item_id", "content_index", "audio_end_ms")
        )
        self._dialogue.conversation.truncate(item_id, content_index, audio_end_ms)
        truncated = event(
            "conversation.item.truncated",
            item_id=item_id,
            content_index=content_index,
            audio_end_ms=audio_end_ms,
        )
        self._dialogue.outbox.put(truncated)

    def _item_delete(self, parsed: Event) -> None:
        item_id = parsed["item_id"]
        self._dialogue.conversation.delete(item_id)
        self._dialogue.outbox.put(event("conversation.item.deleted", item_id=item_id))

    def _response_create(self, parsed: Event) -> None:
        request = request_for(self._dialogue, parsed)
        self._ask_mcp_servers(parsed.get("response") or {})
        self._responder.create(request)

    def _response_cancel(self, parsed: Event) -> None:
        if not self._responder.cancel("client_cancelled", parsed.get("response_id")):
            message = "Cancellation failed: no active response found"
            raise ProtocolError("response_cancel_not_active", message)
