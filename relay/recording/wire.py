"""Messages as they went over the WebSocket, as lines of ``wire.jsonl``: audio by reference, secrets removed. Pure."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from audio.ports import BYTES_PER_SAMPLE

Direction = Literal["in", "out"]
CUT = "***"
_SECRET_KEYS = frozenset(
    {"client_secret", "token", "api_key", "apikey", "password", "authorization", "secret"}
)
_AUDIO_KEYS = ("delta", "audio")
"""Where a message carries base64 audio (realtime-protocol, sections 3 and 5)."""
_AUDIO_TYPES = frozenset({"response.output_audio.delta", "response.audio.delta", "input_audio_buffer.append"})
LONGEST_TEXT = 65_536
"""Most characters kept of a message that is not a JSON object."""


class AudioReference(msgspec.Struct, frozen=True):
    """Where the samples are: ``samples`` of ``track`` from ``offset`` on, both in samples at 24 kHz."""

    track: str
    offset: int
    samples: int


class WireMessage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of ``wire.jsonl``."""

    t: float
    """Seconds since the recording began, monotonic clock."""
    direction: Direction
    connection: int
    """Number of the socket within the run, from 1."""
    size_bytes: int
    """Of the message as it was on the wire."""
    event: dict[str, Any] | None = None
    """A JSON message; where it carried audio, that member is ``{"$audio": {track, offset, samples}}``."""
    text: str | None = None
    """A text message that is not a JSON object."""
    audio: AudioReference | None = None
    """A binary message: PCM16."""


_decoder = msgspec.json.Decoder()
_message_decoder = msgspec.json.Decoder(WireMessage)
encode = msgspec.json.Encoder().encode


def decode(line: bytes) -> WireMessage:
    """The message of one line. Raises ``ValueError``."""
    return _message_decoder.decode(line)


def without_audio(text: str, offset: int) -> tuple[dict[str, Any] | str, bytes]:
    """A text message as it is recorded, and the PCM16 it carried (empty: none).

    ``offset``: how many samples the track ``received`` has already. Never raises: unreadable audio stays text.
    """
    try:
        event = _decoder.decode(text)
    except (ValueError, RecursionError):
        return text[:LONGEST_TEXT], b""
    if not isinstance(event, dict):
        return text[:LONGEST_TEXT], b""
    pcm = b""
    if event.get("type") in _AUDIO_TYPES:
        key = next((key for key in _AUDIO_KEYS if isinstance(event.get(key), str)), None)
        if key is not None and (pcm := _pcm(event[key])):
            reference = AudioReference("received", offset, len(pcm) // BYTES_PER_SAMPLE)
            event[key] = {"$audio": msgspec.to_builtins(reference)}
    return cut_secrets(event), pcm


def cut_secrets(value: Any) -> Any:
    """``value`` with every member that has a secret's name replaced."""
    match value:
        case Mapping():
            return {
                key: CUT if str(key).lower() in _SECRET_KEYS and item else cut_secrets(item)
                for key, item in value.items()
            }
        case list():
            return [cut_secrets(item) for item in value]
        case _:
            return value


def _pcm(text: str) -> bytes:
    try:
        pcm = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
    return pcm[: len(pcm) // BYTES_PER_SAMPLE * BYTES_PER_SAMPLE]
