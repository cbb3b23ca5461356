"""The input lane: audio in, turns out. Buffer, VAD, commits, and the words of each turn."""

from __future__ import annotations

import asyncio
from typing import Any

from backend.engine.dialogue import Dialogue
from backend.engine.formats import Decoder
from backend.engine.hearing import Hearing
from backend.engine.input_buffer import InputBuffer
from backend.engine.items import Item
from backend.engine.protocol import BYTES_PER_MS, event, new_id
from backend.engine.request import request_for
from backend.engine.responder import Responder
from backend.engine.sentence import finished
from backend.engine.speech import Words
from backend.engine.spoken_turn import SpokenTurn
from backend.engine.vad import (
    SpeechPaused,
    SpeechResumed,
    SpeechScorer,
    SpeechStarted,
    TurnGate,
    turn_settings,
)

_SLICE_BYTES = 500 * BYTES_PER_MS
_KEPT_BEFORE_SPEECH_MS = 1_000


class Listening:
    """What the engine hears on one connection."""

    def __init__(self, dialogue: Dialogue, responder: Responder, hearing: Hearing) -> None:
        self._dialogue = dialogue
        self._responder = responder
        self._hearing = hearing
        self._buffer = InputBuffer()
        self._scorer: SpeechScorer | None = None
        self._gate: TurnGate | None = None
        self._speech_item_id = ""
        self._speech_start_ms = 0
        self._turn: SpokenTurn | None = None
        self._so_far: asyncio.Task[Words] | None = None
        self._idle: asyncio.TimerHandle | None = None
        self._silent_since = 0
        self._heard_until = 0.0
        self._decoder = Decoder(self._input["format"]["type"])
        responder.when_done = self._response_done
        self.configure()

    @property
    def _input(self) -> dict[str, Any]:
        settings: dict[str, Any] = self._dialogue.session["audio"]["input"]
        return settings

    def configure(self) -> None:
        """Take over the session's ``format`` and ``turn_detection``; an open turn survives a change of settings."""
        if self._input["format"]["type"] != self._decoder.audio_format:
            self._decoder = Decoder(self._input["format"]["type"])
            self._buffer.drop_half_sample()
        detection = self._input["turn_detection"]
        if not (detection or {}).get("idle_timeout_ms"):
            self._stop_waiting()
        if detection is None:
            self._gate = None
            self._drop_turn()
        elif self._gate is not None:
            self._gate.settings = turn_settings(detection)
        else:
            self._gate = TurnGate(turn_settings(detection), self._buffer.end_ms)
            self._scorer = None

    async def append(self, audio: bytes) -> None:
        """Take ``audio`` in the session's format, any number of bytes. Raises ``ProtocolError`` when it is full."""
        pcm = self._buffer.append(self._decoder.decode(audio))
        for start in range(0, len(pcm), _SLICE_BYTES):
            self._detect(pcm[start : start + _SLICE_BYTES])
            await asyncio.sleep(0)  # a long append must not hold up what is being sent

    def commit(self) -> None:
        """Make a turn of everything in the buffer. Raises ``ProtocolError`` when it is less than 100 ms."""
        pcm = self._buffer.take_all()
        item_id = self._speech_item_id if self._gate and self._gate.speaking else new_id("item")
        if self._gate is not None:
            self._gate.reset()
        self._drop_turn()
        self._stop_waiting()
        self._add_turn(item_id, pcm)

    def clear(self) -> None:
        """Empty the buffer; an open turn ends without a trace."""
        self._drop_turn()
        self._buffer.clear()
        self._decoder = Decoder(
            self._input["format"]["type"]
        )  # without the last samples of what is thrown away
        if self._gate is not None:
            self._gate.reset()
        self._dialogue.outbox.put(event("input_audio_buffer.cleared"))

    def stop(self) -> None:
        """Give up what is still being made out: the client has gone."""
        self._drop_turn()
        self._stop_waiting()
        self._hearing.stop()

    def _detect(self, pcm: bytes) -> None:
        if self._gate is None:
            return
        if self._scorer is None:
            self._scorer = SpeechScorer()
        for change in self._gate.feed(self._scorer.hops(pcm), self._customer_is_heard()):
            if isinstance(change, SpeechStarted):
                self._speech_started(change.start_ms)
            elif isinstance(change, SpeechPaused):
                self._speech_paused(change.at_ms)
            elif isinstance(change, SpeechResumed):
                self._speech_resumed()
            else:
                self._speech_stopped(change.end_ms)
        if not self._gate.speaking:
            margin = self._gate.settings.prefix_padding_ms + _KEPT_BEFORE_SPEECH_MS
            recent = self._gate.now_ms - margin
            self._buffer.forget_before(min(recent, self._silent_since) if self._idle else recent)

    def _customer_is_heard(self) -> bool:
        now = asyncio.get_running_loop().time()
        return self._responder.active is not None or now < self._heard_until

    def _speech_started(self, start_ms: int) -> None:
        self._stop_waiting()
        self._speech_item_id = new_id("item")
        self._speech_start_ms = start_ms
        self._turn = self._hearing.open_turn(self._buffer.peek, start_ms)
        started = event(
            "input_audio_buffer.speech_started", audio_start_ms=start_ms, item_id=self._speech_item_id
        )
        self._dialogue.outbox.put(started)
        if self._input["turn_detection"]["interrupt_response"]:
            self._responder.cancel("turn_detected")
            self._heard_until = 0.0  # the client stops playing when it hears of it

    def _speech_paused(self, at_ms: int) -> None:
        """Begin to make out the words while the silence is still being waited for."""
        if self._turn is not None:
            self._so_far = self._turn.pause(at_ms)
            self._so_far.add_done_callback(self._heard_so_far)

    def _speech_resumed(self) -> None:
        self._forget_so_far()
        if self._turn is not None:
            self._turn.resume()

    def _heard_so_far(self, so_far: asyncio.Task[Words]) -> None:
        """The words before a pause: a streaming model tells them, and ``semantic_vad`` allows a pause by them."""
        known = not so_far.cancelled() and so_far.exception() is None
        if known and so_far is self._so_far and so_far.result().text and self._gate is not None:
            words = so_far.result()
            self._hearing.tell_so_far(self._speech_item_id, words.text)
            self._gate.judge(finished(words.text, words.language))

    def _forget_so_far(self) -> None:
        if self._so_far is not None:
            self._so_far.cancel()
            self._so_far = None

    def _drop_turn(self) -> None:
        self._forget_so_far()
        if self._turn is not None:
            self._turn.drop()
            self._turn = None

    def _speech_stopped(self, end_ms: int) -> None:
        item_id = self._speech_item_id
        stopped = event("input_audio_buffer.speech_stopped", audio_end_ms=end_ms, item_id=item_id)
        self._dialogue.outbox.put(stopped)
        turn, self._turn = self._turn, None
        words = turn.finish(end_ms) if turn else None
        self._so_far = None
        self._add_turn(item_id, self._buffer.take(self._speech_start_ms, end_ms), words)
        self._respond()

    def _respond(self) -> None:
        realtime = self._dialogue.session["type"] == "realtime"
        if realtime and self._input["turn_detection"]["create_response"] and self._responder.active is None:
            self._responder.create(request_for(self._dialogue))

    def _response_done(self, playing_s: float) -> None:
        """A response has ended and will be heard for ``playing_s`` more: from then on the user is silent."""
        self._heard_until = asyncio.get_running_loop().time() + playing_s
        self._stop_waiting()
        timeout_ms = (self._input["turn_detection"] or {}).get("idle_timeout_ms")
        if timeout_ms and not (self._gate and self._gate.speaking):
            self._silent_since = self._buffer.end_ms
            loop = asyncio.get_running_loop()
            self._idle = loop.call_later(playing_s + timeout_ms / 1000, self._time_out)

    def _stop_waiting(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None

    def _time_out(self) -> None:
        """The user said nothing for too long: the silence becomes a turn, and the customer speaks up."""
        self._idle = None
        if self._responder.active is not None:
            return
        item_id, start_ms, end_ms = new_id("item"), self._silent_since, self._buffer.end_ms
        self._dialogue.outbox.put(
            event(
                "input_audio_buffer.timeout_triggered",
                audio_start_ms=start_ms,
                audio_end_ms=end_ms,
                item_id=item_id,
            )
        )
        nothing: asyncio.Future[Words] = asyncio.get_running_loop().create_future()
        nothing.set_result(Words("", self._dialogue.expectation().languages[0]))
        self._add_turn(item_id, self._buffer.take(start_ms, end_ms), nothing)
        self._respond()

    def _add_turn(self, item_id: str, pcm: bytes, words: asyncio.Future[Words] | None = None) -> None:
        conversation, outbox = self._dialogue.conversation, self._dialogue.outbox
        item: Item = {
            "id": item_id,
            "object": "realtime.item",
            "type": "message",
            "status": "completed",
            "role": "user",
            "content": [{"type": "input_audio", "transcript": None}],
        }
        previous = conversation.last_id
        outbox.put(event("input_audio_buffer.committed", previous_item_id=previous, item_id=item_id))
        conversation.add(item)
        conversation.append_audio(item_id, pcm)
        outbox.put(event("conversation.item.added", previous_item_id=previous, item=item))
        outbox.put(event("conversation.item.done", previous_item_id=previous, item=item))
        self._hearing.hear(item, 0, pcm, words)
