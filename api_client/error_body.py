"""The error bodies of a SalesMind server, read into one shape (salesmind-api.md, section 1).

Pure: bytes in, value out, never an exception. The text is the server's own, in the server's language: to be
shown, not matched on.
"""

from __future__ import annotations

from typing import Any

import msgspec

from api_client.harmless import one_line
from api_client.harmless_json import decode_untyped

MAX_TEXT = 500
"""Most characters kept of one message: enough for any real one, but not for a page."""

_SUMMARY_KEYS = ("detail", "message", "error")


class ErrorBody(msgspec.Struct, frozen=True, kw_only=True):
    """The contents of an error answer.

    ``fields`` maps a field, or ``non_field_errors``, to its messages; ``summary`` is the sentence about the
    whole. ``is_json`` is false for HTML pages and garbage, which leave the rest empty.
    """

    is_json: bool
    summary: str | None = None
    fields: dict[str, tuple[str, ...]] = {}
    email_verification_required: bool = False


def parse_error_body(body: bytes) -> ErrorBody:
    """Parse ``body``, in any of its forms."""
    try:
        value: Any = decode_untyped(body)
    except (ValueError, RecursionError):
        return ErrorBody(is_json=False)
    if isinstance(value, dict):
        return _from_object(value)
    messages = _messages(value)
    return ErrorBody(is_json=True, summary=" ".join(messages) or None)


def _from_object(value: dict[str, Any]) -> ErrorBody:
    details = value.get("details")
    if isinstance(details, dict):
        fields, summary = _fields(details), None
    else:
        fields = _fields({key: item for key, item in value.items() if not _is_summary(key, item)})
        summary = next((value[key] for key in _SUMMARY_KEYS if _is_summary(key, value.get(key))), None)
    flag = value.get("email_verification_required") is True
    return ErrorBody(
        is_json=True,
        summary=_clean(summary) if summary is not None else None,
        fields=fields,
        email_verification_required=flag,
    )


def _is_summary(key: str, item: Any) -> bool:
    # A list under one of these names is a field's messages: the chat has a field called "message".
    return key in _SUMMARY_KEYS and isinstance(item, str)


def _fields(value: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    # Flags such as email_verification_required are no messages; details may list fields that were fine as [].
    found = {_clean(key): _messages(item) for key, item in value.items() if not isinstance(item, bool)}
    return {key: messages for key, messages in found.items() if messages}


def _messages(value: Any) -> tuple[str, ...]:
    """The texts in a message, a list of messages, or an object of such lists (nested serializers)."""
    if isinstance(value, str):
        text = _clean(value)
        return (text,) if text else ()
    if isinstance(value, dict):
        value = list(value.values())
    if not isinstance(value, list):
        return ()
    inner = [part for item in value for part in (item if isinstance(item, list) else [item])]
    return tuple(text for item in inner if isinstance(item, str) and (text := _clean(item)))


def _clean(text: str) -> str:
    return one_line(text[:MAX_TEXT].strip())
