"""The items of a response, each with the events that fill it, in the order of the real service. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from backend.engine.formats import bytes_per_ms, encode
from backend.engine.items import Item
from backend.engine.protocol import BYTES_PER_MS, Event, encode_audio, event, new_id

DELTA_MS = 200
_TRANSCRIPTS_PER_DELTA = 3  # the transcript runs ahead of the audio
_PIECE = re.compile(r"\s*[\x21-\u024f]+|[^\x20-\u024f]{1,3}|\s+")
"""A word with the space before it, or up to three characters of a script without spaces."""


@dataclass(slots=True)
class MessageOutput:
    """Something said or written."""

    response_id: str
    index: int
    modality: Literal["audio", "text"]
    audio_format: dict[str, Any]
    is_truncated: Callable[[str], bool]
    """Whether the item of that id has been cut to what was heard of it: nothing is added to it any more."""
    id: str = field(default_factory=lambda: new_id("item"))
    text: str = ""
    audio_ms: int = 0
    closed: bool = False
    item: Item = field(init=False)

    def __post_init__(self) -> None:
        self.item = {
            "id": self.id,
            "object": "realtime.item",
            "type": "message",
            "status": "in_progress",
            "role": "assistant",
            "content": [],
        }

    def begin_part(self) -> Iterator[Event]:
        """The one content part begins."""
        yield self._part_event("response.content_part.added", part=self._short_part(""))
        self.item["content"] = [self._content()]

    def deltas(
        self, text: str, pcm: bytes, keep: Callable[[str, bytes], None]
    ) -> Iterator[tuple[Event, int]]:
        """Every delta with the ms of audio it carries; transcript ahead of audio.

        ``keep`` is given the item's id and each piece of PCM16 24 kHz as it is sent.
        """
        pieces = iter(_PIECE.findall(text))
        if self.modality == "text":
            for piece in pieces:
                yield self._text_delta("response.output_text.delta", piece), 0
            return
        audio_format = self.audio_format["type"]
        sent, sent_per_ms = encode(pcm, audio_format), bytes_per_ms(audio_format)
        length_ms = len(pcm) // BYTES_PER_MS
        for start in range(0, length_ms, DELTA_MS):
            for _, piece in zip(range(_TRANSCRIPTS_PER_DELTA), pieces, strict=False):
                yield self._text_delta("response.output_audio_transcript.delta", piece), 0
            end = min(start + DELTA_MS, length_ms)
            self.audio_ms += end - start
            keep(self.id, pcm[start * BYTES_PER_MS : end * BYTES_PER_MS])
            delta = encode_audio(sent[start * sent_per_ms : end * sent_per_ms])
            yield self._part_event("response.output_audio.delta", delta=delta), end - start
        for piece in pieces:
            yield self._text_delta("response.output_audio_transcript.delta", piece), 0

    def end_content(self) -> Iterator[Event]:
        """The content part is complete."""
        if self.modality == "audio":
            yield self._part_event("response.output_audio.done")
            yield self._part_event("response.output_audio_transcript.done", transcript=self.text)
        else:
            yield self._part_event("response.output_text.done", text=self.text)
        yield self._part_event("response.content_part.done", part=self._short_part(self.text))

    def shown(self) -> Item:
        """The item as events show it."""
        return {**self.item, "content": [dict(part) for part in self.item["content"]]}

    def event(self, kind: str, **fields: Any) -> Event:
        """An event about the item."""
        return event(kind, response_id=self.response_id, output_index=self.index, **fields)

    def _text_delta(self, kind: str, piece: str) -> Event:
        self.text += piece
        if not self.is_truncated(self.id):
            self.item["content"] = [self._content()]
        return self._part_event(kind, delta=piece)

    def _content(self) -> dict[str, Any]:
        if self.modality == "audio":
            return {"type": "output_audio", "transcript": self.text}
        return {"type": "output_text", "text": self.text}

    def _short_part(self, text: str) -> dict[str, Any]:
        if self.modality == "audio":
            return {"type": "audio", "transcript": text}
        return {"type": "text", "text": text}

    def _part_event(self, kind: str, **fields: Any) -> Event:
        return self.event(kind, item_id=self.id, content_index=0, **fields)


@dataclass(slots=True)
class FunctionCallOutput:
    """A call of a function."""

    response_id: str
    index: int
    name: str
    id: str = field(default_factory=lambda: new_id("item"))
    call_id: str = field(default_factory=lambda: new_id("call"))
    text: str = ""
    """The arguments: a JSON object."""
    closed: bool = False
    item: Item = field(init=False)

    def __post_init__(self) -> None:
        self.item = {
            "id": self.id,
            "object": "realtime.item",
            "type": "function_call",
            "status": "in_progress",
            "name": self.name,
            "call_id": self.call_id,
            "arguments": "",
        }

    def call(self, arguments: str) -> Iterator[Event]:
        """The arguments, as deltas."""
        for piece in _PIECE.findall(arguments):
            self.text += piece
            yield self._call_event("response.function_call_arguments.delta", delta=piece)
        self.item["arguments"] = self.text

    def end_content(self) -> Iterator[Event]:
        """The arguments are complete."""
        yield self._call_event("response.function_call_arguments.done", name=self.name, arguments=self.text)

    def shown(self) -> Item:
        """The item as events show it."""
        return dict(self.item)

    def event(self, kind: str, **fields: Any) -> Event:
        """An event about the item."""
        return event(kind, response_id=self.response_id, output_index=self.index, **fields)

    def _call_event(self, kind: str, **fields: Any) -> Event:
        return self.event(kind, item_id=self.id, call_id=self.call_id, **fields)


OutputItem = MessageOutput | FunctionCallOutput
