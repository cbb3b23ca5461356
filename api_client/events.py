"""What the server sends, as typed values (salesmind-api.md, section 3; realtime-protocol, sections 7 and 12).

``decode_event`` never raises. A beta name decodes to a subclass of the GA struct, so that ``isinstance``
and ``match`` need to know the GA names only: ``event.type`` is the GA name, ``event.wire_type`` what was
sent.
"""

from __future__ import annotations

from typing import get_args

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
)
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
_KNOWN_TYPES = frozenset(str(event.__struct_config__.tag) for event in get_args(KnownEvent))


class _Envelope(msgspec.Struct):
    type: str


_envelope_decoder = msgspec.json.Decoder(_Envelope)


def decode_event(message: str | bytes) -> ServerEvent:
    """The event in one text message.

    Never raises: an unknown ``type`` gives ``UnknownEvent``, anything else that cannot be read
    ``MalformedEvent``.
    """
    try:
        return _decoder.decode(message)
    except msgspec.ValidationError as error:
        return _odd_event(message, str(error))
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        return MalformedEvent(raw=_as_bytes(message), reason=str(error))


def _odd_event(message: str | bytes, reason: str) -> UnknownEvent | MalformedEvent:
    raw = _as_bytes(message)
    try:
        name = _envelope_decoder.decode(message).type
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return MalformedEvent(raw=raw, reason=reason)
    if name in _KNOWN_TYPES:
        return MalformedEvent(raw=raw, reason=reason, type=name)
    return UnknownEvent(type=name, raw=raw)


def _as_bytes(message: str | bytes) -> bytes:
    return message.encode("utf-8", "backslashreplace") if isinstance(message, str) else message
