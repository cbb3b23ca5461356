"""What the customer does with a turn when a model thinks for it: sentence by sentence, as the model has them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from typing import TypeVar

from backend.engine.chat_messages import Sentences, chat_messages, chat_tool_choice, chat_tools, system_text
from backend.engine.dialogue import Dialogue
from backend.engine.mind import Mind, ToolCall
from backend.engine.persona import Answer
from backend.engine.response import ResponseRequest
from backend.engine.script import Call, Speech, language_of_turn
from backend.engine.session import DEFAULT_INSTRUCTIONS
from backend.engine.turn import Turn

_T = TypeVar("_T")

THOUGHT = "thought"
"""The id of an answer that a model gave."""


async def thoughts(
    mind: Mind, dialogue: Dialogue, request: ResponseRequest, turn: Turn, heard: Mapping[str, str]
) -> AsyncGenerator[Speech | Call, None]:
    """Each sentence of the model's answer, and each function it calls. Raises ``MindError``.

    ``heard``: the words of the spoken items by their id.
    """
    language = language_of_turn(dialogue, turn)
    persona = dialogue.customer(language).persona
    instructions = "" if request.instructions == DEFAULT_INSTRUCTIONS else request.instructions
    whole = dialogue.conversation.in_order()
    items = list(request.input_items) if request.input_items is not None else whole
    messages = chat_messages(system_text(persona, instructions, language), items, heard)
    limit = request.max_output_tokens if isinstance(request.max_output_tokens, int) else None
    choice = chat_tool_choice(request.tool_choice)
    if turn.called and not request.tool_chosen and choice != "none":
        choice = "auto"  # what the session demands is done once a turn
    pieces = mind.stream(messages, chat_tools(request.tools), choice, limit)
    sentences = Sentences()
    async with contextlib.aclosing(pieces):
        async for piece in pieces:
            if isinstance(piece, ToolCall):
                for sentence in sentences.rest():
                    yield Speech(Answer(THOUGHT, sentence, frozenset({THOUGHT})), persona)
                yield Call(piece.name, piece.arguments)
            else:
                for sentence in sentences.add(piece):
                    yield Speech(Answer(THOUGHT, sentence, frozenset({THOUGHT})), persona)
    for sentence in sentences.rest():
        yield Speech(Answer(THOUGHT, sentence, frozenset({THOUGHT})), persona)


async def ahead(source: AsyncIterator[_T], count: int = 3) -> AsyncGenerator[_T, None]:
    """The items of ``source``, of which up to ``count`` are fetched before they are wanted."""
    queue: asyncio.Queue[_T | BaseException | None] = asyncio.Queue(count)

    async def fetch() -> None:
        try:
            async for item in source:
                await queue.put(item)
            await queue.put(None)
        except Exception as error:  # noqa: BLE001 - whoever waits for the next one is to have it
            await queue.put(error)

    task = asyncio.create_task(fetch())
    try:
        while (item := await queue.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
