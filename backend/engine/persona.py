"""Personas: customers as data. One TOML file each in ``personas/``."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DIRECTORY = Path(__file__).parent / "personas"
SILENCE = "silence"
"""The topic for a turn in which no words were heard."""
ASKED_BEFORE = "asked-before"
"""The topic for a question whose answers have all been given."""

_KATAKANA_TO_HIRAGANA = {code: code - 0x60 for code in range(ord("ァ"), ord("ヶ") + 1)}
_NOT_A_WORD = re.compile(r"[\W_]+")


class PersonaError(Exception):
    """A persona file that cannot be used; the message names the file and what is wrong in it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One thing the customer may say; ``id`` names its recording."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Topic:
    """What a turn may be about: the keywords that tell, and the answers, in the order they are given."""

    id: str
    stage: str
    keywords: tuple[str, ...]
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class Persona:
    """A customer. ``arc`` is the order of topics for turns whose words are unknown or match nothing."""

    id: str
    language: str
    name: str
    description: str
    arc: tuple[str, ...]
    topics: dict[str, Topic]


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


def load_personas(directory: Path = DIRECTORY) -> dict[str, Persona]:
    """All personas of ``directory`` by id. Raises ``PersonaError`` for the first bad file."""
    personas = (load_persona(path) for path in sorted(directory.glob("*.toml")))
    return {persona.id: persona for persona in personas}


def load_persona(path: Path) -> Persona:
    """The persona of one file. Raises ``PersonaError``."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        persona = _persona(data)
    except tomllib.TOMLDecodeError as error:
        raise PersonaError(f"{path.name}: {error}") from error
    except (KeyError, TypeError) as error:
        raise PersonaError(f"{path.name}: missing or ill-typed {error}") from error
    _check(path.name, persona)
    return persona


def choose(personas: Iterable[Persona], language: str) -> Persona:
    """The first persona that speaks ``language``, else the first. Raises ``PersonaError`` when there is none."""
    ordered = list(personas)
    if not ordered:
        raise PersonaError("there is no persona to answer as")
    return next((persona for persona in ordered if persona.language == language), ordered[0])


def _persona(data: dict[str, Any]) -> Persona:
    language = data["language"]
    topics = [
        Topic(
            topic["id"],
            topic["stage"],
            tuple(dict.fromkeys(fold(keyword, language) for keyword in topic["keywords"])),
            tuple(Answer(answer["id"], answer["text"]) for answer in topic["answers"]),
        )
        for topic in data["topics"]
    ]
    return Persona(
        id=data["id"],
        language=language,
        name=data["name"],
        description=data["description"],
        arc=tuple(data["arc"]),
        topics={topic.id: topic for topic in topics},
    )


def _check(name: str, persona: Persona) -> None:
    for wanted in (*persona.arc, SILENCE, ASKED_BEFORE):
        if wanted not in persona.topics or not persona.topics[wanted].answers:
            raise PersonaError(f"{name}: there is no topic '{wanted}' with an answer")
    ids = [answer.id for topic in persona.topics.values() for answer in topic.answers]
    if twice := {answer_id for answer_id in ids if ids.count(answer_id) > 1}:
        raise PersonaError(f"{name}: answer ids are used twice: {', '.join(sorted(twice))}")
