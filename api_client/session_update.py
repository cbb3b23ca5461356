"""The one ``session.update`` of a connection, in the server's dialect.

GA: realtime-protocol, section 4. Beta: salesmind-api.md, section 3 (what the stock browser client sends) and
the map in realtime-protocol, section 12.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from api_client.client_events import SessionUpdate

Dialect = Literal["ga", "beta"]

PCM16_RATE_HZ = 24_000


class SessionSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The conversation's settings; audio is PCM16 mono 24 kHz both ways."""

    instructions: str
    voice: str = "marin"
    transcription_model: str = "gpt-4o-mini-transcribe"
    transcription_language: str = "ja"
    """ISO-639-1."""
    threshold: float = 0.5
    """Of server VAD, 0 to 1."""
    prefix_padding_ms: int = 300
    silence_duration_ms: int = 500
    idle_timeout_ms: int | None = None
    """After how much silence the model speaks up; null: never. GA only: the beta dialect has no such thing."""


def session_update(
    settings: SessionSettings, dialect: Dialect, *, event_id: str | None = None
) -> SessionUpdate:
    """The ``session.update`` for ``settings``.

    Both dialects leave out the model: it belongs to the server's own upstream URL and cannot change in a
    session.
    """
    session = _ga_session(settings) if dialect == "ga" else _beta_session(settings)
    return SessionUpdate(session=session, event_id=event_id)


def _transcription(settings: SessionSettings) -> dict[str, Any]:
    return {"model": settings.transcription_model, "language": settings.transcription_language}


def _turn_detection(settings: SessionSettings) -> dict[str, Any]:
    return {
        "type": "server_vad",
        "threshold": settings.threshold,
        "prefix_padding_ms": settings.prefix_padding_ms,
        "silence_duration_ms": settings.silence_duration_ms,
    }


def _ga_turn_detection(settings: SessionSettings) -> dict[str, Any]:
    detection = _turn_detection(settings)
    if settings.idle_timeout_ms is not None:
        detection["idle_timeout_ms"] = settings.idle_timeout_ms
    return detection


def _ga_session(settings: SessionSettings) -> dict[str, Any]:
    pcm = {"type": "audio/pcm", "rate": PCM16_RATE_HZ}
    return {
        "type": "realtime",
        "output_modalities": ["audio"],
        "instructions": settings.instructions,
        "audio": {
            "input": {
                "format": pcm,
                "transcription": _transcription(settings),
                "turn_detection": _ga_turn_detection(settings),
            },
            "output": {"format": pcm, "voice": settings.voice},
        },
    }


def _beta_session(settings: SessionSettings) -> dict[str, Any]:
    return {
        "modalities": ["audio", "text"],
        "instructions": settings.instructions,
        "voice": settings.voice,
        "input_audio_format": "pcm16",
        "output_audio_format": "pcm16",
        "input_audio_transcription": _transcription(settings),
        "turn_detection": _turn_detection(settings),
    }
