"""What a session and a response may be set to, and what comes of it.

After OpenAI's published schema, as in the types of the ``openai`` package 3.54. What a field does stands with it: from
here the table in ``docs/engine.md`` is made.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from backend.engine.client_secrets import LONGEST_S, SHORTEST_S
from backend.engine.formats import FORMATS, PCM
from backend.engine.protocol import ProtocolError
from backend.engine.schema import (
    Anything,
    Boolean,
    Choice,
    Either,
    Field,
    Integer,
    Items,
    Map,
    Number,
    Object,
    Rule,
    Shape,
    Text,
    Variants,
    invalid_value,
    missing,
)

VOICES = ("alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse", "marin", "cedar")
TRANSCRIPTION_MODELS = (
    "gpt-realtime-whisper",
    "gpt-live-transcribe",
    "gpt-transcribe",
    "gpt-4o-transcribe",
    "gpt-4o-mini-transcribe",
    "gpt-4o-mini-transcribe-2025-12-15",
    "gpt-4o-transcribe-diarize",
    "whisper-1",
)
_NAME = "[a-zA-Z0-9_-]+"


def one_of(*choices: str) -> Choice:
    """A choice that is no wider for lenient checks."""
    return Choice(choices)


def ignored(shape: Shape, note: str = "", *, null: bool = False) -> Field:
    """A field that is accepted and does nothing."""
    return Field(shape, "no effect", null=null, note=note)


def _language_code(value: Any, path: str) -> None:
    if not re.fullmatch("[a-z]{2,3}|zh-(cn|tw|hk)", value):
        message = (
            f"Invalid language '{value[:32]}'. Language parameter must be specified in ISO-639-1 format."
        )
        raise ProtocolError("invalid_value", message, path)


def _one_modality(value: Any, path: str) -> None:
    if value not in (["audio"], ["text"]):
        raise invalid_value(path, "supported combinations are ['text'] and ['audio'].")


def _fitting_rate(value: Any, path: str) -> None:
    if value.get("rate") not in (None, 24_000 if value["type"] == PCM else None):
        raise invalid_value(f"{path}.rate", "audio/pcm has a rate of 24000, the others have none.")


def _known_format(value: Any, path: str) -> None:
    if value.get("type") not in FORMATS:
        raise invalid_value(path, "the formats are " + ", ".join(FORMATS) + ".")
    _fitting_rate(value, path)


def _json_schema(value: Any, path: str) -> None:
    """Functions take an object: OpenAI refuses schemas of anything else, and words that JSON Schema has not."""
    kind = value.get("type", "object")
    problem = ""
    if kind != "object":
        problem = f"schema must be a JSON Schema of 'type: \"object\"', got 'type: \"{kind}\"'."
    elif not isinstance(value.get("properties", {}), dict):
        problem = "'properties' is to be an object."
    elif not all(isinstance(given, dict | bool) for given in value.get("properties", {}).values()):
        problem = "each of 'properties' is to be a schema."
    elif not _is_list_of_texts(value.get("required", [])):
        problem = "'required' is to be a list of names."
    if problem:
        raise ProtocolError("invalid_function_parameters", f"Invalid schema for function: {problem}", path)


def _is_list_of_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _reachable(value: Any, path: str) -> None:
    if not any(value.get(key) for key in ("server_url", "connector_id", "tunnel_id")):
        raise missing(f"{path}.server_url")


def _no_duplicates(value: Any, path: str) -> None:
    seen: set[tuple[str, str]] = set()
    for index, tool in enumerate(value):
        key = "name" if tool["type"] == "function" else "server_label"
        if (tool["type"], tool[key]) in seen:
            raise invalid_value(f"{path}[{index}].{key}", f"there is a tool '{tool[key]}' already.")
        seen.add((tool["type"], tool[key]))


def _few_short_pairs(value: Any, path: str) -> None:
    if len(value) > 16:
        raise invalid_value(path, "at most 16 pairs.")
    for key, item in value.items():
        if len(key) > 64 or not isinstance(item, str) or len(item) > 512:
            raise invalid_value(f"{path}.{key}", "keys of up to 64 and texts of up to 512 characters.")


_FORMAT = Rule(
    Object({"type": Field(Text()), "rate": Field(Integer(1, 192_000), null=True)}),
    _known_format,
    "`audio/pcm` at 24000, `audio/pcmu`, `audio/pcma`",
    strict=False,
)
_LANGUAGE = Rule(Text(), _language_code, "ISO 639-1 code such as `ja`")
_MODALITIES = Rule(Items(Text()), _one_modality, '`["audio"]` or `["text"]`', strict=False)
_MAX_TOKENS = Integer(1, 4096, "inf")
_NAMES = Items(Text())
_TOOL_FILTER = Object({"read_only": ignored(Boolean()), "tool_names": ignored(_NAMES)}, open_if_lenient=True)
FUNCTION = Object(
    {
        "type": Field(one_of("function")),
        "name": Field(Text(64, _NAME, "letters, digits, `_` and `-`,"), required="always"),
        "description": Field(Text(), null=True),
        "parameters": Field(Rule(Map(), _json_schema, "JSON Schema of an object"), null=True),
    },
    open_if_lenient=True,
)
MCP_SERVER = Object(
    {
        "type": Field(one_of("mcp")),
        "server_label": Field(
            Text(), required="always", note="the engine reaches no server: `mcp_list_tools.failed`"
        ),
        "server_url": ignored(Text(), "this, `connector_id` or `tunnel_id` is required"),
        "connector_id": ignored(Text()),
        "tunnel_id": ignored(Text()),
        "server_description": ignored(Text()),
        "authorization": ignored(Text()),
        "headers": ignored(Map(), null=True),
        "allowed_tools": ignored(Either(_NAMES, _TOOL_FILTER), null=True),
        "allowed_callers": ignored(Items(one_of("direct", "programmatic")), null=True),
        "defer_loading": ignored(Boolean()),
        "require_approval": ignored(
            Either(
                one_of("always", "never"),
                Object({"always": ignored(_TOOL_FILTER), "never": ignored(_TOOL_FILTER)}),
            ),
            null=True,
        ),
    },
    open_if_lenient=True,
)


def _reachable_if_mcp(value: Any, path: str) -> None:
    if value["type"] == "mcp":
        _reachable(value, path)


_TOOL = Rule(Variants("type", {"function": FUNCTION, "mcp": MCP_SERVER}), _reachable_if_mcp, "object")
_TOOLS = Rule(Items(_TOOL), _no_duplicates, "list of functions and MCP servers, no two of one name")
_TOOL_CHOICE = Either(
    one_of("auto", "none", "required"),
    Variants(
        "type",
        {
            "function": Object(
                {"type": Field(Text()), "name": Field(Text(), required="always")}, open_if_lenient=True
            ),
            "mcp": Object(
                {
                    "type": ignored(Text()),
                    "server_label": ignored(Text()),
                    "name": ignored(Text(), null=True),
                },
                open_if_lenient=True,
            ),
        },
    ),
)
_TRACING = Either(
    one_of("auto"),
    Object(
        {"workflow_name": ignored(Text()), "group_id": ignored(Text()), "metadata": ignored(Map())},
        open_if_lenient=True,
    ),
)
_TRUNCATION = Either(
    one_of("auto", "disabled"),
    Object(
        {
            "type": Field(one_of("retention_ratio"), "no effect", required="always"),
            "retention_ratio": Field(Number(0, 1), "no effect", required="always"),
            "token_limits": ignored(Object({"post_instructions": ignored(Integer(0))}, open_if_lenient=True)),
        },
        open_if_lenient=True,
    ),
)
_PROMPT = Object(
    {
        "id": Field(Text(), "no effect", required="strict"),
        "version": ignored(Text(), null=True),
        "variables": ignored(Map(), null=True),
    },
    open_if_lenient=True,
)
_REASONING = Object(
    {
        "effort": ignored(
            Choice(("minimal", "low", "medium", "high", "xhigh"), open_if_lenient=True), null=True
        )
    },
    open_if_lenient=True,
)
_VAD_FLAGS = {"create_response": Field(Boolean()), "interrupt_response": Field(Boolean())}
TURN_DETECTION = Variants(
    "type",
    {
        "server_vad": Object(
            {
                "type": Field(Text()),
                "threshold": Field(Number(0, 1)),
                "prefix_padding_ms": Field(Integer(0, 5_000)),
                "silence_duration_ms": Field(Integer(0, 10_000)),
                "idle_timeout_ms": Field(Integer(5_000, 30_000), null=True),
                **_VAD_FLAGS,
            }
        ),
        "semantic_vad": Object(
            {
                "type": Field(Text()),
                "eagerness": Field(one_of("auto", "low", "medium", "high"), note="approximated"),
                **_VAD_FLAGS,
            }
        ),
    },
    usual="server_vad",
)
TRANSCRIPTION = Object(
    {
        "model": Field(
            Choice(TRANSCRIPTION_MODELS, open_if_lenient=True),
            note="decides when words are sent and how they are counted; Whisper base hears for all",
        ),
        "language": Field(
            _LANGUAGE, null=True, note="expected; another that is clearly spoken is heard as well"
        ),
        "languages": Field(Items(_LANGUAGE), null=True, note="one of these is heard and no other"),
        "prompt": Field(Text(), null=True),
        "keywords": Field(Items(Text()), null=True),
        "delay": ignored(
            Choice(("minimal", "low", "medium", "high", "xhigh"), open_if_lenient=True), null=True
        ),
    }
)
_NOISE_REDUCTION = Object(
    {
        "type": ignored(one_of("near_field", "far_field")),
        "strength": ignored(Number(0, 1), null=True),
    }
)
_VOICE = Either(one_of(*VOICES), Object({"id": ignored(Text())}))
_AUDIO_OUTPUT = Object(
    {
        "format": Field(_FORMAT),
        "voice": ignored(_VOICE, "a persona has its own; locked once audio has been sent"),
        "speed": Field(Number(0.25, 1.5)),
    }
)
_AUDIO_INPUT = Object(
    {
        "format": Field(_FORMAT),
        "transcription": Field(TRANSCRIPTION, null=True),
        "noise_reduction": ignored(_NOISE_REDUCTION, null=True),
        "turn_detection": Field(TURN_DETECTION, null=True),
    }
)
_INCLUDE = ignored(Items(one_of("item.input_audio_transcription.logprobs")), null=True)
SESSION = Object(
    {
        "type": Field(one_of("realtime")),
        "model": Field(Text(), note="its defaults only; it cannot be changed in a session"),
        "output_modalities": Field(_MODALITIES),
        "instructions": Field(Text(), note="read for the language, the industry and the pain"),
        "tools": Field(_TOOLS),
        "tool_choice": Field(_TOOL_CHOICE),
        "parallel_tool_calls": ignored(Boolean(), null=True),
        "reasoning": ignored(_REASONING, null=True),
        "max_output_tokens": Field(_MAX_TOKENS),
        "truncation": ignored(_TRUNCATION),
        "tracing": ignored(_TRACING, null=True),
        "prompt": ignored(_PROMPT, null=True),
        "include": _INCLUDE,
        "audio": Field(Object({"input": Field(_AUDIO_INPUT), "output": Field(_AUDIO_OUTPUT)})),
    }
)
"""A session of type ``realtime``, as an update of it may name its fields."""

TRANSCRIPTION_SESSION = Object(
    {
        "type": Field(one_of("transcription")),
        "include": _INCLUDE,
        "audio": Field(Object({"input": Field(_AUDIO_INPUT)})),
    }
)
"""A session of type ``transcription`` only listens."""

_RESPONSE_FIELDS: Mapping[str, Field] = {
    "instructions": Field(Text(), null=True),
    "tools": Field(_TOOLS, null=True),
    "tool_choice": Field(_TOOL_CHOICE, null=True),
    "output_modalities": Field(_MODALITIES, null=True),
    "audio": Field(Object({"output": Field(_AUDIO_OUTPUT)}), null=True),
    "max_output_tokens": Field(_MAX_TOKENS, null=True),
    "conversation": Field(one_of("auto", "none"), null=True),
    "input": Field(
        Items(Map()), null=True, note="items as in `conversation.item.create`, or `item_reference`"
    ),
    "metadata": Field(
        Rule(Map(), _few_short_pairs, "up to 16 pairs of text (64 and 512 characters)", strict=False),
        null=True,
    ),
    "prompt": ignored(_PROMPT, null=True),
    "reasoning": ignored(_REASONING, null=True),
    "parallel_tool_calls": ignored(Boolean(), null=True),
}
RESPONSE = Object(_RESPONSE_FIELDS)
"""The fields of ``response.create``'s ``response``."""

CLIENT_SECRET = Object(
    {
        "expires_after": Field(
            Object(
                {
                    "anchor": Field(one_of("created_at")),
                    "seconds": Field(Integer(SHORTEST_S, LONGEST_S)),
                }
            ),
            null=True,
        ),
        "session": Field(Anything(), null=True, note="as in `session.update`"),
    }
)
"""The body of ``POST /v1/realtime/client_secrets``; what the session may be is checked when one is made of it."""
