"""The events of one response, in the order in which the real service was recorded to send them. Pure.

A lane is a small state machine: it knows what has been opened, so that whatever ends the response, everything
open is closed in order.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from backend.engine.formats import bytes_per_ms, encode
from backend.engine.items import Conversation, Item
from backend.engine.protocol import BYTES_PER_MS, Event, encode_audio, event, new_id
from backend.engine.usage import input_tokens, response_usage

Status = Literal["completed", "cancelled", "incomplete", "failed"]

DELTA_MS = 200
_TRANSCRIPTS_PER_DELTA = 3  # the transcript runs ahead of the audio
_PIECE = re.compile(r"\s*[\x21-\u024f]+|[^\x20-\u024f]{1,3}|\s+")
"""A word with the space before it, or up to three characters of a script without spaces."""


@dataclass(frozen=True, slots=True)
class ResponseRequest:
    """What one response is to be: the session's settings with those of ``response.create`` on top."""

    modality: Literal["audio", "text"]
    instructions: str
    max_output_tokens: int | str
    audio_format: dict[str, Any]
    voice: Any
    speed: float
    function: str | None = None
    """The function to call in place of an answer."""
    metadata: dict[str, str] | None = None
    in_conversation: bool = True
    input_items: tuple[Item, ...] | None = None
    """Items to answer in place of the conversation; None: the conversation."""


@dataclass(slots=True)
class ResponseLane:
    """One response with one item, from ``response.created`` to ``response.done``."""

    request: ResponseRequest
    conversation: Conversation
    id: str = field(default_factory=lambda: new_id("resp"))
    item_id: str = field(default_factory=lambda: new_id("item"))
    finished: bool = False
    text: str = ""
    audio_ms: int = 0
    _opened: bool = False
    _item: Item = field(default_factory=dict)

    def created(self) -> Event:
        """``response.created``."""
        return event("response.created", response=self._response("in_progress", None, None))

    def open(self) -> Iterator[Event]:
        """The item begins, empty."""
        self._opened = True
        self._item = self._new_item()
        yield self._event("response.output_item.added", item=self._shown_item())
        if self.request.in_conversation:
            previous = self.conversation.add(self._item)
            yield event("conversation.item.added", previous_item_id=previous, item=self._shown_item())

    def close(self, status: Status, reason: str | None = None, error: Event | None = None) -> Iterator[Event]:
        """Close what is open, then ``response.done``. ``reason`` as in ``status_details``."""
        self.finished = True
        if self._opened:
            yield from self._close_content()
            self._item["status"] = "completed" if status == "completed" else "incomplete"
            if self.request.in_conversation:
                previous = self._previous_id()
                yield event("conversation.item.done", previous_item_id=previous, item=self._shown_item())
            yield self._event("response.output_item.done", item=self._shown_item())
        details = None
        if status != "completed":
            details = {"type": status, "reason": reason, "error": error}
            details = {key: value for key, value in details.items() if value is not None}
        read = input_tokens(self.conversation, self.request.instructions)
        usage = response_usage(read, self.text, self.audio_ms)
        yield event("response.done", response=self._response(status, details, usage))

    def _new_item(self) -> Item:
        raise NotImplementedError

    def _close_content(self) -> Iterator[Event]:
        raise NotImplementedError

    def _shown_item(self) -> Item:
        return dict(self._item)

    def _previous_id(self) -> str | None:
        order = [item["id"] for item in self.conversation.in_order()]
        if self.item_id not in order[1:]:
            return None
        return str(order[order.index(self.item_id) - 1])

    def _event(self, kind: str, **fields: Any) -> Event:
        return event(kind, response_id=self.id, output_index=0, **fields)

    def _response(self, status: str, details: Event | None, usage: Event | None) -> Event:
        request = self.request
        return {
            "id": self.id,
            "object": "realtime.response",
            "status": status,
            "status_details": details,
            "output": [self._shown_item()] if self.finished and self._opened else [],
            "conversation_id": self.conversation.id if request.in_conversation else None,
            "output_modalities": [request.modality],
            "max_output_tokens": request.max_output_tokens,
            "audio": {"output": {"format": request.audio_format, "voice": request.voice}},
            "usage": usage,
            "metadata": request.metadata,
        }


@dataclass(slots=True)
class MessageLane(ResponseLane):
    """A response that says or writes something."""

    def open(self) -> Iterator[Event]:
        """The item and its one content part begin."""
        yield from super(MessageLane, self).open()  # a bare super() does not survive dataclass slots
        yield self._part_event("response.content_part.added", part=self._short_part(""))
        self._item["content"] = [self._content()]

    def deltas(self, text: str, pcm: bytes) -> Iterator[tuple[Event, int]]:
        """Every delta of the answer with the ms of audio it carries; transcript ahead of audio."""
        pieces = iter(_PIECE.findall(text))
        if self.request.modality == "text":
            for piece in pieces:
                yield self._text_delta("response.output_text.delta", piece), 0
            return
        audio_format = self.request.audio_format["type"]
        sent, sent_per_ms = encode(pcm, audio_format), bytes_per_ms(audio_format)
        length_ms = len(pcm) // BYTES_PER_MS
        for start in range(0, length_ms, DELTA_MS):
            for _, piece in zip(range(_TRANSCRIPTS_PER_DELTA), pieces, strict=False):
                yield self._text_delta("response.output_audio_transcript.delta", piece), 0
            end = min(start + DELTA_MS, length_ms)
            self.audio_ms += end - start
            if self.request.in_conversation:
                said = pcm[start * BYTES_PER_MS : end * BYTES_PER_MS]
                self.conversation.append_audio(self.item_id, said)
            delta = encode_audio(sent[start * sent_per_ms : end * sent_per_ms])
            yield self._part_event("response.output_audio.delta", delta=delta), end - start
        for piece in pieces:
            yield self._text_delta("response.output_audio_transcript.delta", piece), 0

    def _new_item(self) -> Item:
        return {
            "id": self.item_id,
            "object": "realtime.item",
            "type": "message",
            "status": "in_progress",
            "role": "assistant",
            "content": [],
        }

    def _close_content(self) -> Iterator[Event]:
        if self.request.modality == "audio":
            yield self._part_event("response.output_audio.done")
            yield self._part_event("response.output_audio_transcript.done", transcript=self.text)
        else:
            yield self._part_event("response.output_text.done", text=self.text)
        yield self._part_event("response.content_part.done", part=self._short_part(self.text))

    def _text_delta(self, kind: str, piece: str) -> Event:
        self.text += piece
        if not self.conversation.is_truncated(self.item_id):
            self._item["content"] = [self._content()]
        return self._part_event(kind, delta=piece)

    def _content(self) -> dict[str, Any]:
        if self.request.modality == "audio":
            return {"type": "output_audio", "transcript": self.text}
        return {"type": "output_text", "text": self.text}

    def _short_part(self, text: str) -> dict[str, Any]:
        if self.request.modality == "audio":
            return {"type": "audio", "transcript": text}
        return {"type": "text", "text": text}

    def _shown_item(self) -> Item:
        return {**self._item, "content": [dict(part) for part in self._item["content"]]}

    def _part_event(self, kind: str, **fields: Any) -> Event:
        return self._event(kind, item_id=self.item_id, content_index=0, **fields)


@dataclass(slots=True)
class FunctionCallLane(ResponseLane):
    """A response that calls the function that was asked for, with no arguments: the customer has none to give."""

    def call(self) -> Iterator[Event]:
        """The arguments, as deltas."""
        self.text = self._item["arguments"] = "{}"
        yield self._call_event("response.function_call_arguments.delta", delta=self.text)

    def _new_item(self) -> Item:
        return {
            "id": self.item_id,
            "object": "realtime.item",
            "type": "function_call",
            "status": "in_progress",
            "name": self.request.function,
            "call_id": new_id("call"),
            "arguments": "",
        }

    def _close_content(self) -> Iterator[Event]:
        yield self._call_event(
            "response.function_call_arguments.done", name=self.request.function, arguments=self.text
        )

    def _call_event(self, kind: str, **fields: Any) -> Event:
        return self._event(kind, item_id=self.item_id, call_id=self._item["call_id"], **fields)
