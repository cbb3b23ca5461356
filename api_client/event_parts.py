"""The objects inside server events: session, items, responses, errors.

Source: realtime-protocol, sections 4, 5, 8 and 11. Only what the console reads is named, and the decoder ignores
everything else: an odd field that nobody reads costs nothing, and one that is read costs only itself (``lenient``).
Nearly every field may be missing.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import msgspec

Dialect = Literal["ga", "beta"]


class _Part(msgspec.Struct, frozen=True, kw_only=True):
    lenient_text: ClassVar[str | None] = None
    """The field that a plain string in place of the object fills; empty: none, but the object exists."""


class TurnDetection(_Part, frozen=True, kw_only=True):
    """Server or semantic VAD; the time is null for semantic VAD."""

    lenient_text: ClassVar[str | None] = ""

    silence_duration_ms: float | None = None
    """The silence that ends a turn."""
    interrupt_response: bool | None = None


class AudioInput(_Part, frozen=True, kw_only=True):
    """``session.audio.input``."""

    turn_detection: TurnDetection | None = None


class SessionAudio(_Part, frozen=True, kw_only=True):
    """``session.audio``: GA only."""

    input: AudioInput | None = None


class RealtimeSession(_Part, frozen=True, kw_only=True):
    """The session object of either dialect, or the relay's stub, which has only ``id`` and ``user``."""

    model: str | None = None
    # GA
    type: str | None = None
    output_modalities: Any = None
    audio: SessionAudio | None = None
    # Beta
    modalities: Any = None
    input_audio_format: Any = None
    output_audio_format: Any = None
    input_audio_transcription: Any = None
    beta_turn_detection: TurnDetection | None = msgspec.field(default=None, name="turn_detection")

    @property
    def dialect(self) -> Dialect | None:
        """The session's dialect; null if it shows none, like the relay's stub."""
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
        """The turn detection settings, in either dialect; null: off."""
        if self.audio is not None and self.audio.input is not None:
            return self.audio.input.turn_detection
        return self.beta_turn_detection


class ContentPart(_Part, frozen=True, kw_only=True):
    """A part of an item: spoken or written."""

    lenient_text: ClassVar[str | None] = "text"

    text: str | None = None
    transcript: str | None = None


class ConversationItem(_Part, frozen=True, kw_only=True):
    """A message or a function call."""

    id: str
    role: str | None = None
    content: tuple[ContentPart, ...] | None = ()

    @property
    def text(self) -> str:
        """All spoken and written text of the item, in order."""
        return "".join(part.transcript or part.text or "" for part in self.content or ())


class ErrorDetail(_Part, frozen=True, kw_only=True):
    """What went wrong. ``code`` is null in the relay's own errors; ``event_id`` is the client's event."""

    lenient_text: ClassVar[str | None] = "message"

    type: str | None = None
    code: str | None = None
    message: str | None = None
    param: str | None = None
    event_id: str | None = None


class StatusDetails(_Part, frozen=True, kw_only=True):
    """Why a response ended."""

    lenient_text: ClassVar[str | None] = "error"

    reason: str | None = None
    error: ErrorDetail | None = None


class RealtimeResponse(_Part, frozen=True, kw_only=True):
    """An answer. ``status``: in_progress, completed, cancelled, incomplete or failed.

    ``id`` is empty if the server named none.
    """

    id: str = ""
    status: str | None = None
    status_details: StatusDetails | None = None
