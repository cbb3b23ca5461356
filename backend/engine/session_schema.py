"""What a session may be set to: one check for each field, with the path that an error names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from backend.engine.client_secrets import LONGEST_S, SHORTEST_S
from backend.engine.formats import FORMATS, PCM
from backend.engine.protocol import ProtocolError

Check = Callable[[Any, str], None]
"""Raises ``ProtocolError`` naming the path (second argument) when the value (first) is not acceptable."""

VOICES = ("alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse", "marin", "cedar")


def invalid_value(path: str, message: str) -> ProtocolError:
    """An ``invalid_value`` error for the field at ``path``."""
    return ProtocolError("invalid_value", f"Invalid value for '{path}': {message}", path)


def _invalid_type(path: str, expected: str) -> ProtocolError:
    return ProtocolError("invalid_type", f"Invalid type for '{path}': expected {expected}.", path)


def check_object(fields: Mapping[str, Check]) -> Check:
    """An object with no other keys than ``fields``."""

    def check(value: Any, path: str) -> None:
        if not isinstance(value, dict):
            raise _invalid_type(path, "an object")
        for key, item in value.items():
            inner = f"{path}.{key}" if path else key
            if key not in fields:
                raise ProtocolError("unknown_parameter", f"Unknown parameter: '{inner}'.", inner)
            fields[key](item, inner)

    return check


def _text(value: Any, path: str) -> None:
    if not isinstance(value, str):
        raise _invalid_type(path, "a string")


def _boolean(value: Any, path: str) -> None:
    if not isinstance(value, bool):
        raise _invalid_type(path, "a boolean")


def _free_object(value: Any, path: str) -> None:
    if not isinstance(value, dict):
        raise _invalid_type(path, "an object")


def _nullable(check: Check) -> Check:
    return lambda value, path: None if value is None else check(value, path)


def _one_of(*choices: str) -> Check:
    def check(value: Any, path: str) -> None:
        if value not in choices:
            raise invalid_value(
                path, "expected one of " + ", ".join(f"'{choice}'" for choice in choices) + "."
            )

    return check


def _number(low: float, high: float) -> Check:
    def check(value: Any, path: str) -> None:
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise _invalid_type(path, "a number")
        if not low <= value <= high:
            raise invalid_value(path, f"expected a number between {low:g} and {high:g}.")

    return check


def _integer(low: int, high: int) -> Check:
    def check(value: Any, path: str) -> None:
        if not isinstance(value, int) or isinstance(value, bool):
            raise _invalid_type(path, "an integer")
        if not low <= value <= high:
            raise invalid_value(path, f"expected an integer between {low} and {high}.")

    return check


def _list_of(check: Check) -> Check:
    def check_list(value: Any, path: str) -> None:
        if not isinstance(value, list):
            raise _invalid_type(path, "an array")
        for index, item in enumerate(value):
            check(item, f"{path}[{index}]")

    return check_list


def check_modalities(value: Any, path: str) -> None:
    """``["audio"]`` or ``["text"]``; never both."""
    if value not in (["audio"], ["text"]):
        raise invalid_value(path, "supported combinations are ['text'] and ['audio'].")


def check_max_output_tokens(value: Any, path: str) -> None:
    """1 to 4096, or ``"inf"``."""
    if value != "inf":
        _integer(1, 4096)(value, path)


def _format(value: Any, path: str) -> None:
    check_object({"type": _text, "rate": _nullable(_integer(1, 192_000))})(value, path)
    if value.get("type") not in FORMATS:
        raise invalid_value(path, "the formats are " + ", ".join(FORMATS) + ".")
    if value.get("rate") not in (None, 24_000 if value["type"] == PCM else None):
        raise invalid_value(f"{path}.rate", "audio/pcm has a rate of 24000, the others have none.")


def _voice(value: Any, path: str) -> None:
    if isinstance(value, dict):
        check_object({"id": _text})(value, path)
    else:
        _one_of(*VOICES)(value, path)


def _truncation(value: Any, path: str) -> None:
    if isinstance(value, dict):
        _free_object(value, path)
        _one_of("retention_ratio")(value.get("type"), f"{path}.type")
        _number(0, 1)(value.get("retention_ratio"), f"{path}.retention_ratio")
    else:
        _one_of("auto", "disabled")(value, path)


def _tool_choice(value: Any, path: str) -> None:
    if isinstance(value, dict):
        _one_of("function", "mcp")(value.get("type"), f"{path}.type")
        key = "name" if value["type"] == "function" else "server_label"
        _text(value.get(key), f"{path}.{key}")
    else:
        _one_of("auto", "none", "required")(value, path)


def _tool(value: Any, path: str) -> None:
    _free_object(value, path)
    _one_of("function", "mcp")(value.get("type"), f"{path}.type")
    name = "name" if value["type"] == "function" else "server_label"
    if not isinstance(value.get(name), str):
        raise ProtocolError(
            "missing_required_parameter", f"Missing required parameter: '{path}.{name}'.", path
        )


def _tracing(value: Any, path: str) -> None:
    if value != "auto":
        _free_object(value, path)


_VAD_FLAGS: dict[str, Check] = {"create_response": _boolean, "interrupt_response": _boolean}
TURN_DETECTION: dict[str, dict[str, Check]] = {
    "server_vad": {
        "type": _text,
        "threshold": _number(0, 1),
        "prefix_padding_ms": _integer(0, 5_000),
        "silence_duration_ms": _integer(0, 10_000),
        "idle_timeout_ms": _nullable(_integer(5_000, 30_000)),
        **_VAD_FLAGS,
    },
    "semantic_vad": {"type": _text, "eagerness": _one_of("auto", "low", "medium", "high"), **_VAD_FLAGS},
}


def _turn_detection(value: Any, path: str) -> None:
    _free_object(value, path)
    kind = value.get("type", "server_vad")
    _one_of(*TURN_DETECTION)(kind, f"{path}.type")
    check_object(TURN_DETECTION[kind])(value, path)


_TRANSCRIPTION: dict[str, Check] = {
    "model": _text,
    "language": _nullable(_text),
    "prompt": _nullable(_text),
    "languages": _nullable(_list_of(_text)),
    "keywords": _nullable(_list_of(_text)),
    "delay": _nullable(lambda value, path: None),
}
_NOISE_REDUCTION: dict[str, Check] = {
    "type": _one_of("near_field", "far_field"),
    "strength": _nullable(_number(0, 1)),
}
AUDIO_OUTPUT: dict[str, Check] = {"format": _format, "voice": _voice, "speed": _number(0.25, 1.5)}
_AUDIO_INPUT = check_object(
    {
        "format": _format,
        "transcription": _nullable(check_object(_TRANSCRIPTION)),
        "noise_reduction": _nullable(check_object(_NOISE_REDUCTION)),
        "turn_detection": _nullable(_turn_detection),
    }
)
_INCLUDE = _nullable(_list_of(_one_of("item.input_audio_transcription.logprobs")))
SESSION: dict[str, Check] = {
    "type": _one_of("realtime"),
    "model": _text,
    "output_modalities": check_modalities,
    "instructions": _text,
    "tools": _list_of(_tool),
    "tool_choice": _tool_choice,
    "parallel_tool_calls": _nullable(_boolean),
    "reasoning": _nullable(_free_object),
    "max_output_tokens": check_max_output_tokens,
    "truncation": _truncation,
    "tracing": _nullable(_tracing),
    "prompt": _nullable(_free_object),
    "include": _INCLUDE,
    "audio": check_object(
        {
            "input": _AUDIO_INPUT,
            "output": check_object(AUDIO_OUTPUT),
        }
    ),
}
TRANSCRIPTION_SESSION: dict[str, Check] = {
    "type": _one_of("transcription"),
    "include": _INCLUDE,
    "audio": check_object({"input": _AUDIO_INPUT}),
}
"""A session of type ``transcription`` only listens."""


def _metadata(value: Any, path: str) -> None:
    _free_object(value, path)
    if len(value) > 16:
        raise invalid_value(path, "at most 16 pairs.")
    for key, item in value.items():
        if len(key) > 64 or not isinstance(item, str) or len(item) > 512:
            raise invalid_value(f"{path}.{key}", "keys of up to 64 and texts of up to 512 characters.")


RESPONSE: dict[str, Check] = {
    "instructions": _nullable(_text),
    "tools": _nullable(_list_of(_tool)),
    "tool_choice": _nullable(_tool_choice),
    "output_modalities": _nullable(check_modalities),
    "audio": _nullable(check_object({"output": check_object(AUDIO_OUTPUT)})),
    "max_output_tokens": _nullable(check_max_output_tokens),
    "conversation": _nullable(_one_of("auto", "none")),
    "input": _nullable(_list_of(_free_object)),
    "metadata": _nullable(_metadata),
    "prompt": _nullable(_free_object),
    "reasoning": _nullable(_free_object),
    "parallel_tool_calls": _nullable(_boolean),
}
"""The fields of ``response.create``'s ``response``."""

CLIENT_SECRET: dict[str, Check] = {
    "expires_after": _nullable(
        check_object({"anchor": _one_of("created_at"), "seconds": _integer(SHORTEST_S, LONGEST_S)})
    ),
    "session": _nullable(_free_object),
}
"""The body of ``POST /v1/realtime/client_secrets``; what the session may be is checked when one is made of it."""
