"""Personas: customers as data, and matching speech against them. Pure."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from backend.engine.grammar.kind import Kind
from backend.engine.keywords import Heard, Keyword

SILENCE = "silence"
"""The topic for a turn in which no words were heard."""
ASKED_BEFORE = "asked-before"
"""The topic for a question whose answers have all been given."""

ACKNOWLEDGE, CLARIFY = "acknowledge", "clarify"
"""The topics, if a persona has them, for what is told and what is asked in words that tell nothing."""
REPEAT = "repeat"
"""The topic of whoever wants the last answer again."""
GREETING = "greeting"
"""The topic, if a persona has it, of whoever has just come."""
MORE = "more"
"""The topic of whoever wants to hear more of the same."""
OTHER_LANGUAGE = "other-language"
"""The topic, if a persona has it, for words in a language that the customer does not know."""
YOUR_WORDS = "your-words"
"""The topic of whoever asks what he has said."""
AGREEMENT, OPINION, DISBELIEF = "agreement", "opinion", "disbelief"
"""The topics of whoever agrees, asks what the customer thinks of it, or does not believe it: all in few words."""
UNANSWERED = {
    Kind.TIME: "no-time",
    Kind.DURATION: "no-time",
    Kind.FREQUENCY: "no-figure",
    Kind.FIGURE: "no-figure",
    Kind.PERSON: "no-name",
    Kind.CAUSE: "no-cause",
    Kind.CHOICE: "no-preference",
    Kind.MANNER: "no-manner",
    Kind.THING: "no-idea",
    Kind.WHETHER: "not-known",
    Kind.EXPERIENCE: "never",
    Kind.PROSPECT: "depends",
    Kind.REQUEST: "declined",
    Kind.OFFER: "accepted",
    Kind.PROMISE: "accepted",
    Kind.CLAIM: "claim",
}
"""The topics, if a persona has them, for words of each kind about nothing that the customer knows of."""

Range = tuple[float, float]
"""From and to, both included."""


class Rank(enum.Enum):
    """How a topic stands against others that what was said fits as well."""

    FIRST = "first"
    """It is about the conversation itself."""
    COURTESY = "courtesies"
    """It is polite, and counts where it ends the turn and asks nothing."""
    MATTER = "topics"
    LAST = "last"
    """It counts only where nothing else does."""


class PersonaError(Exception):
    """An invalid persona file; the message names the file, the line and the mistake."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One thing the customer may say; ``id`` names its recording."""

    id: str
    text: str
    needs: frozenset[str] = frozenset()
    """What must be known of the session's role before it can be said; stands in braces in ``text``."""
    amount: Range | None = None
    """It answers whoever names a sum of money in this range, in the persona's currency, and nobody else."""
    days: Range | None = None
    """It answers whoever names a length of time in this range, and nobody else."""

    def suits(self, heard: Heard) -> bool:
        """Whether the figures in what was said, if it is made for any, are those that it is made for."""
        return _within(heard.amount, self.amount) and _within(heard.days, self.days)


@dataclass(frozen=True, slots=True)
class Topic:
    """What a turn may be about: the keywords that tell, and the answers, in the order they are given."""

    id: str
    stage: str
    keywords: tuple[Keyword, ...]
    answers: tuple[Answer, ...]
    rank: Rank = Rank.MATTER


@dataclass(frozen=True, slots=True)
class ToolUse:
    """How the customer uses one of the client's functions; the rest follows from the function's own description."""

    name: str
    keywords: tuple[Keyword, ...] = ()
    """Words that call it, besides those of its name and description."""
    answer: str = ""
    """How to speak of what it gave; empty: plainly."""
    needs: frozenset[str] = frozenset()
    """What stands in braces in ``answer``: ``output``, or keys of the JSON object that it gave."""


@dataclass(frozen=True, slots=True)
class Persona:
    """A customer. ``arc`` is the order of topics for turns whose words are unknown or match nothing.

    ``industries`` and ``pains`` are words (lower case) for what the answers without braces speak of already.
    """

    id: str
    language: str
    name: str
    description: str
    arc: tuple[str, ...]
    topics: dict[str, Topic]
    industries: tuple[str, ...] = ()
    pains: tuple[str, ...] = ()
    tools: tuple[ToolUse, ...] = ()
    vocabulary: str = ""
    """Words of its trade, which it hears where others hear homophones."""
    recordings: Path = Path()
    """The directory of its recordings, ``<answer id>.opus`` each."""


def score(topic: Topic, heard: Heard) -> int:
    """How well what was said fits ``topic``: the summed weight of the keywords found. 0: not at all."""
    return sum(keyword.weight for keyword in topic.keywords if keyword.found_in(heard))


def _within(value: float | None, wanted: Range | None) -> bool:
    return wanted is None or (value is not None and wanted[0] <= value <= wanted[1])


def covers(persona: Persona, fact: str, value: str) -> bool:
    """Whether the persona is already what the session says: then its own answers are the better ones."""
    words = {"industry": persona.industries, "pain": persona.pains}.get(fact, ())
    return any(word in value.lower() for word in words)


def choose(personas: Iterable[Persona], language: str, role: Mapping[str, str] | None = None) -> Persona:
    """Who answers: of those who speak ``language``, the first whose industry or pain ``role`` names, else the first.

    Where nobody speaks it, the first of all. Raises ``PersonaError`` when there is none.
    """
    everyone = list(personas)
    if not everyone:
        raise PersonaError("there is no persona to answer as")
    speakers = [persona for persona in everyone if persona.language == language] or everyone[:1]
    for fact in ("industry", "pain"):
        value = (role or {}).get(fact, "")
        for persona in speakers:
            if covers(persona, fact, value):
                return persona
    return speakers[0]
