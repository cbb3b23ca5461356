"""What the scripted customer does with a turn: says something, or calls a function."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from backend.engine.arguments import arguments_for
from backend.engine.customer import Customer
from backend.engine.dialogue import Dialogue
from backend.engine.direction import choice, wants_greeting, words_to_say
from backend.engine.persona import Answer, Persona
from backend.engine.response import ResponseRequest
from backend.engine.session import language_of, language_of_text
from backend.engine.tools import spoken_output, wanted_tool
from backend.engine.turn import Turn

log = logging.getLogger(__name__)

TOLD = "told"
"""The id of an answer in the client's own words."""
TOOL_RESULT = "tool-result"
"""The id of an answer that speaks of what a function gave."""


@dataclass(frozen=True, slots=True)
class Speech:
    """Something to say, and who says it."""

    answer: Answer
    persona: Persona


@dataclass(frozen=True, slots=True)
class Call:
    """A function to call; ``arguments`` is a JSON object."""

    name: str
    arguments: str


def language_of_turn(dialogue: Dialogue, turn: Turn) -> str:
    """The language to answer in: the one that was spoken, if the customer knows it, else the session's.

    What is typed into a session without a language is answered in its own.
    """
    if turn.language and dialogue.understands(turn.language):
        return turn.language
    if turn.words and not turn.language and language_of(dialogue.session) is None:
        return language_of_text(turn.words)
    return dialogue.main_language()


def scripted(dialogue: Dialogue, request: ResponseRequest, turn: Turn) -> Speech | Call:
    """What the customer who fits the session does with ``turn``."""
    customer = dialogue.customer(language_of_turn(dialogue, turn))
    if not request.in_conversation:
        customer = customer.aside()
    persona = customer.persona
    if (told := _as_told(request, turn, customer)) is not None:
        log.info("%s does as told with %s", persona.id, told.id)
        return Speech(told, persona)
    tool = _tool(request, turn, persona)
    if tool is not None:
        arguments = arguments_for(tool.get("parameters"), turn.words or "", date.today())
        log.info("%s calls %s", persona.id, tool["name"])
        return Call(tool["name"], json.dumps(arguments, ensure_ascii=False))
    if turn.results:
        said = [spoken_output(r.name, r.output, persona.tools, persona.language) for r in turn.results]
        joined = ("" if persona.language == "ja" else " ").join(said)
        return Speech(Answer(TOOL_RESULT, joined, frozenset({"output"})), persona)
    if turn.language and turn.language != persona.language:
        log.info("%s does not understand the language '%s'", persona.id, turn.language)
        return Speech(customer.not_understood(), persona)
    freely = request.modality == "text" or dialogue.voice.speaks(persona.language)
    answer = customer.reply(turn.words, dialogue.role(), speaks_freely=freely)
    log.info("%s answers with %s", persona.id, answer.id)
    return Speech(answer, persona)


def _as_told(request: ResponseRequest, turn: Turn, customer: Customer) -> Answer | None:
    """What the client tells the customer to do, as far as a script can; None: nothing, or nothing that it can."""
    directions = (*turn.directions, *((request.instructions,) if request.directed else ()))
    for direction in reversed(directions):
        if (words := words_to_say(direction)) is not None:
            recorded = (a for topic in customer.persona.topics.values() for a in topic.answers)
            known = next((answer for answer in recorded if answer.text == words), None)
            return known or Answer(TOLD, words, frozenset({"words"}))
        if (chosen := choice(direction, turn.words or turn.words_before or "")) is not None:
            return Answer(TOLD, chosen, frozenset({"words"}))
        if wants_greeting(direction):
            return customer.greeting()
    return None


def _tool(request: ResponseRequest, turn: Turn, persona: Persona) -> Mapping[str, Any] | None:
    """The function to call now.

    What the session demands is done once a turn: a model would go on calling until the client changes its mind.
    """
    choice, functions = request.tool_choice, [t for t in request.tools if t.get("type") == "function"]
    once = not request.tool_chosen and bool(turn.called)
    if isinstance(choice, dict):
        named = choice["name"] if choice["type"] == "function" and not once else None
        return next((tool for tool in functions if tool["name"] == named), None)
    if choice == "none" or once or (choice == "auto" and turn.results):
        return None
    wanted = wanted_tool(functions, turn.words, persona.tools, persona.language, turn.called)
    return wanted or (functions[0] if choice == "required" and functions else None)
