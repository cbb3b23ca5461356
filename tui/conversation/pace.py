"""How often each part of a conversation's screen is painted. What is measured does not depend on it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    """In ticks of the screen, and in paintings."""

    ticks: int
    """From one painting to the next: transcript, events and level."""
    figures_every: int
    """Paintings between two of the figures: a number that changes ten times a second is unreadable."""
    signals_every: int
    """Paintings between two of the signals, which are most of what goes to the terminal."""


FULL = Pace(ticks=1, figures_every=3, signals_every=3)
QUIET = Pace(ticks=6, figures_every=2, signals_every=8)
"""For slow lines: the figures every 1.2 s, the signals every 4.8 s."""
