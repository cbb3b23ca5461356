"""What a check found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warning", "failed", "not_tried"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding. The texts are in the current language."""

    check: str
    """Stable, for programs: ``server``, ``audio_in``..."""
    title: str
    state: State
    found: str
    mend: str = ""
    """What to do about it; may be empty."""
