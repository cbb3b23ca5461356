"""What the parts of one connection share: the session, the conversation, the way out, the customers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from backend.engine.customer import Customer
from backend.engine.items import Conversation
from backend.engine.outbox import Outbox
from backend.engine.persona import Persona, choose
from backend.engine.session import Session, language_of
from backend.engine.transcription import Transcriber


@dataclass(slots=True)
class Dialogue:
    """State of one connection."""

    session: Session
    outbox: Outbox
    transcriber: Transcriber
    personas: Mapping[str, Persona]
    pace: float
    """Audio is sent this many times faster than real time."""
    conversation: Conversation = field(default_factory=Conversation)
    customers: dict[str, Customer] = field(init=False)
    hearing: dict[str, asyncio.Task[str | None]] = field(default_factory=dict)
    """For each user audio item the words being made out; None: they could not be."""
    audio_produced: bool = False

    def __post_init__(self) -> None:
        self.customers = {persona.id: Customer(persona) for persona in self.personas.values()}

    def customer(self, language: str) -> Customer:
        """The customer who speaks ``language``."""
        return self.customers[choose(self.personas.values(), language).id]

    def spoken_language(self) -> str:
        """The language the user is taken to speak: the session's, else the first persona's own."""
        return language_of(self.session) or "ja"
