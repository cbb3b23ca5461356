"""The input lane: audio in, turns out. Buffer, VAD, commits, and the words of each turn."""

from __future__ import annotations

import asyncio

from backend.engine.dialogue import Dialogue
from backend.engine.input_buffer import InputBuffer
from backend.engine.items import Item
from backend.engine.protocol import BYTES_PER_MS, event, new_id
from backend.engine.responder import Responder, request_for
from backend.engine.session import wants_transcripts
from backend.engine.transcription import TranscriptionUnavailable, transcription_usage
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
_TRANSCRIPTION = "conversation.item.input_audio_transcription"


class Listening:
    """What the engine hears on one connection."""

    def __init__(self, dialogue: Dialogue, responder: Responder) -> None:
        self._dialogue = dialogue
        self._responder = responder
        self._buffer = InputBuffer()
        self._scorer: SpeechScorer | None = None
        self._gate: TurnGate | None = None
        self._speech_item_id = ""
        self._speech_start_ms = 0
        self._early: asyncio.Task[str] | None = None
        self.configure()

    def configure(self) -> None:
        """Take over the session's ``turn_detection``; an open turn survives a mere change of settings."""
        detection = self._dialogue.session["audio"]["input"]["turn_detection"]
        if detection is None:
            self._gate = None
            self._drop_early()
        elif self._gate is not None:
            self._gate.settings = turn_settings(detection)
        else:
            self._gate = TurnGate(turn_settings(detection), self._buffer.end_ms)
            self._scorer = None

    async def append(self, audio: bytes) -> None:
        """Take ``audio`` (PCM16 24 kHz mono, any number of bytes). Raises ``ProtocolError`` when it is full."""
        pcm = self._buffer.append(audio)
        for start in range(0, len(pcm), _SLICE_BYTES):
            self._detect(pcm[start : start + _SLICE_BYTES])
            await asyncio.sleep(0)  # a long append must not hold up what is being sent

    def commit(self) -> None:
        """Make a turn of everything in the buffer. Raises ``ProtocolError`` when it is less than 100 ms."""
        pcm = self._buffer.take_all()
        item_id = self._speech_item_id if self._gate and self._gate.speaking else new_id("item")
        if self._gate is not None:
            self._gate.reset()
        self._drop_early()
        self._add_turn(item_id, pcm)

    def clear(self) -> None:
        """Empty the buffer; an open turn ends without a trace."""
        self._drop_early()
        self._buffer.clear()
        if self._gate is not None:
            self._gate.reset()
        self._dialogue.outbox.put(event("input_audio_buffer.cleared"))

    def stop(self) -> None:
        """Give up what is still being made out: the client has gone."""
        self._drop_early()
        for task in self._dialogue.hearing.values():
            task.cancel()

    def _detect(self, pcm: bytes) -> None:
        if self._gate is None:
            return
        if self._scorer is None:
            self._scorer = SpeechScorer()
        for change in self._gate.feed(self._scorer.scores(pcm)):
            if isinstance(change, SpeechStarted):
                self._speech_started(change.start_ms)
            elif isinstance(change, SpeechPaused):
                self._listen_early(change.at_ms)
            elif isinstance(change, SpeechResumed):
                self._drop_early()
            else:
                self._speech_stopped(change.end_ms)
        if not self._gate.speaking:
            margin = self._gate.settings.prefix_padding_ms + _KEPT_BEFORE_SPEECH_MS
            self._buffer.forget_before(self._gate.now_ms - margin)

    def _speech_started(self, start_ms: int) -> None:
        self._speech_item_id = new_id("item")
        self._speech_start_ms = start_ms
        started = event(
            "input_audio_buffer.speech_started", audio_start_ms=start_ms, item_id=self._speech_item_id
        )
        self._dialogue.outbox.put(started)
        if self._dialogue.session["audio"]["input"]["turn_detection"]["interrupt_response"]:
            self._responder.cancel("turn_detected")

    def _listen_early(self, at_ms: int) -> None:
        """Begin to make out the words while the silence is still being waited for.

        What follows until the turn ends can only be silence: with anything else this is thrown away.
        """
        pcm = self._buffer.peek(self._speech_start_ms, at_ms)
        language = self._dialogue.spoken_language()
        self._early = asyncio.create_task(self._dialogue.transcriber.transcribe(pcm, language))
        self._early.add_done_callback(_retrieved)

    def _drop_early(self) -> None:
        if self._early is not None:
            self._early.cancel()
            self._early = None

    def _speech_stopped(self, end_ms: int) -> None:
        item_id = self._speech_item_id
        stopped = event("input_audio_buffer.speech_stopped", audio_end_ms=end_ms, item_id=item_id)
        self._dialogue.outbox.put(stopped)
        early, self._early = self._early, None
        self._add_turn(item_id, self._buffer.take(self._speech_start_ms, end_ms), early)
        wanted = self._dialogue.session["audio"]["input"]["turn_detection"]["create_response"]
        if wanted and self._responder.active is None:
            self._responder.create(request_for(self._dialogue))

    def _add_turn(self, item_id: str, pcm: bytes, early: asyncio.Task[str] | None = None) -> None:
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
        self.hear(item, 0, pcm, announced=wants_transcripts(self._dialogue.session), early=early)

    def hear(
        self,
        item: Item,
        content_index: int,
        pcm: bytes,
        *,
        announced: bool,
        early: asyncio.Task[str] | None = None,
    ) -> None:
        """Make out the words of an item's audio, for the customer and, when ``announced``, for the client.

        The real model hears the audio itself, whether or not the client asked for a transcript. ``early``: it
        has been begun already.
        """
        words = early or asyncio.create_task(
            self._dialogue.transcriber.transcribe(pcm, self._dialogue.spoken_language())
        )
        task = asyncio.create_task(self._hear(item, content_index, len(pcm), announced, words))
        self._dialogue.hearing[item["id"]] = task

    async def _hear(
        self, item: Item, content_index: int, size: int, announced: bool, words: asyncio.Task[str]
    ) -> str | None:
        outbox = self._dialogue.outbox
        about = {"item_id": item["id"], "content_index": content_index}
        language = self._dialogue.spoken_language()
        try:
            text = await words
        except TranscriptionUnavailable as error:
            if announced:
                problem = {
                    "type": "server_error",
                    "code": error.code,
                    "message": error.message,
                    "param": None,
                }
                outbox.put(event(f"{_TRANSCRIPTION}.failed", **about, error=problem))
            return None
        if announced:
            item["content"][content_index]["transcript"] = text
            model = (self._dialogue.session["audio"]["input"]["transcription"] or {}).get("model")
            usage = transcription_usage(model, size / BYTES_PER_MS / 1000, text, language)
            if text:
                outbox.put(event(f"{_TRANSCRIPTION}.delta", **about, delta=text))
            outbox.put(event(f"{_TRANSCRIPTION}.completed", **about, transcript=text, usage=usage))
        return text


def _retrieved(task: asyncio.Task[str]) -> None:
    """Look at a failure that nobody may ask for any more, so that it is not reported as lost."""
    if not task.cancelled():
        task.exception()
