"""The session object: its defaults, and what a ``session.update`` makes of it. Pure."""

from __future__ import annotations

import copy
import time
from typing import Any

from backend.engine.formats import PCM
from backend.engine.protocol import ProtocolError, new_id
from backend.engine.schema import Map, invalid_value, missing
from backend.engine.session_schema import SESSION, TRANSCRIPTION_SESSION

Session = dict[str, Any]

DEFAULT_MODEL = "gpt-realtime"

DEFAULT_INSTRUCTIONS = (
    "You are a business customer in a sales conversation. Answer briefly, in the language you are spoken to."
)
_PCM = {"type": PCM, "rate": 24_000}
_NO_VAD_MODEL = "gpt-realtime-whisper"


def new_session(model: str, max_age_s: float = 3_600, *, kind: str = "realtime") -> Session:
    """The session that ``session.created`` shows for ``model``; ``kind`` may also be ``transcription``."""
    session = _new_realtime_session(model, max_age_s)
    return session if kind == "realtime" else _listening_only(session)


def session_of(settings: Any, max_age_s: float, *, strict: bool = True) -> Session:
    """A session with the ``settings`` that a client secret was made for. Raises ``ProtocolError``."""
    model = settings.get("model") if isinstance(settings, dict) else None
    session = new_session(model if isinstance(model, str) else DEFAULT_MODEL, max_age_s)
    return updated(session, settings, begun=False, strict=strict)


def _new_realtime_session(model: str, max_age_s: float) -> Session:
    voice = "marin" if _is_newer(model) else "alloy"
    return {
        "type": "realtime",
        "object": "realtime.session",
        "id": new_id("sess"),
        "model": model,
        "expires_at": int(time.time() + max_age_s),
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
                "turn_detection": turn_detection_defaults("server_vad", _silence_ms(model)),
            },
            "output": {"format": dict(_PCM), "voice": voice, "speed": 1.0},
        },
    }


def _silence_ms(model: str | None) -> int:
    """How long a silence ends a turn where the client does not say: as recorded, by the session's model."""
    return 500 if _is_newer(model) else 200


def _is_newer(model: str | None) -> bool:
    return model is not None and model.startswith("gpt-realtime-2")


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


def _listening_only(session: Session) -> Session:
    """``session`` as one of type ``transcription``, which has no model whose defaults could hold."""
    detection = session["audio"]["input"]["turn_detection"]
    if detection == turn_detection_defaults("server_vad", _silence_ms(session["model"])):
        detection = turn_detection_defaults("server_vad", _silence_ms(None))
    return {
        "type": "transcription",
        "object": "realtime.transcription_session",
        "id": session["id"],
        "expires_at": session["expires_at"],
        "include": session["include"],
        "audio": {"input": {**session["audio"]["input"], "turn_detection": detection}},
    }


def updated(
    session: Session,
    patch: dict[str, Any],
    *,
    begun: bool,
    locked_voice: Any = None,
    strict: bool = True,
) -> Session:
    """``session`` with ``patch`` merged in: absent stays, null switches off, anything else replaces.

    ``session`` itself is not touched. Raises ``ProtocolError`` naming the field when any part of ``patch``
    is not acceptable. ``begun``: there are items, so the type stays what it is; ``locked_voice``: of the
    audio that has been spoken. Not ``strict``: some of what OpenAI would refuse passes.
    """
    Map().check(patch, "session", strict)
    if "type" not in patch:
        raise missing("session.type")
    kind = patch["type"]
    if kind not in ("realtime", "transcription"):
        raise invalid_value("session.type", "expected one of 'realtime', 'transcription'.")
    (SESSION if kind == "realtime" else TRANSCRIPTION_SESSION).check(patch, "session", strict)
    current = copy.deepcopy(session)
    if kind != session["type"]:
        if begun or kind == "realtime":
            raise invalid_value("session.type", f"this is a {session['type']} session.")
        current = _listening_only(current)
    audio = patch.get("audio", {})
    _merge_input(current["audio"]["input"], audio.get("input", {}), _silence_ms(current.get("model")))
    if kind == "transcription":
        current.update({key: value for key, value in patch.items() if key == "include"})
        _check_detection_fits_model(current["audio"]["input"])
        return current
    if patch.get("model", session["model"]) != session["model"]:
        raise invalid_value("session.model", "the model cannot be changed in a session.")
    current.update({key: value for key, value in patch.items() if key != "audio"})
    check_tool_choice(current["tool_choice"], current["tools"], "session.tool_choice")
    _merge_output(current["audio"]["output"], audio.get("output", {}), locked_voice)
    return current


def check_tool_choice(choice: Any, tools: list[dict[str, Any]], path: str) -> None:
    """Raise ``ProtocolError`` when ``choice`` names a function that is not among ``tools``."""
    if isinstance(choice, dict) and choice["type"] == "function":
        names = [tool["name"] for tool in tools if tool["type"] == "function"]
        if choice["name"] not in names:
            raise invalid_value(path, f"there is no function '{choice['name']}' among the tools.")


def _check_detection_fits_model(audio_input: dict[str, Any]) -> None:
    model = (audio_input["transcription"] or {}).get("model")
    if model == _NO_VAD_MODEL and audio_input["turn_detection"] is not None:
        message = f"'{_NO_VAD_MODEL}' needs null here in a transcription session."
        raise invalid_value("session.audio.input.turn_detection", message)


def check_voice(voice: Any, current: Any, locked: Any, path: str) -> None:
    """Raise ``ProtocolError`` when audio has been spoken, and not in ``voice``, nor is that the session's."""
    if locked is not None and voice not in (current, locked):
        message = "Cannot update a conversation's voice if assistant audio is present."
        raise ProtocolError("cannot_update_voice", message, path)


def _merge_output(current: dict[str, Any], patch: dict[str, Any], locked_voice: Any) -> None:
    voice = patch.get("voice", current["voice"])
    check_voice(voice, current["voice"], locked_voice, "session.audio.output.voice")
    current.update(patch)
    if "format" in patch:
        current["format"] = complete_format(patch["format"])


def complete_format(given: dict[str, Any]) -> dict[str, Any]:
    """An audio format with its rate where it has one."""
    return dict(_PCM) if given["type"] == PCM else {"type": given["type"]}


def _merge_input(current: dict[str, Any], patch: dict[str, Any], silence_ms: int) -> None:
    for key, value in patch.items():
        if key == "turn_detection" and value is not None:
            current[key] = _merged_turn_detection(current[key], value, silence_ms)
        elif key == "transcription" and value is not None:
            current[key] = {
                "model": "whisper-1",
                "language": None,
                "prompt": None,
                **(current[key] or {}),
                **value,
            }
        elif key == "format":
            current[key] = complete_format(value)
        else:
            current[key] = value


def _merged_turn_detection(
    current: dict[str, Any] | None, patch: dict[str, Any], silence_ms: int
) -> dict[str, Any]:
    kind = patch.get("type", "server_vad")
    same = current is not None and current["type"] == kind
    base = current if same and current is not None else turn_detection_defaults(kind, silence_ms)
    return {**base, **patch, "type": kind}


def wants_transcripts(session: Session) -> bool:
    """Whether the client asked for the words of the user's audio."""
    return session["audio"]["input"]["transcription"] is not None


def transcription_prompt(session: Session) -> str:
    """What the session says of the words to expect: its ``prompt`` and ``keywords``."""
    transcription = session["audio"]["input"]["transcription"] or {}
    parts = [transcription.get("prompt") or "", ", ".join(transcription.get("keywords") or ())]
    return " ".join(part for part in parts if part)


def languages_named(session: Session) -> tuple[str, ...]:
    """The languages that the session says are spoken, as ``ja`` or ``en``: ``language``, then ``languages``."""
    transcription = session["audio"]["input"]["transcription"] or {}
    named = (transcription.get("language"), *(transcription.get("languages") or ()))
    return tuple(dict.fromkeys(str(name).split("-")[0].lower() for name in named if name))


def language_of(session: Session) -> str | None:
    """The language of the session: the first it names, else that of its instructions, ``ja`` or ``en``.

    None where it has none but the default ones.
    """
    if named := languages_named(session):
        return named[0]
    instructions: str = session.get("instructions", "")
    return None if instructions in ("", DEFAULT_INSTRUCTIONS) else language_of_text(instructions)


def language_of_text(text: str) -> str:
    """``ja`` when there is any Japanese script in ``text``, else ``en``."""
    return (
        "ja" if any("\u3040" <= char <= "\u30ff" or "\u4e00" <= char <= "\u9fff" for char in text) else "en"
    )
