"""One event as JSON: audio shortened, secrets removed, with both of its times."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from api_client.harmless import harmless_text
from relay.recording.reader import NoRecording, RecordingReader
from relay.recording.wire import cut_secrets
from relay.stream import ProtocolEvent, Started, StreamEvent

LONGEST_AUDIO = 64
"""Characters of base64 that are shown whole."""
LONGEST_TEXT = 20_000
NEAR_S = 0.5
"""A recorded message lies this close to its event: they are stamped one after the other."""
_AUDIO_KEYS = frozenset({"audio", "delta"})


def event_json(event: StreamEvent) -> str:
    """The event as the relay tells it."""
    return _shown(msgspec.to_builtins(event))


def message_json(message: Mapping[str, Any]) -> str:
    """A message of the WebSocket."""
    return _shown(message)


def wall_time(event: StreamEvent, started: Started | None) -> str | None:
    """The wall-clock time, ISO-8601 with milliseconds; None while unknown."""
    if started is None:
        return None
    try:
        began = datetime.fromisoformat(started.wall_time.replace("Z", "+00:00"))
    except ValueError:
        return None
    return (began + timedelta(seconds=event.t - started.t)).isoformat(timespec="milliseconds")


def recorded_message(directory: Path, event: ProtocolEvent) -> dict[str, Any] | None:
    """The message that ``event`` tells of, from the recording in ``directory``. Reads all of it; raises nothing."""
    nearest: tuple[float, dict[str, Any]] | None = None
    try:
        for message in RecordingReader(directory).wire():
            away = abs(message.t - event.t)
            if (
                message.event is not None
                and message.direction == event.direction
                and message.event.get("type") == event.type
                and message.size_bytes == event.size_bytes
                and away <= NEAR_S
                and (nearest is None or away < nearest[0])
            ):
                nearest = away, message.event
    except (NoRecording, OSError):
        return None
    return None if nearest is None else nearest[1]


def _shown(value: object) -> str:
    text = json.dumps(_shortened(cut_secrets(value)), ensure_ascii=False, indent=2)
    # Line breaks are our own: those of the message are escaped.
    return "\n".join(harmless_text(line) for line in text[:LONGEST_TEXT].split("\n"))


def _shortened(value: object, key: str = "") -> object:
    match value:
        case Mapping():
            return {name: _shortened(item, str(name)) for name, item in value.items()}
        case list():
            return [_shortened(item, key) for item in value]
        case str() if key in _AUDIO_KEYS and len(value) > LONGEST_AUDIO and _is_base64(value):
            return f"{value[:16]}... ({len(value):,} characters of base64)"
        case _:
            return value


def _is_base64(text: str) -> bool:
    return text.isascii() and all(letter.isalnum() or letter in "+/=" for letter in text)
