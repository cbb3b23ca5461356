"""The objects inside server events: session, items, responses, errors.

Source: realtime-protocol, sections 4, 5, 8 and 11. Only what the console reads is named; the decoder ignores
everything else. Nearly every field may be missing, so that one odd event does not cost the conversation.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Dialect = Literal["ga", "beta"]


class _Part(msgspec.Struct, frozen=True, kw_only=True):
    pass


class TurnDetection(_Part, frozen=True, kw_only=True):
    """Server or semantic VAD; the times are null for semantic VAD."""

    type: str | None = None
    threshold: float | None = None
    prefix_padding_ms: int | None = None
    silence_duration_ms: int | None = None
    create_response: bool | None = None
    interrupt_response: bool | None = None


class Transcription(_Part, frozen=True, kw_only=True):
    """How the user's speech is transcribed."""

    model: str | None = None
    language: str | None = None


class AudioFormat(_Part, frozen=True, kw_only=True):
    """``audio/pcm`` at 24 000 Hz, or G.711."""

    type: str | None = None
    rate: int | None = None


class AudioInput(_Part, frozen=True, kw_only=True):
    """``session.audio.input``."""

    format: AudioFormat | None = None
    transcription: Transcription | None = None
    turn_detection: TurnDetection | None = None


class AudioOutput(_Part, frozen=True, kw_only=True):
    """``session.audio.output``."""

    format: AudioFormat | None = None
    voice: str | dict[str, Any] | None = None


class SessionAudio(_Part, frozen=True, kw_only=True):
    """``session.audio``: GA only."""

    input: AudioInput | None = None
    output: AudioOutput | None = None


class RealtimeSession(_Part, frozen=True, kw_only=True):
    """The session object of either dialect, or the relay's stub, which has only ``id`` and ``user``."""

    id: str | None = None
    object: str | None = None
    model: str | None = None
    expires_at: float | None = None
    """Unix seconds."""
    instructions: str | None = None
    user: str | int | None = None
    """The user's name, in the relay's stub."""
    # GA
    type: str | None = None
    output_modalities: list[str] | None = None
    audio: SessionAudio | None = None
    # Beta
    modalities: list[str] | None = None
    input_audio_format: str | None = None
    output_audio_format: str | None = None
    input_audio_transcription: Transcription | None = None
    beta_turn_detection: TurnDetection | None = msgspec.field(default=None, name="turn_detection")
    beta_voice: str | None = msgspec.field(default=None, name="voice")

    @property
    def dialect(self) -> Dialect | None:
        """Which shape the session has; null when it has none, as in the relay's stub."""
        if self.type is not None or self.audio is not None or self.output_modalities is not None:
            return "ga"
        beta = (
            self.modalities,
            self.input_audio_format,
            self.output_audio_format,
            self.input_audio_transcription,
        )
        if any(value is not None for value in beta):
            return "beta"
        return None

    @property
    def turn_detection(self) -> TurnDetection | None:
        """How the server decides that the user has finished, in either dialect; null: it does not."""
        if self.audio is not None and self.audio.input is not None:
            return self.audio.input.turn_detection
        return self.beta_turn_detection

    @property
    def silence_duration_ms(self) -> int | None:
        """The quiet that ends a turn, in ms; null without server VAD."""
        return self.turn_detection.silence_duration_ms if self.turn_detection else None

    @property
    def transcription(self) -> Transcription | None:
        """How the user's speech is transcribed, in either dialect; null: it is not."""
        if self.audio is not None and self.audio.input is not None:
            return self.audio.input.transcription
        return self.input_audio_transcription

    @property
    def voice(self) -> str | None:
        """The voice of the answers, in either dialect; null for one made by the account itself."""
        if self.audio is not None and self.audio.output is not None:
            voice = self.audio.output.voice
            return voice if isinstance(voice, str) else None
        return self.beta_voice


class ContentPart(_Part, frozen=True, kw_only=True):
    """A piece of an item: ``input_audio``, ``output_text`` and so on; beta says ``audio`` and ``text``."""

    type: str | None = None
    text: str | None = None
    transcript: str | None = None


class ConversationItem(_Part, frozen=True, kw_only=True):
    """A message or a function call."""

    id: str
    type: str | None = None
    role: str | None = None
    status: str | None = None
    content: tuple[ContentPart, ...] | None = ()
    phase: str | None = None
    name: str | None = None
    call_id: str | None = None
    arguments: str | None = None
    output: str | None = None

    @property
    def text(self) -> str:
        """All that was said or written in the item, in order."""
        return "".join(part.transcript or part.text or "" for part in self.content or ())


class ErrorDetail(_Part, frozen=True, kw_only=True):
    """What went wrong. ``code`` is null in the relay's own errors; ``event_id`` is the client's event."""

    type: str | None = None
    code: str | None = None
    message: str | None = None
    param: str | None = None
    event_id: str | None = None


class StatusDetails(_Part, frozen=True, kw_only=True):
    """Why a response ended as it did."""

    type: str | None = None
    reason: str | None = None
    error: ErrorDetail | None = None


class TokenDetails(_Part, frozen=True, kw_only=True):
    """Tokens by kind."""

    text_tokens: int | None = None
    audio_tokens: int | None = None
    cached_tokens: int | None = None


class Usage(_Part, frozen=True, kw_only=True):
    """What a response or a transcription cost; ``seconds`` for models billed by duration."""

    total_tokens: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    input_token_details: TokenDetails | None = None
    output_token_details: TokenDetails | None = None
    seconds: float | None = None


class RealtimeResponse(_Part, frozen=True, kw_only=True):
    """An answer. ``status``: in_progress, completed, cancelled, incomplete or failed."""

    id: str
    status: str | None = None
    status_details: StatusDetails | None = None
    output: tuple[ConversationItem, ...] | None = ()
    conversation_id: str | None = None
    usage: Usage | None = None
    metadata: dict[str, Any] | None = None


class RateLimit(_Part, frozen=True, kw_only=True):
    """One allowance of the account."""

    name: str | None = None
    limit: float | None = None
    remaining: float | None = None
    reset_seconds: float | None = None
