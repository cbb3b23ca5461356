"""An event with an unexpected field, read field by field: it costs that field, not the event. Pure.

Servers that claim compatibility send numbers for codes, text for objects, null for required fields. The
fast path is msgspec's own decoder; this one is used only if that one refuses.
"""

from __future__ import annotations

import base64
import binascii
import types
import typing
from typing import Any, TypeVar

import msgspec

Shape = TypeVar("Shape", bound=msgspec.Struct)

_WORDS = ("text", "value", "message", "transcript", "detail")
"""The keys under which an object in place of a text has that text."""


def read_leniently(shape: type[Shape], value: dict[str, Any]) -> Shape:
    """``value`` as a ``shape``; a field that cannot be read gets its default.

    A number or an object where a text belongs becomes text, a text where one of our objects belongs becomes the
    field that the object names as ``lenient_text``. Raises ``ValueError`` if a field without default cannot be read.
    """
    given: dict[str, Any] = {}
    for field in msgspec.structs.fields(shape):
        if field.encode_name not in value:
            if field.required:
                raise ValueError(f"{field.encode_name} is missing")
            continue
        try:
            given[field.name] = _read(field.type, value[field.encode_name])
        except ValueError:
            if field.required:
                raise ValueError(f"{field.encode_name} cannot be read") from None
    return shape(**given)


def _read(wanted: Any, value: Any) -> Any:
    try:
        # ValidationError is a ValueError.
        return msgspec.convert(value, type=wanted, strict=False)
    except ValueError:
        pass
    for member in _members(wanted):
        found = _as_member(member, value)
        if found is not None:
            return found
    raise ValueError("of another type")


def _members(wanted: Any) -> tuple[Any, ...]:
    union = typing.get_origin(wanted) in (typing.Union, types.UnionType)
    return typing.get_args(wanted) if union else (wanted,)


def _as_member(member: Any, value: Any) -> Any | None:
    """``value`` converted to ``member``; None if that is impossible."""
    if value is None:
        return None
    if isinstance(member, type) and issubclass(member, msgspec.Struct):
        return _object(member, value)
    if member is str:
        return _text(value)
    if member is bytes and isinstance(value, str):
        return _base64(value)
    if typing.get_origin(member) is tuple:
        part = typing.get_args(member)[0]
        parts = value if isinstance(value, list) else [value]
        return tuple(found for item in parts if (found := _as_member(part, item)) is not None)
    return None


def _object(shape: type[msgspec.Struct], value: Any) -> msgspec.Struct | None:
    if isinstance(value, dict):
        try:
            return read_leniently(shape, value)
        except ValueError:
            return None
    field = getattr(shape, "lenient_text", None)
    if isinstance(value, str) and field is not None:
        return read_leniently(shape, {field: value} if field else {})
    return None


def _text(value: Any) -> str:
    if isinstance(value, dict):
        words = next((value[key] for key in _WORDS if isinstance(value.get(key), str)), None)
        if words is not None:
            return str(words)
    return msgspec.json.encode(value).decode() if not isinstance(value, str) else value


def _base64(text: str) -> bytes | None:
    """Base64 without padding, with line breaks, or in the alphabet for URLs."""
    plain = "".join(text.split()).rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
