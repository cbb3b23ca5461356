"""What a response is to be: the session's settings and those of ``response.create``. Pure."""

from __future__ import annotations

from typing import Any

from backend.engine.dialogue import Dialogue
from backend.engine.items import Item, client_item
from backend.engine.protocol import BYTES_PER_MS, Event, ProtocolError
from backend.engine.response import ResponseRequest
from backend.engine.session import check_tool_choice, check_voice, complete_format
from backend.engine.session_schema import RESPONSE
from backend.engine.usage import OUTPUT_MS_PER_TOKEN, first_tokens


def within_limit(
    text: str, pcm: bytes, max_output_tokens: int | str, sent_ms: int = 0
) -> tuple[str, bytes, bool]:
    """``text`` and ``pcm`` cut to the tokens left after ``sent_ms`` of audio, and whether anything had to go.

    Audio is what counts of an answer that has any, and its words are cut with it; else the words count.
    """
    if not isinstance(max_output_tokens, int):
        return text, pcm, False
    if not pcm:
        kept = first_tokens(text, max_output_tokens)
        return kept, pcm, kept != text
    allowed = max(0, max_output_tokens * OUTPUT_MS_PER_TOKEN - sent_ms) * BYTES_PER_MS
    if len(pcm) <= allowed:
        return text, pcm, False
    return text[: len(text) * allowed // len(pcm)], pcm[:allowed], True


def request_for(dialogue: Dialogue, parsed: Event | None = None) -> ResponseRequest:
    """The response that ``response.create`` asks for, or the one that follows a spoken turn.

    Raises ``ProtocolError`` naming the field that is not acceptable.
    """
    session = dialogue.session
    if session["type"] != "realtime":
        raise ProtocolError("invalid_event", "A transcription session generates no responses.", "type")
    given: dict[str, Any] = {}
    if parsed is not None and parsed.get("response") is not None:
        wanted = parsed["response"]
        RESPONSE.check(wanted, "response", dialogue.strict)
        given = {key: value for key, value in wanted.items() if value is not None}
    effective = {**session, **given}
    output = {**session["audio"]["output"], **(given.get("audio", {}).get("output") or {})}
    check_tool_choice(effective["tool_choice"], effective["tools"], "response.tool_choice")
    if dialogue.strict:
        current = session["audio"]["output"]["voice"]
        check_voice(output["voice"], current, dialogue.locked_voice, "response.audio.output.voice")
    return ResponseRequest(
        modality=effective["output_modalities"][0],
        instructions=effective["instructions"],
        max_output_tokens=effective["max_output_tokens"],
        audio_format=complete_format(output["format"]),
        voice=output["voice"],
        speed=output["speed"],
        tools=tuple(effective["tools"]),
        tool_choice=effective["tool_choice"],
        tool_chosen="tool_choice" in given,
        directed=bool(given.get("instructions")),
        metadata=given.get("metadata"),
        in_conversation=given.get("conversation") != "none",
        input_items=_input_items(dialogue, given["input"]) if "input" in given else None,
    )


def _input_items(dialogue: Dialogue, given: list[Item]) -> tuple[Item, ...]:
    items = []
    for index, item in enumerate(given):
        path = f"response.input[{index}]"
        if item.get("type") != "item_reference":
            items.append(client_item(item, path, strict=dialogue.strict)[0])
            continue
        known = dialogue.conversation.get(str(item.get("id")))
        if known is None:
            raise ProtocolError("invalid_value", f"There is no item '{item.get('id')}'.", f"{path}.id")
        items.append(known)
    return tuple(items)
