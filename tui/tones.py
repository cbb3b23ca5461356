"""Tones and their colours, and a sentence for the news line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Tone = Literal["plain", "dim", "good", "warn", "bad"]

STYLES: dict[Tone, str] = {
    "plain": "",
    "dim": "$dim",
    "good": "$success",
    "warn": "$warning",
    "bad": "bold $error",
}
"""Theme variables, as Textual's ``Content`` takes them."""


@dataclass(frozen=True, slots=True)
class News:
    """One sentence about what just happened."""

    words: str
    tone: Tone
