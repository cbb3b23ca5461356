"""The events of one response, in the order in which the real service was recorded to send them. Pure.

A lane is a small state machine: it knows what has been opened, so that whatever ends the response, everything
open is closed in order. It has one item after another: what is said or written, and functions that are called.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from backend.engine.items import Conversation, Item
from backend.engine.output_item import FunctionCallOutput, MessageOutput, OutputItem
from backend.engine.protocol import Event, event, new_id
from backend.engine.usage import input_tokens, response_usage

Status = Literal["completed", "cancelled", "incomplete", "failed"]


@dataclass(frozen=True, slots=True)
class ResponseRequest:
    """What one response is to be: the session's settings with those of ``response.create`` on top."""

    modality: Literal["audio", "text"]
    instructions: str
    max_output_tokens: int | str
    audio_format: dict[str, Any]
    voice: Any
    speed: float
    tools: tuple[dict[str, Any], ...] = ()
    tool_choice: str | dict[str, Any] = "auto"
    tool_chosen: bool = False
    """Whether ``tool_choice`` is this response's own, and not the session's."""
    directed: bool = False
    """Whether ``instructions`` are this response's own, and not the session's."""
    metadata: dict[str, str] | None = None
    in_conversation: bool = True
    input_items: tuple[Item, ...] | None = None
    """Items to answer in place of the conversation; None: the conversation."""


@dataclass(slots=True)
class ResponseLane:
    """One response, from ``response.created`` to ``response.done``."""

    request: ResponseRequest
    conversation: Conversation
    id: str = field(default_factory=lambda: new_id("resp"))
    finished: bool = False
    notes: dict[str, str] = field(default_factory=dict)
    """What the engine has to say of the response, beside the client's own metadata."""
    _outputs: list[OutputItem] = field(default_factory=list)

    @property
    def text(self) -> str:
        """Everything said, written or put into arguments so far."""
        return "".join(output.text for output in self._outputs)

    @property
    def audio_ms(self) -> int:
        """Length of the audio sent so far."""
        return sum(output.audio_ms for output in self._outputs if isinstance(output, MessageOutput))

    def created(self) -> Event:
        """``response.created``."""
        return event("response.created", response=self._response("in_progress", None, None))

    def say(self) -> Iterator[Event]:
        """Begin a message, unless one has been begun and not ended."""
        if not (self._outputs and isinstance(self._outputs[-1], MessageOutput)):
            output = MessageOutput(
                self.id,
                len(self._outputs),
                self.request.modality,
                self.request.audio_format,
                self.conversation.is_truncated,
            )
            yield from self._open(output)
            yield from output.begin_part()

    def deltas(self, text: str, pcm: bytes) -> Iterator[tuple[Event, int]]:
        """Every delta of ``text`` and its sound with the ms of audio it carries; for the message that was begun."""
        output = self._outputs[-1]
        assert isinstance(output, MessageOutput)
        return output.deltas(text, pcm, self._keep_audio)

    def call(self, name: str, arguments: str) -> Iterator[Event]:
        """Call the function ``name`` with ``arguments``, a JSON object."""
        output = FunctionCallOutput(self.id, len(self._outputs), name)
        yield from self._open(output)
        yield from output.call(arguments)

    def close(self, status: Status, reason: str | None = None, error: Event | None = None) -> Iterator[Event]:
        """Close what is open, then ``response.done``. ``reason`` as in ``status_details``."""
        self.finished = True
        yield from self._close_last("completed" if status == "completed" else "incomplete")
        details = None
        if status != "completed":
            details = {"type": status, "reason": reason, "error": error}
            details = {key: value for key, value in details.items() if value is not None}
        read = input_tokens(self.conversation, self.request.instructions)
        usage = response_usage(read, self.text, self.audio_ms)
        yield event("response.done", response=self._response(status, details, usage))

    def _open(self, output: OutputItem) -> Iterator[Event]:
        """``output`` begins, empty; the one before it is complete."""
        yield from self._close_last("completed")
        self._outputs.append(output)
        yield output.event("response.output_item.added", item=output.shown())
        if self.request.in_conversation:
            previous = self.conversation.add(output.item)
            yield event("conversation.item.added", previous_item_id=previous, item=output.shown())

    def _close_last(self, status: str) -> Iterator[Event]:
        output = self._outputs[-1] if self._outputs else None
        if output is None or output.closed:
            return
        output.closed = True
        yield from output.end_content()
        output.item["status"] = status
        if self.request.in_conversation:
            previous = self._id_before(output.id)
            yield event("conversation.item.done", previous_item_id=previous, item=output.shown())
        yield output.event("response.output_item.done", item=output.shown())

    def _keep_audio(self, item_id: str, pcm: bytes) -> None:
        if self.request.in_conversation:
            self.conversation.append_audio(item_id, pcm)

    def _id_before(self, item_id: str) -> str | None:
        order = [item["id"] for item in self.conversation.in_order()]
        if item_id not in order[1:]:
            return None
        return str(order[order.index(item_id) - 1])

    def _response(self, status: str, details: Event | None, usage: Event | None) -> Event:
        request = self.request
        return {
            "id": self.id,
            "object": "realtime.response",
            "status": status,
            "status_details": details,
            "output": [output.shown() for output in self._outputs] if self.finished else [],
            "conversation_id": self.conversation.id if request.in_conversation else None,
            "output_modalities": [request.modality],
            "max_output_tokens": request.max_output_tokens,
            "audio": {"output": {"format": request.audio_format, "voice": request.voice}},
            "usage": usage,
            "metadata": {**(request.metadata or {}), **self.notes} if self.notes else request.metadata,
        }
