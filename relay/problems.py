"""Errors of the sound, as events of the stream."""

from __future__ import annotations

from typing import TYPE_CHECKING

from relay.stream import Problem

if TYPE_CHECKING:
    from audio.errors import AudioError


def from_audio(error: AudioError, t: float) -> Problem:
    """A sound problem: the conversation goes on without that sound."""
    return Problem(t=t, where="audio", code=str(error.code), message=str(error), params=error.params)
