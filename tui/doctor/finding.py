"""What a check found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warning", "failed", "not_tried"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor. The texts are in the language in force."""

    check: str
    """Stable, for programs: ``server``, ``audio_in``..."""
    title: str
    state: State
    found: str
    mend: str = ""
    """What to do about it; empty where there is nothing to do."""
