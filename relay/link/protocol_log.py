"""The messages of one connection as ``protocol`` events of the stream."""

from __future__ import annotations

from typing import Any

import msgspec

from api_client import events as ev
from api_client.client_events import ClientEvent, encode
from api_client.realtime import Received
from relay.output import Output
from relay.stream import ProtocolEvent

LONGEST_PAYLOAD = 65_536
"""Largest unknown message kept whole (bytes), so that lines of the stream stay readable."""
LONGEST_NAME = 100
"""Characters of a message's type."""

_DELTAS = (
    ev.OutputAudioDelta,
    ev.OutputTranscriptDelta,
    ev.OutputTextDelta,
    ev.InputTranscriptionDelta,
    ev.BinaryAudio,
)
"""Not listed one by one: audio is counted in ``meters``, text is in ``transcript``."""


class ProtocolLog:
    """Lists every message on socket number ``connection`` except audio and deltas."""

    def __init__(self, output: Output, connection: int) -> None:
        self._output = output
        self._connection = connection

    def received(self, received: Received) -> None:
        """A message was received."""
        event = received.event
        if isinstance(event, _DELTAS):
            return
        name = event.wire_type[:LONGEST_NAME] or "(no type)"
        self._output.emit(
            ProtocolEvent(
                t=self._output.at(received.at),
                direction="in",
                type=name,
                size_bytes=received.size_bytes,
                connection=self._connection,
                item_id=getattr(event, "item_id", None) or _id_in(event, "item"),
                response_id=getattr(event, "response_id", None) or _id_in(event, "response"),
                known=not isinstance(event, ev.UnknownEvent),
                payload=_payload(event),
            )
        )
        self._output.say(f"📩 メッセージ受信: {name}")

    def sent(self, event: ClientEvent, at: float) -> None:
        """A message was handed to the socket at ``time.monotonic()`` ``at``."""
        self._output.emit(
            ProtocolEvent(
                t=self._output.at(at),
                direction="out",
                type=event.type,
                size_bytes=len(encode(event)),
                connection=self._connection,
                item_id=getattr(event, "item_id", None),
                response_id=getattr(event, "response_id", None),
            )
        )


def _id_in(event: ev.ServerEvent, name: str) -> str | None:
    return getattr(getattr(event, name, None), "id", None)


def _payload(event: ev.ServerEvent) -> dict[str, Any] | None:
    if not isinstance(event, ev.UnknownEvent) or len(event.raw) > LONGEST_PAYLOAD:
        return None
    try:
        payload: dict[str, Any] = msgspec.json.decode(event.raw, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError):
        return None  # readable enough to have a type, and no further
    return payload
