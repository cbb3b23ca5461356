"""What the console sends to the Realtime API as JSON (realtime-protocol, section 6).

Audio is not among them: the relay takes raw PCM16 in binary messages.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from api_client.errors import NotText

REPLAYED_PREFIX = "replayed_"
"""Prefix of the ids we choose for items that replay earlier turns to a new connection. A SalesMind
server stores every other item that a client creates as a typed turn (docs/server.md)."""


class ClientEvent(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", omit_defaults=True):
    """Base of all client events.

    ``event_id`` is ours to choose; the server echoes it in ``error.event_id`` only.
    """

    event_id: str | None = None

    @property
    def type(self) -> str:
        """The name on the wire."""
        return str(self.__struct_config__.tag)


class SessionUpdate(ClientEvent, frozen=True, kw_only=True, tag="session.update"):
    """A partial session in the server's dialect; built by ``session_update.session_update``."""

    session: dict[str, Any]


class TextContent(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="input_text"):
    """A piece of typed text."""

    text: str


class MessageItem(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="message"):
    """A typed turn."""

    role: Literal["user", "system"]
    content: tuple[TextContent, ...]


class ConversationItemCreate(ClientEvent, frozen=True, kw_only=True, tag="conversation.item.create"):
    """Append an item to the conversation (after ``previous_item_id``, if given)."""

    item: MessageItem
    previous_item_id: str | None = None


class ConversationItemTruncate(ClientEvent, frozen=True, kw_only=True, tag="conversation.item.truncate"):
    """Tells the server how much of an answer was heard, in ms of its audio."""

    item_id: str
    audio_end_ms: int
    # Required on the wire although it is mostly 0, so it must not look like a default.
    content_index: int


class ResponseCreate(ClientEvent, frozen=True, kw_only=True, tag="response.create"):
    """Requests an answer now."""


class ResponseCancel(ClientEvent, frozen=True, kw_only=True, tag="response.cancel"):
    """Stop the answer that is being generated (``response_id``, or whichever is running)."""

    response_id: str | None = None


_encoder = msgspec.json.Encoder()


def encode(event: ClientEvent) -> bytes:
    """``event`` as UTF-8 JSON, for one text message. Raises ``NotText``."""
    return encode_json(event)


def encode_json(value: Any) -> bytes:
    """``value`` as UTF-8 JSON.

    Raises ``NotText`` for text with bytes that were not UTF-8, as Python reads them from a command line.
    """
    try:
        return _encoder.encode(value)
    except UnicodeEncodeError:
        name = _not_text(msgspec.to_builtins(value)) or "text"
    # Outside the except block: the exception holds the text, which may be a password.
    raise NotText(f"The {name} is not text that can be sent: it is not UTF-8.", params={"name": name})


def _not_text(value: Any, name: str = "text") -> str | None:
    """The name of the field in ``value`` that cannot be encoded."""
    if isinstance(value, str):
        return name if any("\ud800" <= character <= "\udfff" for character in value) else None
    if isinstance(value, dict):
        found = [_not_text(item, key) for key, item in value.items()]
    elif isinstance(value, (list, tuple)):
        found = [_not_text(item, name) for item in value]
    else:
        return None
    return next((field for field in found if field is not None), None)


def item_create_text(text: str, *, event_id: str | None = None) -> ConversationItemCreate:
    """A typed user turn. Follow it with ``response_create()``."""
    item = MessageItem(role="user", content=(TextContent(text=text),))
    return ConversationItemCreate(item=item, event_id=event_id)


def item_truncate(
    item_id: str, audio_end_ms: int, *, content_index: int = 0, event_id: str | None = None
) -> ConversationItemTruncate:
    """How much of the part ``content_index`` of the answer ``item_id`` was heard, in ms of that part."""
    return ConversationItemTruncate(
        item_id=item_id, audio_end_ms=audio_end_ms, content_index=content_index, event_id=event_id
    )


def response_create(*, event_id: str | None = None) -> ResponseCreate:
    """Request an answer with the session's own settings."""
    return ResponseCreate(event_id=event_id)


def response_cancel(response_id: str | None = None, *, event_id: str | None = None) -> ResponseCancel:
    """Stop the running answer."""
    return ResponseCancel(response_id=response_id, event_id=event_id)
