"""The server events of the Realtime API, GA shape, that the console knows (realtime-protocol, section 7)."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from api_client.event_parts import (
    ContentPart,
    ConversationItem,
    Dialect,
    ErrorDetail,
    RealtimeResponse,
    RealtimeSession,
)


class TypedEvent(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """Base of the events the console knows."""

    ga_type: ClassVar[str | None] = None

    event_id: str | None = None

    @property
    def type(self) -> str:
        """The GA name of the event."""
        return self.ga_type or self.wire_type

    @property
    def wire_type(self) -> str:
        """The name that was sent: differs from ``type`` for beta names."""
        return str(self.__struct_config__.tag)


class ErrorEvent(TypedEvent, frozen=True, kw_only=True, tag="error"):
    """OpenAI's errors, and the relay's own, which have neither ``code`` nor ``event_id``."""

    error: ErrorDetail | str | None = None
    # Some servers send what belongs into ``error`` beside it.
    beside_code: str | None = msgspec.field(default=None, name="code")
    beside_message: str | None = msgspec.field(default=None, name="message")

    @property
    def detail(self) -> ErrorDetail:
        """The error, whatever shape it was sent in."""
        if isinstance(self.error, ErrorDetail):
            return self.error
        return ErrorDetail(code=self.beside_code, message=self.error or self.beside_message)

    @property
    def code(self) -> str | None:
        """OpenAI's code; null in the relay's own errors."""
        return self.detail.code

    @property
    def error_type(self) -> str | None:
        """E.g. ``invalid_request_error``, ``server_error``, or the relay's ``connection_error``."""
        return self.detail.type

    @property
    def message(self) -> str:
        """The server's words."""
        return self.detail.message or ""


class _SessionEvent(TypedEvent, frozen=True, kw_only=True):
    session: RealtimeSession = RealtimeSession()

    @property
    def dialect(self) -> Dialect | None:
        """The shape the upstream speaks; null when this event does not tell."""
        return self.session.dialect


class SessionCreated(_SessionEvent, frozen=True, kw_only=True, tag="session.created"):
    """The relay's stub first, then, from most upstreams, the real session."""

    @property
    def is_relay_stub(self) -> bool:
        """Made by the relay: it says that the upstream has connected, and nothing about its session."""
        return self.session.dialect is None and self.session.model is None


class SessionUpdated(_SessionEvent, frozen=True, kw_only=True, tag="session.updated"):
    """The whole effective session, after a ``session.update``."""


class ItemAdded(TypedEvent, frozen=True, kw_only=True, tag="conversation.item.added"):
    """An item took its place in the conversation, after ``previous_item_id`` (null: first)."""

    item: ConversationItem
    previous_item_id: str | None = None


class ItemDone(TypedEvent, frozen=True, kw_only=True, tag="conversation.item.done"):
    """An item is complete."""

    item: ConversationItem
    previous_item_id: str | None = None


class ItemRetrieved(TypedEvent, frozen=True, kw_only=True, tag="conversation.item.retrieved"):
    """An item that was asked for; its audio is ignored."""

    item: ConversationItem


class ItemDeleted(TypedEvent, frozen=True, kw_only=True, tag="conversation.item.deleted"):
    """An item is gone."""

    item_id: str


class ItemTruncated(TypedEvent, frozen=True, kw_only=True, tag="conversation.item.truncated"):
    """The server knows now how much of the answer was heard."""

    item_id: str
    content_index: int = 0


_TRANSCRIPTION = "conversation.item.input_audio_transcription"


class InputTranscriptionDelta(TypedEvent, frozen=True, kw_only=True, tag=f"{_TRANSCRIPTION}.delta"):
    """More of what the user said."""

    item_id: str
    content_index: int = 0
    delta: str | None = ""


class InputTranscriptionCompleted(TypedEvent, frozen=True, kw_only=True, tag=f"{_TRANSCRIPTION}.completed"):
    """All that the user said; replaces the deltas."""

    item_id: str
    content_index: int = 0
    transcript: str = ""


class InputTranscriptionFailed(TypedEvent, frozen=True, kw_only=True, tag=f"{_TRANSCRIPTION}.failed"):
    """What the user said could not be transcribed."""

    item_id: str
    content_index: int = 0
    error: ErrorDetail = ErrorDetail()


class SpeechStarted(TypedEvent, frozen=True, kw_only=True, tag="input_audio_buffer.speech_started"):
    """The user began to speak ``audio_start_ms`` into all audio ever sent, prefix padding included.

    Null: the server did not say when.
    """

    item_id: str = ""
    audio_start_ms: float | None = None


class SpeechStopped(TypedEvent, frozen=True, kw_only=True, tag="input_audio_buffer.speech_stopped"):
    """The user stopped; ``audio_end_ms`` includes the silence waited for. Null: the server did not say when."""

    item_id: str = ""
    audio_end_ms: float | None = None


class InputAudioCommitted(TypedEvent, frozen=True, kw_only=True, tag="input_audio_buffer.committed"):
    """What was heard became the item ``item_id``."""

    item_id: str
    previous_item_id: str | None = None


class InputAudioCleared(TypedEvent, frozen=True, kw_only=True, tag="input_audio_buffer.cleared"):
    """Audio that was not committed yet is forgotten."""


class InputTimeoutTriggered(
    TypedEvent, frozen=True, kw_only=True, tag="input_audio_buffer.timeout_triggered"
):
    """The user was silent for the idle timeout."""

    item_id: str


class _ResponseEvent(TypedEvent, frozen=True, kw_only=True):
    sent_response: RealtimeResponse | None = msgspec.field(default=None, name="response")
    response_id: str | None = None
    """Where an odd server names the response outside it."""

    @property
    def response(self) -> RealtimeResponse:
        """The answer, as far as the server described it."""
        sent = self.sent_response or RealtimeResponse()
        return sent if sent.id or not self.response_id else msgspec.structs.replace(sent, id=self.response_id)


class ResponseCreated(_ResponseEvent, frozen=True, kw_only=True, tag="response.created"):
    """An answer began."""


class ResponseDone(_ResponseEvent, frozen=True, kw_only=True, tag="response.done"):
    """An answer ended: see ``response.status`` and ``response.status_details``."""


class _ResponsePart(TypedEvent, frozen=True, kw_only=True):
    # The stock browser client reads neither id, so a stand-in for the upstream may leave them out: then they are
    # empty, and nothing that names them may be sent.
    response_id: str = ""
    output_index: int = 0


class OutputItemAdded(_ResponsePart, frozen=True, kw_only=True, tag="response.output_item.added"):
    """An answer got an item."""

    item: ConversationItem


class OutputItemDone(_ResponsePart, frozen=True, kw_only=True, tag="response.output_item.done"):
    """An item of an answer is complete."""

    item: ConversationItem


class _ContentEvent(_ResponsePart, frozen=True, kw_only=True):
    item_id: str = ""
    content_index: int = 0
    """Which of the item's parts: an answer may come in several, each with its own deltas and its own end."""


class ContentPartAdded(_ContentEvent, frozen=True, kw_only=True, tag="response.content_part.added"):
    """An item of an answer got a part."""

    part: ContentPart = ContentPart()


class ContentPartDone(_ContentEvent, frozen=True, kw_only=True, tag="response.content_part.done"):
    """A part of an answer is complete."""

    part: ContentPart = ContentPart()


class OutputAudioDelta(_ContentEvent, frozen=True, kw_only=True, tag="response.output_audio.delta"):
    """Answer audio: ``delta`` is PCM16 mono 24 kHz, decoded from base64. It may end in half a sample."""

    delta: bytes


class OutputAudioDone(_ContentEvent, frozen=True, kw_only=True, tag="response.output_audio.done"):
    """This part's audio is complete."""


class OutputTranscriptDelta(
    _ContentEvent, frozen=True, kw_only=True, tag="response.output_audio_transcript.delta"
):
    """More of a spoken answer's transcript; runs ahead of the audio."""

    delta: str = ""


class OutputTranscriptDone(
    _ContentEvent, frozen=True, kw_only=True, tag="response.output_audio_transcript.done"
):
    """The complete transcript of a spoken answer."""

    transcript: str = ""


class OutputTextDelta(_ContentEvent, frozen=True, kw_only=True, tag="response.output_text.delta"):
    """More of a written answer."""

    delta: str = ""


class OutputTextDone(_ContentEvent, frozen=True, kw_only=True, tag="response.output_text.done"):
    """The complete text of a written answer."""

    text: str = ""


class RateLimitsUpdated(TypedEvent, frozen=True, kw_only=True, tag="rate_limits.updated"):
    """The account's remaining rate limits; comes after ``response.done``."""
