"""Audio errors as events of the stream."""

from __future__ import annotations

from typing import TYPE_CHECKING

from relay.stream import Problem

if TYPE_CHECKING:
    from audio.errors import AudioError


def from_audio(error: AudioError, t: float) -> Problem:
    """An audio problem: the conversation continues without that source or sink."""
    return Problem(t=t, where="audio", code=str(error.code), message=str(error), params=error.params)
