"""Server events as typed values (salesmind-api.md, section 3; realtime-protocol, sections 7 and 12).

``decode_event`` never raises. A beta name decodes to a subclass of the GA struct, so that ``isinstance``
and ``match`` only need the GA names: ``event.type`` is the GA name, ``event.wire_type`` the one that was
sent.
"""

from __future__ import annotations

import contextlib
from typing import Any, cast, get_args

import msgspec

from api_client.beta_events import (
    BetaAudioDelta,
    BetaAudioDone,
    BetaTextDelta,
    BetaTextDone,
    BetaTranscriptDelta,
    BetaTranscriptDone,
    ItemCreated,
)
from api_client.ga_events import (
    ContentPartAdded,
    ContentPartDone,
    ErrorEvent,
    InputAudioCleared,
    InputAudioCommitted,
    InputTimeoutTriggered,
    InputTranscriptionCompleted,
    InputTranscriptionDelta,
    InputTranscriptionFailed,
    ItemAdded,
    ItemDeleted,
    ItemDone,
    ItemRetrieved,
    ItemTruncated,
    OutputAudioDelta,
    OutputAudioDone,
    OutputItemAdded,
    OutputItemDone,
    OutputTextDelta,
    OutputTextDone,
    OutputTranscriptDelta,
    OutputTranscriptDone,
    RateLimitsUpdated,
    ResponseCreated,
    ResponseDone,
    SessionCreated,
    SessionUpdated,
    SpeechStarted,
    SpeechStopped,
    TypedEvent,
)
from api_client.harmless import harmless_text, one_line
from api_client.harmless_json import decode_untyped, is_harmless_json
from api_client.lenient import read_leniently
from api_client.other_messages import BinaryAudio, MalformedEvent, UnknownEvent

__all__ = [
    "BetaAudioDelta",
    "BetaAudioDone",
    "BetaTextDelta",
    "BetaTextDone",
    "BetaTranscriptDelta",
    "BetaTranscriptDone",
    "BinaryAudio",
    "ContentPartAdded",
    "ContentPartDone",
    "ErrorEvent",
    "InputAudioCleared",
    "InputAudioCommitted",
    "InputTimeoutTriggered",
    "InputTranscriptionCompleted",
    "InputTranscriptionDelta",
    "InputTranscriptionFailed",
    "ItemAdded",
    "ItemCreated",
    "ItemDeleted",
    "ItemDone",
    "ItemRetrieved",
    "ItemTruncated",
    "KnownEvent",
    "MalformedEvent",
    "OutputAudioDelta",
    "OutputAudioDone",
    "OutputItemAdded",
    "OutputItemDone",
    "OutputTextDelta",
    "OutputTextDone",
    "OutputTranscriptDelta",
    "OutputTranscriptDone",
    "RateLimitsUpdated",
    "ResponseCreated",
    "ResponseDone",
    "ServerEvent",
    "SessionCreated",
    "SessionUpdated",
    "SpeechStarted",
    "SpeechStopped",
    "UnknownEvent",
    "decode_event",
]

KnownEvent = (
    ErrorEvent
    | SessionCreated
    | SessionUpdated
    | ItemAdded
    | ItemCreated
    | ItemDone
    | ItemRetrieved
    | ItemDeleted
    | ItemTruncated
    | InputTranscriptionDelta
    | InputTranscriptionCompleted
    | InputTranscriptionFailed
    | SpeechStarted
    | SpeechStopped
    | InputAudioCommitted
    | InputAudioCleared
    | InputTimeoutTriggered
    | ResponseCreated
    | ResponseDone
    | OutputItemAdded
    | OutputItemDone
    | ContentPartAdded
    | ContentPartDone
    | OutputAudioDelta
    | BetaAudioDelta
    | OutputAudioDone
    | BetaAudioDone
    | OutputTranscriptDelta
    | BetaTranscriptDelta
    | OutputTranscriptDone
    | BetaTranscriptDone
    | OutputTextDelta
    | BetaTextDelta
    | OutputTextDone
    | BetaTextDone
    | RateLimitsUpdated
)
ServerEvent = KnownEvent | UnknownEvent | MalformedEvent | BinaryAudio

_decoder: msgspec.json.Decoder[KnownEvent] = msgspec.json.Decoder(KnownEvent)
_SHAPES: dict[str, type[TypedEvent]] = {
    str(shape.__struct_config__.tag): shape for shape in get_args(KnownEvent)
}


def decode_event(message: str | bytes) -> ServerEvent:
    """The event in one text message, with every text in it made harmless.

    Never raises: an unknown ``type`` gives ``UnknownEvent``, anything else that cannot be read
    ``MalformedEvent``. A known event loses a field that cannot be read, not more.
    """
    raw = message.encode("utf-8", "surrogatepass") if isinstance(message, str) else message
    harmless = is_harmless_json(raw)
    if harmless:
        # What it refuses is an odd event, or none.
        with contextlib.suppress(msgspec.DecodeError, UnicodeError, RecursionError):
            return _decoder.decode(raw)
    try:
        value = decode_untyped(raw)
        return _lenient_event(value, raw if harmless else msgspec.json.encode(value))
    except (ValueError, RecursionError) as error:
        text = raw.decode("utf-8", "replace")
        return MalformedEvent(raw=harmless_text(text).encode(), reason=one_line(str(error)))


def _lenient_event(value: Any, raw: bytes) -> ServerEvent:
    name = value.get("type") if isinstance(value, dict) else None
    if not isinstance(name, str):
        return MalformedEvent(raw=raw, reason="it has no type")
    shape = _SHAPES.get(name)
    if shape is None:
        return UnknownEvent(type=name, raw=raw)
    try:
        return cast("KnownEvent", read_leniently(shape, value))
    except (ValueError, RecursionError) as error:
        return MalformedEvent(raw=raw, reason=str(error), type=name)
