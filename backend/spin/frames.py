"""The relay's messages as plain values: no sockets, no Django.

Messages are read with msgspec into a struct of the few fields that matter here; everything else in them,
audio above all, is skipped without being built.
"""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

BYTES_PER_SECOND = 48_000
"""PCM16 mono at 24 kHz (realtime-protocol, section 3)."""

MOST_ESCAPES = 50_000
"""An unreadable message with more of them is not repaired: that would take tens of milliseconds."""

APPEND = "input_audio_buffer.append"

TranscriptRole = Literal["salesperson", "customer"]
FINISHED_TRANSCRIPTS: dict[str, TranscriptRole] = {
    "conversation.item.input_audio_transcription.completed": "salesperson",
    "response.output_audio_transcript.done": "customer",
    "response.audio_transcript.done": "customer",  # the beta name
}
"""Events whose ``transcript`` is stored, and as whose."""


class NotAnEvent(ValueError):
    """A text message that is not a JSON object."""


class EventHead(msgspec.Struct, frozen=True):
    """The fields of a Realtime event that the relay reads."""

    type: str | None = None
    transcript: str | None = None
    audio: str | None = None
    item: msgspec.Raw = msgspec.Raw()
    """Not decoded: few events have one, and of those few matter (``backend.spin.typed_turns``)."""


class _TypeOnly(msgspec.Struct, frozen=True):
    type: Any = None


_ESCAPE = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)
"""Any escape of JSON, so that a backslash which is itself escaped begins none; the group holds half a pair."""

_head_decoder = msgspec.json.Decoder(EventHead)
_type_decoder = msgspec.json.Decoder(_TypeOnly)
_encoder = msgspec.json.Encoder()


def read_head(message: str) -> EventHead:
    """The head of an event. Raises ``NotAnEvent`` for anything but a JSON object.

    An object whose fields have other types than expected is still an event, with nothing in it for us.
    """
    try:
        return _head_decoder.decode(message)
    except msgspec.ValidationError:
        return _lenient_head(message)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        raise NotAnEvent("The message is not JSON, or nested too deeply.") from None


def read_event(message: str) -> tuple[EventHead, str]:
    """The head of an event, and the event to forward. Raises ``NotAnEvent``.

    It is forwarded unchanged, except for lone surrogates: JSON can write them as escapes, and text with one
    can neither be stored nor read by strict clients. U+FFFD replaces them.
    """
    try:
        return read_head(message), message
    except NotAnEvent:
        if message.count("\\") > MOST_ESCAPES:
            raise
        mended = _ESCAPE.sub(lambda escape: "\\ufffd" if escape[1] else escape[0], message)
        return read_head(mended), mended


def _lenient_head(message: str) -> EventHead:
    try:
        value = _type_decoder.decode(message).type
    except msgspec.ValidationError:
        raise NotAnEvent("The message is not a JSON object.") from None
    return EventHead(type=value if isinstance(value, str) else None)


def append_event(pcm: bytes) -> str:
    """The Realtime event that carries ``pcm`` (PCM16 LE mono 24 kHz, any length)."""
    # Base64 needs no escaping, so the object can be written down as it is; half the cost of an encoder.
    return (
        '{"type":"' + APPEND + '","audio":"' + binascii.b2a_base64(pcm, newline=False).decode("ascii") + '"}'
    )


def audio_bytes(head: EventHead) -> int:
    """Bytes of PCM in a client's own append event; 0 for every other event."""
    if head.type != APPEND or not head.audio:
        return 0
    return len(head.audio) * 3 // 4 - head.audio[-2:].count("=")


def is_delta(event_type: str | None) -> bool:
    """Whether an event is a delta, and so not worth a log line."""
    return event_type is not None and event_type.endswith(".delta")


def type_for_log(event_type: str | None) -> str:
    """An event's type made safe for a log line: the sender can write anything there."""
    return "".join(sign if sign.isprintable() else "?" for sign in str(event_type)[:80])


@dataclass(frozen=True, slots=True)
class FinishedTranscript:
    """What was said, and by whom."""

    role: TranscriptRole
    text: str


def finished_transcript(head: EventHead) -> FinishedTranscript | None:
    """The transcript that an event finishes; None for every other event and for blank ones."""
    role = FINISHED_TRANSCRIPTS.get(head.type or "")
    text = storable(head.transcript or "")
    return FinishedTranscript(role, text) if role and text else None


def storable(text: str) -> str:
    """``text`` as stored in a message: trimmed, and without NUL, which PostgreSQL does not store."""
    return text.replace("\0", "").strip()


def created_stub(session_id: str, username: str) -> str:
    """The relay's own ``session.created``, which comes before the upstream's (salesmind-api, section 3)."""
    return _encoder.encode(
        {"type": "session.created", "session": {"id": session_id, "user": username}}
    ).decode()


def error_event(kind: str, message: str, code: str | None = None, **more: str | int | None) -> str:
    """The relay's own ``error`` event. ``more`` stands beside type, message and code."""
    error: dict[str, Any] = {"type": kind, "message": message}
    if code is not None:
        error["code"] = code
    error.update(more)
    return _encoder.encode({"type": "error", "error": error}).decode()
