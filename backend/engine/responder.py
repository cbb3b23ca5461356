"""Carries out responses: waits for the user's words, asks the customer, sends the answer at its pace."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass

from backend.engine.dialogue import Dialogue
from backend.engine.items import Item, words_of
from backend.engine.mind import MindError
from backend.engine.protocol import Event, ProtocolError, event
from backend.engine.recordings import pcm_of
from backend.engine.request import within_limit
from backend.engine.response import ResponseLane, ResponseRequest, Status
from backend.engine.script import Call, Speech, scripted
from backend.engine.session import language_of_text
from backend.engine.tempo import at_speed
from backend.engine.thinking import ahead, thoughts
from backend.engine.turn import Turn, spoken, turn_of, unanswered
from backend.engine.usage import RateLimit

log = logging.getLogger(__name__)

WORDS_TIMEOUT_S = 10.0
"""How long an answer waits for the user's words; after that the customer goes on by turn order, and the log says so."""


@dataclass(frozen=True, slots=True)
class Doom:
    """How a response is to end, on request, in place of its answer. ``exhausted``: as when a rate limit is met."""

    status: Status
    reason: str | None = None
    error: Event | None = None
    exhausted: bool = False


class Responder:
    """The responses of one connection: one at a time in the conversation, any number beside it."""

    def __init__(self, dialogue: Dialogue) -> None:
        self._dialogue = dialogue
        self._running: dict[str, tuple[ResponseLane, asyncio.Task[None]]] = {}
        self._rate_limit = RateLimit()
        self._doom: Doom | None = None
        self._speaking_since: dict[str, float] = {}
        self.when_done: Callable[[float], None] = lambda playing_s: None
        """Called when the conversation's response has ended, with the seconds for which it is still to be heard."""

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

    def doom(self, doom: Doom) -> None:
        """End the conversation's running response so, or else the next one."""
        active = self.active
        if active is None:
            self._doom = doom
            return
        self._running[active.id][1].cancel()
        self._meet(active, doom)

    def stop(self) -> None:
        """End everything without a word: the client has gone."""
        for _, task in self._running.values():
            task.cancel()
        self._running.clear()

    async def _run(self, lane: ResponseLane) -> None:
        try:
            await self._answer(lane)
        except MindError as failure:
            log.warning("the model broke off: %s", failure)
            message = f"The model broke off its answer: {failure}."
            self._finish(
                lane, "failed", error={"type": "server_error", "code": "mind_failed", "message": message}
            )
        except Exception:  # a fault here is one failed response, not the end of the session
            log.exception("response %s failed", lane.id)
            error = {"type": "server_error", "code": "server_error"}
            self._finish(lane, "failed", error=error)

    async def _answer(self, lane: ResponseLane) -> None:
        outbox = self._dialogue.outbox
        doom, self._doom = self._doom, None
        if doom is not None and doom.exhausted:
            self._meet(lane, doom)
            return
        cut = False
        turn = await self._turn(lane.request)
        async with contextlib.aclosing(ahead(self._replies(lane, turn))) as replies:
            async for reply, pcm in replies:
                if isinstance(reply, Call):
                    for step in lane.call(reply.name, reply.arguments):
                        outbox.put(step)
                else:
                    cut = await self._speak(lane, reply.answer.text, pcm, doom)
                if cut or doom is not None:
                    break
        if doom is not None:
            self._meet(lane, doom)
        elif cut:
            self._finish(lane, "incomplete", "max_output_tokens")
        else:
            self._finish(lane, "completed")

    async def _replies(
        self, lane: ResponseLane, turn: Turn
    ) -> AsyncGenerator[tuple[Speech | Call, bytes], None]:
        """What the customer does, each thing with its sound: as the model has it or, failing that, the script.

        Raises ``MindError`` when the model fails after something of its answer has been said.
        """
        dialogue, said = self._dialogue, False
        if dialogue.mind is not None:
            thinking = thoughts(dialogue.mind, dialogue, lane.request, turn, self._heard())
            try:
                async with contextlib.aclosing(thinking):
                    async for reply in thinking:
                        said = True
                        yield reply, await self._sound(lane, reply)
            except MindError as error:
                if said:
                    raise
                log.warning("the model gave no answer (%s): the script answers", error)
                lane.notes["mind"] = f"The model gave no answer ({error}): the script answers."
            else:
                return
        reply = scripted(dialogue, lane.request, turn)
        yield reply, await self._sound(lane, reply)

    def _heard(self) -> dict[str, str]:
        """The words of the spoken items, as far as they have been made out."""
        done = {
            key: task for key, task in self._dialogue.hearing.items() if task.done() and not task.cancelled()
        }
        words = {key: task.result() for key, task in done.items() if task.exception() is None}
        return {key: heard.text if heard else "" for key, heard in words.items()}

    async def _speak(self, lane: ResponseLane, text: str, pcm: bytes, doom: Doom | None) -> bool:
        """Send what the customer says at its pace; whether it had to be cut to the tokens allowed."""
        outbox = self._dialogue.outbox
        text, pcm, cut = within_limit(text, pcm, lane.request.max_output_tokens, lane.audio_ms)
        for opening in lane.say():
            outbox.put(opening)
        deltas = lane.deltas(text, pcm)
        while True:
            await outbox.room()  # before the next delta exists: what was never sent must not count as said
            step = next(deltas, None)
            if step is None:
                return cut
            delta, audio_ms = step
            outbox.put(delta)
            if audio_ms:
                self._dialogue.locked_voice = self._dialogue.locked_voice or lane.request.voice
                self._speaking_since.setdefault(lane.id, asyncio.get_running_loop().time())
                await asyncio.sleep(audio_ms / 1000 / self._dialogue.pace)
            if doom is not None and (audio_ms or lane.request.modality == "text"):
                return cut  # after something has been said, where a client has most to undo

    async def _sound(self, lane: ResponseLane, reply: Speech | Call) -> bytes:
        """What is said as PCM16 24 kHz: recorded, else spoken by a local voice, else nothing."""
        if isinstance(reply, Call) or lane.request.modality != "audio":
            return b""
        answer, persona = reply.answer, reply.persona
        pcm = (
            b"" if answer.needs else await asyncio.to_thread(pcm_of, persona.recordings / f"{answer.id}.opus")
        )
        if not pcm:
            pcm = await self._dialogue.voice.say(answer.text, _voice_for(answer.text, persona.language))
        if lane.request.speed == 1.0:
            return pcm
        return await asyncio.to_thread(at_speed, pcm, lane.request.speed)

    async def _turn(self, request: ResponseRequest) -> Turn:
        """What is to be answered: the items given, else those since the customer last spoke."""
        given = request.input_items
        whole = self._dialogue.conversation.in_order()
        items = list(given) if given is not None else unanswered(whole)
        words, language = await self._user_words(spoken(items))
        before = [item for item in whole if item.get("role") == "user" and item not in items]
        words_before = (await self._user_words(before[-1:]))[0] if given is None else None
        return turn_of(items, words, words_before, language)

    async def _user_words(self, items: list[Item]) -> tuple[str | None, str | None]:
        """What the user says in ``items``, and the language last spoken; None what is not known."""
        said: list[str] = []
        language = None
        deadline = asyncio.get_running_loop().time() + WORDS_TIMEOUT_S
        for item in items:
            if item.get("role") != "user":
                continue
            task = self._dialogue.hearing.get(item["id"])
            words = words_of(item)
            if words is None and task is not None:
                left = max(0.0, deadline - asyncio.get_running_loop().time())
                await asyncio.wait([task], timeout=left)
                if not task.done():
                    log.warning("no words after %g s: the answer goes on without them", WORDS_TIMEOUT_S)
            heard = task.result() if task is not None and task.done() else None
            if heard is not None and heard.text:
                language = heard.language
            words = heard.text if words is None and heard is not None else words
            if words is not None:
                said.append(words)
        return (" ".join(said) if said else None), language

    def _meet(self, lane: ResponseLane, doom: Doom) -> None:
        if doom.exhausted:
            self._rate_limit.exhaust()
        self._finish(lane, doom.status, doom.reason, doom.error)

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
        now = asyncio.get_running_loop().time()
        until = self._speaking_since.pop(lane.id, now) + lane.audio_ms / 1000
        if lane.request.in_conversation:
            self.when_done(max(0.0, until - now))


def _voice_for(text: str, language: str) -> str:
    """The language to speak ``text`` in: a model, and a client, may say something in another than the persona's."""
    return language_of_text(text) if language in ("ja", "en") else language
