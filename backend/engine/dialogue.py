"""What the parts of one connection share: the session, the conversation, the way out, the customers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from backend.engine.customer import Customer
from backend.engine.items import Conversation
from backend.engine.mind import Mind
from backend.engine.outbox import Outbox
from backend.engine.persona import Persona, choose
from backend.engine.role import role_of
from backend.engine.session import (
    Session,
    language_of,
    language_of_text,
    languages_named,
    transcription_prompt,
)
from backend.engine.speech import Expectation, Words
from backend.engine.transcription import Transcriber
from backend.engine.voice import Voice


@dataclass(slots=True)
class Dialogue:
    """State of one connection."""

    session: Session
    outbox: Outbox
    transcriber: Transcriber
    personas: Mapping[str, Persona]
    voice: Voice
    pace: float
    """Audio is sent this many times faster than real time."""
    mind: Mind | None = None
    """The model that answers for the customers; None: they follow their script."""
    conversation: Conversation = field(default_factory=Conversation)
    customers: dict[str, Customer] = field(init=False)
    hearing: dict[str, asyncio.Task[Words | None]] = field(default_factory=dict)
    """For each user audio item the words being made out; None: they could not be."""
    strict: bool = True
    """Whether what OpenAI would refuse is refused."""
    locked_voice: Any = None
    """The voice of the first audio that was sent: it stays for the session. None: none yet."""
    speaking: str | None = None
    """The id of the persona that answers."""

    def __post_init__(self) -> None:
        self.customers = {persona.id: Customer(persona) for persona in self.personas.values()}

    def customer(self, language: str) -> Customer:
        """Who speaks ``language`` and fits the session best; whoever began keeps the conversation."""
        current = self._fitting(language)
        self.speaking = current.persona.id
        return current

    def _fitting(self, language: str) -> Customer:
        current = self.customers.get(self.speaking or "")
        if current is not None and current.persona.language == language:
            return current
        return self.customers[choose(self.personas.values(), language, self.role()).id]

    def expectation(self) -> Expectation:
        """What the user is likely to speak, and of what: as the session has it, else as the customers do."""
        spoken = tuple(dict.fromkeys((self.main_language(), *self.languages())))
        expected = languages_named(self.session) or spoken
        others = tuple(language for language in spoken if language not in expected)
        transcription = self.session["audio"]["input"]["transcription"] or {}
        vocabulary = {language: self._vocabulary(language) for language in (*expected, *others)}
        return Expectation(expected, others, bool(transcription.get("languages")), vocabulary)

    def languages(self) -> tuple[str, ...]:
        """Those that a customer speaks."""
        return tuple(dict.fromkeys(persona.language for persona in self.personas.values()))

    def main_language(self) -> str:
        """The language of the session, which is Japanese where nothing says another."""
        return language_of(self.session) or "ja"

    def understands(self, language: str) -> bool:
        """Whether the customer knows ``language``: where the session names any, no other."""
        named = languages_named(self.session)
        return language in (named or self.languages())

    def _vocabulary(self, language: str) -> str:
        given = transcription_prompt(self.session)
        if given:
            foreign = language != "ja" and language_of_text(given) == "ja"
            return "" if foreign else given
        persona = self._fitting(language).persona
        return persona.vocabulary if persona.language == language else ""

    def role(self) -> dict[str, str]:
        """What the session's instructions say of the customer."""
        return role_of(self.session.get("instructions") or "")
