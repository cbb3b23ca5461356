"""Personas: customers as data, and how what was said is compared with them. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

SILENCE = "silence"
"""The topic for a turn in which no words were heard."""
ASKED_BEFORE = "asked-before"
"""The topic for a question whose answers have all been given."""

_KATAKANA_TO_HIRAGANA = {code: code - 0x60 for code in range(ord("ァ"), ord("ヶ") + 1)}
_NOT_A_WORD = re.compile(r"[\W_]+")


class PersonaError(Exception):
    """A persona file that cannot be used; the message names the file, the line and what is wrong there."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One thing the customer may say; ``id`` names its recording."""

    id: str
    text: str
    needs: frozenset[str] = frozenset()
    """What must be known of the session's role before it can be said; stands in braces in ``text``."""


@dataclass(frozen=True, slots=True)
class Topic:
    """What a turn may be about: the keywords that tell, and the answers, in the order they are given."""

    id: str
    stage: str
    keywords: tuple[str, ...]
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class ToolUse:
    """How the customer uses one of the client's functions; the rest follows from the function's own description."""

    name: str
    keywords: tuple[str, ...] = ()
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


def fold(text: str, language: str) -> str:
    """``text`` as it is compared: width, case, punctuation and katakana folded away.

    Japanese loses its spaces; in other languages each word stands between single spaces, so that a keyword
    matches whole words only.
    """
    text = unicodedata.normalize("NFKC", text).lower()
    if language == "ja":
        return _NOT_A_WORD.sub("", text).translate(_KATAKANA_TO_HIRAGANA)
    return f" {_NOT_A_WORD.sub(' ', text).strip()} "


def score(topic: Topic, folded: str) -> int:
    """How well ``folded`` words fit ``topic``: the summed length of the keywords found. 0: not at all."""
    return sum(len(keyword) for keyword in topic.keywords if keyword in folded)


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
