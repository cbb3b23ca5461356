"""Beta names of server events, as an existing relay forwards them (realtime-protocol, section 12).

Each is a subclass of its GA struct with the same fields: only ``wire_type`` tells them apart.
"""

from __future__ import annotations

from typing import ClassVar

from api_client.ga_events import (
    ItemAdded,
    OutputAudioDelta,
    OutputAudioDone,
    OutputTextDelta,
    OutputTextDone,
    OutputTranscriptDelta,
    OutputTranscriptDone,
)


class ItemCreated(ItemAdded, frozen=True, kw_only=True, tag="conversation.item.created"):
    """Beta name of ``conversation.item.added``."""

    ga_type: ClassVar[str | None] = "conversation.item.added"


class BetaAudioDelta(OutputAudioDelta, frozen=True, kw_only=True, tag="response.audio.delta"):
    """Beta name of ``response.output_audio.delta``."""

    ga_type: ClassVar[str | None] = "response.output_audio.delta"


class BetaAudioDone(OutputAudioDone, frozen=True, kw_only=True, tag="response.audio.done"):
    """Beta name of ``response.output_audio.done``."""

    ga_type: ClassVar[str | None] = "response.output_audio.done"


class BetaTextDelta(OutputTextDelta, frozen=True, kw_only=True, tag="response.text.delta"):
    """Beta name of ``response.output_text.delta``."""

    ga_type: ClassVar[str | None] = "response.output_text.delta"


class BetaTextDone(OutputTextDone, frozen=True, kw_only=True, tag="response.text.done"):
    """Beta name of ``response.output_text.done``."""

    ga_type: ClassVar[str | None] = "response.output_text.done"


class BetaTranscriptDelta(
    OutputTranscriptDelta, frozen=True, kw_only=True, tag="response.audio_transcript.delta"
):
    """Beta name of ``response.output_audio_transcript.delta``."""

    ga_type: ClassVar[str | None] = "response.output_audio_transcript.delta"


class BetaTranscriptDone(
    OutputTranscriptDone, frozen=True, kw_only=True, tag="response.audio_transcript.done"
):
    """Beta name of ``response.output_audio_transcript.done``."""

    ga_type: ClassVar[str | None] = "response.output_audio_transcript.done"
