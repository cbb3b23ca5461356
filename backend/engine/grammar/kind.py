"""The kinds of sentences that a customer tells apart."""

from __future__ import annotations

import enum


class Kind(enum.Enum):
    """What a sentence asks for, or does."""

    TIME = "time"
    """When, how soon."""
    DURATION = "duration"
    """How long, since when."""
    FREQUENCY = "frequency"
    FIGURE = "figure"
    """How much, how many, to what degree."""
    PERSON = "person"
    CAUSE = "cause"
    CHOICE = "choice"
    """Which of several."""
    MANNER = "manner"
    """How."""
    THING = "thing"
    """What, where."""
    WHETHER = "whether"
    """A yes or no about what is."""
    EXPERIENCE = "experience"
    """A yes or no about what was."""
    PROSPECT = "prospect"
    """A yes or no about what would or will be."""
    REQUEST = "request"
    """The customer is to do something."""
    OFFER = "offer"
    """The speaker asks whether he may or shall do something."""
    PROMISE = "promise"
    """The speaker says that he will do something."""
    CLAIM = "claim"
    """The speaker says something of his firm or what it sells."""
    STATEMENT = "statement"


WH = frozenset(
    {
        Kind.TIME,
        Kind.DURATION,
        Kind.FREQUENCY,
        Kind.FIGURE,
        Kind.PERSON,
        Kind.CAUSE,
        Kind.CHOICE,
        Kind.MANNER,
        Kind.THING,
    }
)
"""Questions that no yes or no answers."""
