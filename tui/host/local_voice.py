"""A local voice for the words of scenarios: the offline engine's (the ``[voice]`` extra)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backend.engine.voice import LocalVoice


def local_voice() -> LocalVoice:
    """The voices that are installed; maybe none."""
    from backend.engine.voice import LocalVoice

    return LocalVoice()
