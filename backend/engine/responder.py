"""Carries out responses: waits for the user's words, asks the customer, sends the answer at its pace."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from backend.engine.dialogue import Dialogue
from backend.engine.items import Item, client_item, words_of
from backend.engine.persona import Answer
from backend.engine.protocol import BYTES_PER_MS, Event, ProtocolError, event, object_field
from backend.engine.recordings import pcm_of
from backend.engine.response import ResponseLane, ResponseRequest, Status
from backend.engine.session import language_of, language_of_text
from backend.engine.session_schema import RESPONSE, check_object
from backend.engine.usage import OUTPUT_MS_PER_TOKEN, RateLimit

log = logging.getLogger(__name__)

WORDS_TIMEOUT_S = 1.5
"""How long an answer waits for the user's words; after that the customer goes on by turn order."""


class Responder:
    """The responses of one connection: one at a time in the conversation, any number beside it."""

    def __init__(self, dialogue: Dialogue) -> None:
        self._dialogue = dialogue
        self._running: dict[str, tuple[ResponseLane, asyncio.Task[None]]] = {}
        self._rate_limit = RateLimit()

    @property
    def active(self) -> ResponseLane | None:
        """The response that is writing to the conversation, if one is."""
        lanes = (lane for lane, _ in self._running.values() if lane.request.in_conversation)
        return next(lanes, None)

    def create(self, request: ResponseRequest) -> None:
        """Start a response. Raises ``ProtocolError`` when the conversation has one running already."""
        active = self.active
        if active is not None and request.in_conversation:
            message = f"Conversation already has an active response in progress: {active.id}"
            raise ProtocolError("conversation_already_has_active_response", message)
        lane = ResponseLane(request, self._dialogue.conversation)
        self._dialogue.outbox.put(lane.created())
        self._running[lane.id] = lane, asyncio.create_task(self._run(lane))

    def cancel(self, reason: str, response_id: str | None = None) -> bool:
        """End a response now, with its closing events; by default the conversation's. False: none to end."""
        active = self.active
        wanted = response_id or (active.id if active else None)
        if wanted not in self._running:
            return False
        lane, task = self._running[wanted]
        task.cancel()
        self._finish(lane, "cancelled", reason)
        return True

    def stop(self) -> None:
        """End everything without a word: the client has gone."""
        for _, task in self._running.values():
            task.cancel()
        self._running.clear()

    async def _run(self, lane: ResponseLane) -> None:
        try:
            await self._answer(lane)
        except Exception:  # a fault here is one failed response, not the end of the session
            log.exception("response %s failed", lane.id)
            error = {"type": "server_error", "code": "server_error"}
            self._finish(lane, "failed", error=error)

    async def _answer(self, lane: ResponseLane) -> None:
        outbox = self._dialogue.outbox
        answer, persona_id = await self._ask_customer(lane)
        pcm = b""
        if lane.request.modality == "audio":
            pcm = await asyncio.to_thread(pcm_of, persona_id, answer.id)
        text, pcm, cut = within_limit(answer.text, pcm, lane.request.max_output_tokens)
        for opening in lane.open():
            outbox.put(opening)
        deltas = lane.deltas(text, pcm)
        while True:
            await outbox.room()  # before the next delta exists: what was never sent must not count as said
            step = next(deltas, None)
            if step is None:
                break
            delta, audio_ms = step
            outbox.put(delta)
            if audio_ms:
                self._dialogue.audio_produced = True
                await asyncio.sleep(audio_ms / 1000 / self._dialogue.pace)
        if cut:
            self._finish(lane, "incomplete", "max_output_tokens")
        else:
            self._finish(lane, "completed")

    async def _ask_customer(self, lane: ResponseLane) -> tuple[Answer, str]:
        words = await self._user_words(lane.request.input_items)
        language = language_of(self._dialogue.session)
        customer = self._dialogue.customer(language or (language_of_text(words) if words else "ja"))
        answer = customer.reply(words, self._dialogue.role())
        log.info("%s answers with %s", customer.persona.id, answer.id)
        return answer, customer.persona.id

    async def _user_words(self, given: tuple[Item, ...] | None) -> str | None:
        """What the user has said since the customer last spoke; None when nothing of it is known."""
        items = list(given) if given is not None else self._unanswered()
        heard: list[str] = []
        deadline = asyncio.get_running_loop().time() + WORDS_TIMEOUT_S
        for item in items:
            words = words_of(item)
            if words is None and (task := self._dialogue.hearing.get(item["id"])):
                left = max(0.0, deadline - asyncio.get_running_loop().time())
                done, _ = await asyncio.wait([task], timeout=left)
                words = task.result() if done else None
            if words is not None:
                heard.append(words)
        return " ".join(heard) if heard else None

    def _unanswered(self) -> list[Item]:
        items: list[Item] = []
        for item in self._dialogue.conversation.in_order():
            if item.get("role") == "assistant":
                items.clear()
            elif item.get("role") == "user":
                items.append(item)
        return items

    def _finish(
        self, lane: ResponseLane, status: Status, reason: str | None = None, error: Event | None = None
    ) -> None:
        self._running.pop(lane.id, None)
        outbox = self._dialogue.outbox
        total = 0
        for closing in lane.close(status, reason, error):
            outbox.put(closing)
            if closing["type"] == "response.done":
                total = closing["response"]["usage"]["total_tokens"]
        outbox.put(event("rate_limits.updated", rate_limits=[self._rate_limit.spend(total)]))


def within_limit(text: str, pcm: bytes, max_output_tokens: int | str) -> tuple[str, bytes, bool]:
    """``text`` and ``pcm`` cut to the allowed audio tokens, and whether anything had to go."""
    if not isinstance(max_output_tokens, int):
        return text, pcm, False
    allowed = max_output_tokens * OUTPUT_MS_PER_TOKEN * BYTES_PER_MS
    if len(pcm) <= allowed:
        return text, pcm, False
    return text[: len(text) * allowed // len(pcm)], pcm[:allowed], True


def request_for(dialogue: Dialogue, parsed: Event | None = None) -> ResponseRequest:
    """The response that ``response.create`` asks for, or the one that follows a spoken turn.

    Raises ``ProtocolError`` naming the field that is not acceptable.
    """
    session = dialogue.session
    given: dict[str, Any] = {}
    if parsed is not None and parsed.get("response") is not None:
        wanted = object_field(parsed, "response")
        check_object(RESPONSE)(wanted, "response")
        given = {key: value for key, value in wanted.items() if value is not None}
    effective = {**session, **given}
    voice = given.get("audio", {}).get("output", {}).get("voice") or session["audio"]["output"]["voice"]
    return ResponseRequest(
        modality=effective["output_modalities"][0],
        instructions=effective["instructions"],
        max_output_tokens=effective["max_output_tokens"],
        voice=voice,
        metadata=given.get("metadata"),
        in_conversation=given.get("conversation") != "none",
        input_items=_input_items(dialogue, given["input"]) if "input" in given else None,
    )


def _input_items(dialogue: Dialogue, given: list[Item]) -> tuple[Item, ...]:
    items = []
    for index, item in enumerate(given):
        if item.get("type") != "item_reference":
            items.append(client_item(item)[0])
            continue
        known = dialogue.conversation.get(str(item.get("id")))
        if known is None:
            path = f"response.input[{index}].id"
            raise ProtocolError("invalid_value", f"There is no item '{item.get('id')}'.", path)
        items.append(known)
    return tuple(items)
