"""Messages that are not known events; see ``events``."""

from __future__ import annotations

from typing import ClassVar

import msgspec


class UnknownEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A JSON object whose ``type`` the console does not know. ``raw`` is the whole message."""

    type: str
    raw: bytes

    @property
    def wire_type(self) -> str:
        """The name that was sent."""
        return self.type


class MalformedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Not JSON, not an event, or a malformed known event (then ``type`` is its name).

    ``reason`` is for a log.
    """

    raw: bytes
    reason: str
    type: str = ""

    @property
    def wire_type(self) -> str:
        """The name that was sent, if any."""
        return self.type


class BinaryAudio(msgspec.Struct, frozen=True, kw_only=True):
    """A binary message: raw answer audio, PCM16 mono 24 kHz."""

    type: ClassVar[str] = "binary_audio"
    wire_type: ClassVar[str] = "binary_audio"

    pcm: bytes
