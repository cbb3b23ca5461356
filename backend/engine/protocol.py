"""Envelopes and ids of the Realtime protocol (GA shape): no I/O, no state.

Source: OpenAI's published schema of the Realtime events, as in the types of the ``openai`` package 3.54.
"""

from __future__ import annotations

import base64
import binascii
import secrets
import string
from typing import Any

from backend.engine.json_text import from_json

Event = dict[str, Any]

BYTES_PER_MS = 48
"""PCM16 mono at 24 kHz, the only PCM format of the protocol."""

MAX_APPEND_BYTES = 15 * 1024 * 1024

_ALPHABET = string.ascii_letters + string.digits
_ID_TAIL = 21


class ProtocolError(Exception):
    """A client event that cannot be carried out. Becomes an ``error`` event; the session stays open.

    ``code`` is one of the protocol's codes, ``param`` a dotted path into the client event.
    """

    def __init__(self, code: str, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.param = param


def new_id(prefix: str) -> str:
    """A fresh id such as ``item_3fK...``: the prefix and 21 letters and digits, as the real service has."""
    return f"{prefix}_" + "".join(secrets.choice(_ALPHABET) for _ in range(_ID_TAIL))


def event(kind: str, **fields: Any) -> Event:
    """A server event of type ``kind`` with its own id."""
    return {"type": kind, "event_id": new_id("event"), **fields}


def error_event(
    error: ProtocolError, client_event_id: str | None = None, kind: str = "invalid_request_error"
) -> Event:
    """The ``error`` event for ``error``, naming the client event that caused it where that had an id."""
    detail = {
        "type": kind,
        "code": error.code,
        "message": error.message,
        "param": error.param,
        "event_id": client_event_id,
    }
    return event("error", error=detail)


def parse(message: bytes) -> Event:
    """The JSON object in ``message``. Raises ``ProtocolError`` for anything else."""
    try:
        parsed = from_json(message)
    except (ValueError, RecursionError) as error:
        raise ProtocolError("invalid_json", "Invalid event: failed to parse JSON value.") from error
    if not isinstance(parsed, dict):
        raise ProtocolError("invalid_event", "A client event is a JSON object with a 'type'.")
    return parsed


def event_type(parsed: Event) -> str:
    """The type of a client event. Raises ``ProtocolError`` (``invalid_event``) when it has none."""
    kind = parsed.get("type")
    if not isinstance(kind, str):
        raise ProtocolError("invalid_event", "The event has no 'type'.", "type")
    return kind


def client_event_id(parsed: Event) -> str | None:
    """The id the client gave its event, if it did."""
    value = parsed.get("event_id")
    return value if isinstance(value, str) else None


def decode_audio(encoded: str, param: str) -> bytes:
    """The bytes of base64 ``encoded``. Raises ``ProtocolError`` for bad base64 or more than 15 MiB."""
    try:
        audio = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ProtocolError("invalid_value", f"'{param}' is not valid base64.", param) from error
    if len(audio) > MAX_APPEND_BYTES:
        raise ProtocolError("invalid_value", f"'{param}' holds more than 15 MiB of audio.", param)
    return audio


def encode_audio(pcm: bytes) -> str:
    """``pcm`` as base64 text."""
    return base64.b64encode(pcm).decode("ascii")
