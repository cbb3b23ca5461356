"""Reads personas: one TOML file each in ``personas/``. A bad file is refused with its line."""

from __future__ import annotations

import re
import string
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

from backend.engine import toml_lines
from backend.engine.everyday_speech import everyday_speech
from backend.engine.keywords import keyword
from backend.engine.persona import (
    ASKED_BEFORE,
    SILENCE,
    Answer,
    Persona,
    PersonaError,
    Range,
    Rank,
    ToolUse,
    Topic,
)
from backend.engine.role import FACTS
from backend.engine.toml_lines import FieldError, field, texts

DIRECTORY = Path(__file__).parent / "personas"


def load_personas(more: Path | None = None) -> dict[str, Persona]:
    """The personas that ship, by id, after those of the directory ``more``, which so come first.

    Raises ``PersonaError`` for the first bad file, and when ``more`` has none.
    """
    personas: dict[str, Persona] = {}
    paths = [] if more is None else sorted(more.glob("*.toml"))
    if more is not None and not paths:
        raise PersonaError(f"there is no persona (*.toml) in {more}")
    for path in (*paths, *sorted(DIRECTORY.glob("*.toml"))):
        persona = load_persona(path)
        if persona.id in personas:
            raise PersonaError(f"{path.name}: another file has a persona '{persona.id}' already")
        personas[persona.id] = persona
    return personas


def load_persona(path: Path) -> Persona:
    """The persona of one file, whose recordings are in ``recordings/<id>`` beside it or beside its directory.

    Raises ``PersonaError`` naming the file, the line and what is wrong there.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")  # Windows' editors write a byte order mark
        persona = _persona(tomllib.loads(text))
    except (OSError, UnicodeDecodeError) as error:
        raise PersonaError(f"{path.name}: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise PersonaError(f"{path.name}: {toml_lines.syntax_error(error, text)}") from error
    except FieldError as error:
        line = toml_lines.line_of(text, error.path)
        raise PersonaError(f"{path.name}, line {line}: {error.message}") from error
    beside = path.parent / "recordings" / persona.id
    shipped = path.parent.parent / "recordings" / persona.id
    return replace(persona, recordings=beside if beside.is_dir() else shipped)


def _persona(data: dict[str, Any]) -> Persona:
    language = field(data, (), "language", str)
    topics: dict[str, Topic] = {}
    answer_ids: set[str] = set()
    for index, table in enumerate(field(data, (), "topics", list)):
        topic = _topic(table, ("topics", index), language, answer_ids)
        if topic.id in topics:
            raise FieldError(("topics", index, "id"), f"there is a topic '{topic.id}' already")
        topics[topic.id] = topic
    arc = texts(data, (), "arc")
    for wanted in (*arc, SILENCE, ASKED_BEFORE):
        if wanted not in topics:
            raise FieldError(("arc",), f"there is no topic '{wanted}'")
    return Persona(
        id=field(data, (), "id", str),
        language=language,
        name=field(data, (), "name", str),
        description=field(data, (), "description", str),
        arc=tuple(arc),
        topics=topics,
        tools=_tools(data, language),
        industries=tuple(word.lower() for word in texts(data, (), "industries", [])),
        vocabulary=field(data, (), "vocabulary", str, ""),
        pains=tuple(word.lower() for word in texts(data, (), "pains", [])),
    )


def _topic(table: Any, path: toml_lines.Path, language: str, answer_ids: set[str]) -> Topic:
    given = field(table, path, "answers", list)
    answers = [_answer(answer, (*path, "answers", n), answer_ids) for n, answer in enumerate(given)]
    topic_id = field(table, path, "id", str)
    if all(answer.needs or answer.amount or answer.days for answer in answers):
        raise FieldError((*path, "answers"), f"the topic '{topic_id}' has no answer that can always be given")
    everyday = everyday_speech(language)
    known = everyday.keywords.get(topic_id, ())
    given_words = texts(table, path, "keywords", [] if known else None)
    keywords = (*(keyword(text, language) for text in given_words), *known)
    rank = everyday.ranks.get(topic_id, Rank.MATTER)
    stage = field(table, path, "stage", str)
    return Topic(topic_id, stage, tuple(dict.fromkeys(keywords)), tuple(answers), rank)


def _answer(table: Any, path: toml_lines.Path, answer_ids: set[str]) -> Answer:
    answer_id, text = field(table, path, "id", str), field(table, path, "text", str)
    if answer_id in answer_ids:
        raise FieldError(path, f"there is an answer '{answer_id}' already")
    answer_ids.add(answer_id)
    needs = _braces(text, path, f"the answer '{answer_id}'")
    if unknown := needs - set(FACTS):
        raise FieldError(
            path,
            f"there is no {{{min(unknown)}}}; an answer may have " + ", ".join(f"{{{n}}}" for n in FACTS),
        )
    return Answer(answer_id, text, needs, _range(table, path, "amount"), _range(table, path, "days"))


def _range(table: Any, path: toml_lines.Path, name: str) -> Range | None:
    """``table[name]``: a number, or an array of the least and the most. Raises ``FieldError``."""
    value = table.get(name)
    numbers = value if isinstance(value, list) else [value, value]
    if value is None:
        return None
    if len(numbers) != 2 or not all(isinstance(n, int | float) and not isinstance(n, bool) for n in numbers):
        raise FieldError((*path, name), f"'{name}' is to be a number, or an array of the least and the most")
    return (float(numbers[0]), float(numbers[1]))


def _tools(data: dict[str, Any], language: str) -> tuple[ToolUse, ...]:
    uses: dict[str, ToolUse] = {}
    for index, table in enumerate(field(data, (), "tools", list, [])):
        path: toml_lines.Path = ("tools", index)
        name = field(table, path, "name", str)
        if name in uses:
            raise FieldError((*path, "name"), f"there is a tool '{name}' already")
        keywords = tuple(keyword(text, language) for text in texts(table, path, "keywords", []))
        answer = field(table, path, "answer", str, "")
        needs = _braces(answer, (*path, "answer"), f"the answer of the tool '{name}'")
        if plain := [name for name in needs if not re.fullmatch(r"[^\W\d]\w*", name)]:
            raise FieldError(
                (*path, "answer"), f"{{{plain[0]}}} is no key; {{output}} stands for all that was given"
            )
        uses[name] = ToolUse(name, keywords, answer, needs)
    return tuple(uses.values())


def _braces(text: str, path: toml_lines.Path, what: str) -> frozenset[str]:
    """The names in braces in ``text``. Raises ``FieldError``."""
    try:
        return frozenset(name for _, name, _, _ in string.Formatter().parse(text) if name is not None)
    except ValueError as error:
        raise FieldError(path, f"{what} has a brace without its other half") from error
