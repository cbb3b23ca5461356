"""What an item of the conversation may be when a client creates it, and what comes of it. As ``session_schema``."""

from __future__ import annotations

import re
from typing import Any

from backend.engine.protocol import ProtocolError
from backend.engine.schema import Anything, Boolean, Field, Items, Map, Object, Rule, Text, Variants, missing
from backend.engine.session_schema import ignored, one_of

ID = Text(32)
"""Of an item, or of a call: as long as OpenAI lets a client's own be."""
CALL_ID = Text(32, "[a-zA-Z0-9_-]+", "letters, digits, `_` and `-`,")
_TEXT = Text(256_000)


def _data_url(value: Any, path: str) -> None:
    if not re.match(r"data:image/[a-z.+-]+;base64,[A-Za-z0-9+/]", value):
        message = (
            f"Invalid '{path}'. Expected a base64-encoded data URL with an image MIME type "
            "(e.g. 'data:image/png;base64,aW1nIGJ5dGVzIGhlcmU=')."
        )
        raise ProtocolError("invalid_value", message, path)


def _not_empty(value: Any, path: str) -> None:
    if not value:
        raise missing(path)


def _no_assistant_audio(value: Any, path: str) -> None:
    for index, part in enumerate(value):
        if isinstance(part, dict) and part.get("type") == "output_audio":
            raise missing(f"{path}[{index}].text")


def _kind() -> Field:
    return Field(Text(), required="always")


_COMMON = {
    "id": Field(ID, null=True),
    "object": ignored(one_of("realtime.item"), null=True),
    "status": ignored(one_of("completed", "incomplete", "in_progress"), null=True),
}
_INPUT_TEXT = Object({"type": _kind(), "text": Field(_TEXT, required="always")}, open_if_lenient=True)
_INPUT_AUDIO = Object(
    {
        "type": _kind(),
        "audio": Field(Text(), null=True, note="base64, in the session's input format"),
        "transcript": Field(Text(), null=True),
    },
    open_if_lenient=True,
)
_INPUT_IMAGE = Object(
    {
        "type": _kind(),
        "image_url": Field(Rule(Text(), _data_url, "data URL of an image"), "no effect", required="always"),
        "detail": ignored(one_of("auto", "low", "high"), null=True),
    },
    open_if_lenient=True,
)
_OUTPUT_TEXT = Object({"type": _kind(), "text": Field(_TEXT, required="always")}, open_if_lenient=True)


def _content(**parts: Object) -> Field:
    shape = Rule(Items(Variants("type", parts)), _not_empty, "list of " + ", ".join(parts), strict=False)
    return Field(shape, required="always")


_USER = Object(
    {
        "type": _kind(),
        "role": Field(Text(), required="always"),
        "content": _content(input_text=_INPUT_TEXT, input_audio=_INPUT_AUDIO, input_image=_INPUT_IMAGE),
        **_COMMON,
    },
    open_if_lenient=True,
)
_SYSTEM = Object(
    {
        "type": _kind(),
        "role": Field(Text(), required="always"),
        "content": _content(input_text=_INPUT_TEXT),
        **_COMMON,
    },
    open_if_lenient=True,
)
_ASSISTANT = Object(
    {
        "type": _kind(),
        "role": Field(Text(), required="always"),
        "content": _content(output_text=_OUTPUT_TEXT),
        "phase": ignored(one_of("commentary", "final_answer"), null=True),
        **_COMMON,
    },
    open_if_lenient=True,
)
MESSAGES = Variants("role", {"user": _USER, "system": _SYSTEM, "assistant": _ASSISTANT})
_MCP = {"id": Field(ID, null=True), "type": _kind(), "object": ignored(one_of("realtime.item"), null=True)}
OTHERS = {
    "function_call": Object(
        {
            "type": _kind(),
            "name": Field(Text(64), required="always"),
            "arguments": Field(Text(), required="always"),
            "call_id": Field(CALL_ID, null=True),
            **_COMMON,
        },
        open_if_lenient=True,
    ),
    "function_call_output": Object(
        {
            "type": _kind(),
            "call_id": Field(CALL_ID, required="always", note="of a call in the conversation"),
            "output": Field(Text(), required="always"),
            **_COMMON,
        },
        open_if_lenient=True,
    ),
    "mcp_approval_response": Object(
        {
            **_MCP,
            "approval_request_id": Field(Text(), "no effect", required="always"),
            "approve": Field(Boolean(), "no effect", required="always"),
            "reason": ignored(Text(), null=True),
        },
        open_if_lenient=True,
    ),
    "mcp_approval_request": Object(
        {
            **_MCP,
            "server_label": Field(Text(), "no effect", required="always"),
            "name": Field(Text(), "no effect", required="always"),
            "arguments": Field(Text(), "no effect", required="always"),
        },
        open_if_lenient=True,
    ),
    "mcp_call": Object(
        {
            **_MCP,
            "server_label": Field(Text(), "no effect", required="always"),
            "name": Field(Text(), "no effect", required="always"),
            "arguments": Field(Text(), "no effect", required="always"),
            "approval_request_id": ignored(Text(), null=True),
            "output": ignored(Text(), null=True),
            "error": ignored(Map(), null=True),
        },
        open_if_lenient=True,
    ),
    "mcp_list_tools": Object(
        {
            **_MCP,
            "server_label": Field(Text(), "no effect", required="always"),
            "tools": Field(
                Items(
                    Object(
                        {
                            "name": Field(Text(), "no effect", required="always"),
                            "input_schema": Field(Anything(), "no effect", required="always"),
                            "description": ignored(Text(), null=True),
                            "annotations": ignored(Anything(), null=True),
                        },
                        open_if_lenient=True,
                    )
                ),
                "no effect",
                required="always",
            ),
        },
        open_if_lenient=True,
    ),
}
"""The items that are no messages, by type."""


def check_item(item: Any, path: str, strict: bool) -> None:
    """Raise ``ProtocolError`` naming the field that is missing or wrong in an item that a client creates.

    A client cannot create what the assistant is to have said aloud: that is refused as a text that is missing.
    """
    Variants("type", {"message": Object({}, open_if_lenient=True), **OTHERS}).check(item, path, False)
    if item["type"] != "message":
        OTHERS[item["type"]].check(item, path, strict)
        return
    if item.get("role") == "assistant" and isinstance(item.get("content"), list):
        _no_assistant_audio(item["content"], f"{path}.content")
    MESSAGES.check(item, path, strict)
