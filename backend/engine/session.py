"""The session object: its defaults, and what a ``session.update`` makes of it. Pure."""

from __future__ import annotations

import copy
import time
from typing import Any

from backend.engine.protocol import ProtocolError, new_id
from backend.engine.session_schema import SESSION, check_object, invalid_value

Session = dict[str, Any]

DEFAULT_MODEL = "gpt-realtime"
MAX_AGE_S = 3_600

DEFAULT_INSTRUCTIONS = (
    "You are a business customer in a sales conversation. Answer briefly, in the language you are spoken to."
)
_PCM = {"type": "audio/pcm", "rate": 24_000}


def new_session(model: str) -> Session:
    """The session that ``session.created`` shows for ``model``."""
    newer = model.startswith("gpt-realtime-2")  # as recorded: other voice, longer silence
    return {
        "type": "realtime",
        "object": "realtime.session",
        "id": new_id("sess"),
        "model": model,
        "expires_at": int(time.time()) + MAX_AGE_S,
        "output_modalities": ["audio"],
        "instructions": DEFAULT_INSTRUCTIONS,
        "tools": [],
        "tool_choice": "auto",
        "max_output_tokens": "inf",
        "truncation": "auto",
        "tracing": None,
        "prompt": None,
        "include": None,
        "audio": {
            "input": {
                "format": dict(_PCM),
                "transcription": None,
                "noise_reduction": None,
                "turn_detection": turn_detection_defaults("server_vad", 500 if newer else 200),
            },
            "output": {"format": dict(_PCM), "voice": "marin" if newer else "alloy", "speed": 1.0},
        },
    }


def turn_detection_defaults(kind: str, silence_ms: int) -> dict[str, Any]:
    """A complete ``turn_detection`` of type ``kind``."""
    flags = {"create_response": True, "interrupt_response": True}
    if kind == "semantic_vad":
        return {"type": kind, "eagerness": "auto", **flags}
    return {
        "type": kind,
        "threshold": 0.5,
        "prefix_padding_ms": 300,
        "silence_duration_ms": silence_ms,
        "idle_timeout_ms": None,
        **flags,
    }


def updated(session: Session, patch: dict[str, Any], *, audio_produced: bool) -> Session:
    """``session`` with ``patch`` merged in: absent stays, null switches off, anything else replaces.

    ``session`` itself is not touched. Raises ``ProtocolError`` naming the field when any part of ``patch``
    is not acceptable; ``audio_produced`` says that the voice is locked because audio has been spoken.
    """
    if "type" not in patch:
        message = "Missing required parameter: 'session.type'."
        raise ProtocolError("missing_required_parameter", message, "session.type")
    check_object(SESSION)(patch, "session")
    if patch.get("model", session["model"]) != session["model"]:
        raise invalid_value("session.model", "the model cannot be changed in a session.")
    merged = copy.deepcopy(session)
    merged.update({key: value for key, value in patch.items() if key != "audio"})
    audio = patch.get("audio", {})
    _merge_input(merged["audio"]["input"], audio.get("input", {}))
    output = audio.get("output", {})
    voice = merged["audio"]["output"]["voice"]
    if audio_produced and output.get("voice", voice) != voice:
        message = "Cannot update a conversation's voice if assistant audio is present."
        raise ProtocolError("cannot_update_voice", message, "session.audio.output.voice")
    merged["audio"]["output"].update(output)
    return merged


def _merge_input(current: dict[str, Any], patch: dict[str, Any]) -> None:
    for key, value in patch.items():
        if key == "turn_detection" and value is not None:
            current[key] = _merged_turn_detection(current[key], value)
        elif key == "transcription" and value is not None:
            current[key] = {
                "model": "whisper-1",
                "language": None,
                "prompt": None,
                **(current[key] or {}),
                **value,
            }
        else:
            current[key] = value


def _merged_turn_detection(current: dict[str, Any] | None, patch: dict[str, Any]) -> dict[str, Any]:
    kind = patch.get("type", "server_vad")
    same = current is not None and current["type"] == kind
    base = current if same and current is not None else turn_detection_defaults(kind, 500)
    return {**base, **patch, "type": kind}


def wants_transcripts(session: Session) -> bool:
    """Whether the client asked for the words of the user's audio."""
    return session["audio"]["input"]["transcription"] is not None


def language_of(session: Session) -> str | None:
    """The language the session names, as ``ja`` or ``en``: of the transcription, else of the instructions."""
    transcription = session["audio"]["input"]["transcription"] or {}
    named = transcription.get("language") or next(iter(transcription.get("languages") or ()), None)
    if named:
        return str(named).split("-")[0].lower()
    instructions: str = session["instructions"]
    return None if instructions in ("", DEFAULT_INSTRUCTIONS) else language_of_text(instructions)


def language_of_text(text: str) -> str:
    """``ja`` when there is any Japanese script in ``text``, else ``en``."""
    return (
        "ja" if any("\u3040" <= char <= "\u30ff" or "\u4e00" <= char <= "\u9fff" for char in text) else "en"
    )
