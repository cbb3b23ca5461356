"""The words of the user's audio: made out beside everything else, told to the client where it asked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from backend.engine.dialogue import Dialogue
from backend.engine.items import Item
from backend.engine.protocol import BYTES_PER_MS, event
from backend.engine.session import wants_transcripts
from backend.engine.speech import Speech, Words
from backend.engine.spoken_turn import SpokenTurn
from backend.engine.transcription import TranscriptionUnavailable, transcription_usage

_TRANSCRIPTION = "conversation.item.input_audio_transcription"
_STREAMING_MODELS = ("gpt-realtime-whisper",)
"""Their deltas begin while the user still speaks."""


class Hearing:
    """Speech recognition on one connection."""

    def __init__(self, dialogue: Dialogue) -> None:
        self._dialogue = dialogue
        self._told: dict[str, str] = {}

    def open_turn(self, audio: Callable[[int, int], bytes], start_ms: int) -> SpokenTurn:
        """A turn that is being spoken; ``audio``: PCM16 24 kHz mono between two positions in ms."""
        dialogue = self._dialogue
        return SpokenTurn(dialogue.transcriber, dialogue.expectation(), audio, start_ms)

    def hear(
        self,
        item: Item,
        content_index: int,
        pcm: bytes,
        words: asyncio.Future[Words] | None = None,
        *,
        announced: bool = True,
    ) -> None:
        """Make out the words of an item's audio, for the customer and, where it asked for them, for the client.

        The real model hears the audio itself, whether or not the client asked for a transcript. ``words``: they
        are known or have been begun already. Not ``announced``: for the customer only.
        """
        announced = announced and wants_transcripts(self._dialogue.session)
        if words is None:
            speech = Speech(pcm, self._dialogue.expectation(), urgent=True)
            words = asyncio.ensure_future(self._dialogue.transcriber.transcribe(speech))
        task = asyncio.create_task(self._hear(item, content_index, len(pcm), announced, words))
        self._dialogue.hearing[item["id"]] = task

    def tell_so_far(self, item_id: str, text: str) -> None:
        """The words up to a pause, of an item that is still being spoken: for a client of a streaming model."""
        if self._model() in _STREAMING_MODELS:
            self._tell(item_id, 0, text)

    def stop(self) -> None:
        """Give up what is still being made out: the client has gone."""
        for task in self._dialogue.hearing.values():
            task.cancel()

    async def _hear(
        self, item: Item, content_index: int, size: int, announced: bool, words: asyncio.Future[Words]
    ) -> Words | None:
        outbox = self._dialogue.outbox
        about = {"item_id": item["id"], "content_index": content_index}
        try:
            heard = await words
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
            item["content"][content_index]["transcript"] = heard.text
            self._tell(item["id"], content_index, heard.text)
            self._told.pop(item["id"], None)
            usage = transcription_usage(self._model(), size / BYTES_PER_MS / 1000, heard.text, heard.language)
            outbox.put(event(f"{_TRANSCRIPTION}.completed", **about, transcript=heard.text, usage=usage))
        return heard

    def _model(self) -> str | None:
        transcription = self._dialogue.session["audio"]["input"]["transcription"] or {}
        return transcription.get("model")

    def _tell(self, item_id: str, content_index: int, text: str) -> None:
        """What ``text`` adds to the deltas sent; nothing where it takes some of them back: ``completed`` will."""
        told = self._told.get(item_id, "")
        if text.startswith(told) and text != told:
            about = {"item_id": item_id, "content_index": content_index}
            self._dialogue.outbox.put(event(f"{_TRANSCRIPTION}.delta", **about, delta=text[len(told) :]))
            self._told[item_id] = text
