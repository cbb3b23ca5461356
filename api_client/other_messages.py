"""Messages that are no event the console knows; see ``events``."""

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
    """Not JSON, no event, or a known event of a wrong shape (then ``type`` is its name).

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
    """A binary message: answer audio as it is, PCM16 mono 24 kHz."""

    type: ClassVar[str] = "binary_audio"
    wire_type: ClassVar[str] = "binary_audio"

    pcm: bytes
