"""The client events, and their fields besides those of a session, an item and a response. As ``session_schema``."""

from __future__ import annotations

from typing import Any

from backend.engine.protocol import Event, ProtocolError
from backend.engine.schema import Field, Integer, Map, Object, Text, listed

_EVENT_ID = Text(512)


def _event(**fields: Field) -> Object:
    return Object(
        {
            "event_id": Field(_EVENT_ID, null=True, note="comes back in `error.event_id`"),
            "type": Field(Text(), required="always"),
            **fields,
        },
        open_if_lenient=True,
    )


_ITEM_ID = Field(Text(), required="always")
EVENTS = {
    "session.update": _event(session=Field(Map(), required="always")),
    "input_audio_buffer.append": _event(audio=Field(Text(), required="always", note="base64, up to 15 MiB")),
    "input_audio_buffer.commit": _event(),
    "input_audio_buffer.clear": _event(),
    "conversation.item.create": _event(
        item=Field(Map(), required="always"),
        previous_item_id=Field(Text(), null=True, note="`root`, or the id of an item"),
    ),
    "conversation.item.retrieve": _event(item_id=_ITEM_ID),
    "conversation.item.truncate": _event(
        item_id=_ITEM_ID,
        content_index=Field(Integer(0), required="always"),
        audio_end_ms=Field(Integer(0), required="always"),
    ),
    "conversation.item.delete": _event(item_id=_ITEM_ID),
    "response.create": _event(response=Field(Map(), null=True)),
    "response.cancel": _event(response_id=Field(Text(), null=True)),
}
"""The fields of each event that a client may send, by type."""

_WEBRTC_ONLY = "output_audio_buffer.clear"


def check_event(parsed: Event, strict: bool) -> None:
    """Raise ``ProtocolError`` when an event with a type is none that there is, or a field of its own is not right."""
    kind: Any = parsed["type"]
    if kind == _WEBRTC_ONLY:
        message = f"'{_WEBRTC_ONLY}' is for WebRTC and SIP; over WebSocket the client owns playback."
        raise ProtocolError("invalid_value", message, "type")
    if kind not in EVENTS:
        message = f"Invalid value: '{kind[:64]}'. Supported values are: {listed(tuple(EVENTS))}."
        raise ProtocolError("invalid_value", message, "type")
    EVENTS[kind].check(parsed, "", strict)
