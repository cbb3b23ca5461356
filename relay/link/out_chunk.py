"""A chunk of sound on its way to the server."""

from __future__ import annotations

from typing import NamedTuple


class OutChunk(NamedTuple):
    """PCM16 that is sent, or would be if there were a connection."""

    pcm: bytes
    due: float | None
    """``time.monotonic()`` of its last sample; None for generated silence."""
    audible: bool
    """Whether it could be speech."""
