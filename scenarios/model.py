"""A scenario as values: what is said and done, and what is expected of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from acceptance.results import Wording
from api_client.models import NewSession
from relay.config import TurnDetection

Language = Literal["ja", "en"]
Wanted = str | float | bool | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Say:
    """A typed turn."""

    text: str


@dataclass(frozen=True, slots=True)
class Speak:
    """A recording, spoken."""

    path: Path
    name: str
    """As the file has it."""


@dataclass(frozen=True, slots=True)
class SpeakText:
    """Words for a local voice."""

    text: str


@dataclass(frozen=True, slots=True)
class Wait:
    """Wait, whatever happens."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Silence:
    """Stay silent; an answer that begins meanwhile is heard to its end."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Mute:
    """Mute the microphone, or unmute it."""

    on: bool


@dataclass(frozen=True, slots=True)
class Interrupt:
    """Interrupt the answer, ``after_s`` into it. ``by`` None: with the interrupt key."""

    after_s: float
    by: Say | Speak | None


@dataclass(frozen=True, slots=True)
class NetworkFault:
    """Something happens to the network. ``after_s``: into the answer to the turn before; None: at once."""

    kind: Literal["cut", "pause", "half_open"]
    after_s: float | None
    seconds: float = 0.0
    """Of a pause."""


Action = Say | Speak | SpeakText | Wait | Silence | Mute | Interrupt | NetworkFault


@dataclass(frozen=True, slots=True)
class Expectation:
    """One expectation; ``name`` is its key in the file."""

    name: str
    wanted: Wanted
    cer: float = 0.0
    """Of a transcript: the character error rate that it may have."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One thing said or done, and what is expected of it."""

    action: Action
    expect: tuple[Expectation, ...] = ()
    answer_within_s: float = 30.0

    @property
    def expects_no_answer(self) -> bool:
        """Whether it must go unanswered."""
        return any(one.name == "answered" and one.wanted is False for one in self.expect)

    @property
    def during_answer_s(self) -> float | None:
        """How long into the answer to the turn before it begins; None: once that is over."""
        action = self.action
        return action.after_s if isinstance(action, Interrupt | NetworkFault) else None


@dataclass(frozen=True, slots=True)
class Scenario:
    """A whole conversation."""

    name: str
    """The file's name without its ending: part of the id of every expectation."""
    path: Path
    title: Wording
    language: Language
    session: NewSession
    turns: tuple[Turn, ...]
    end: tuple[Expectation, ...] = ()
    limits: Mapping[str, float] = field(default_factory=dict)
    """By name of the figure (``scenarios.figures``)."""
    description: Wording | None = None
    voice: str = "marin"
    transcription_model: str = "gpt-4o-mini-transcribe"
    turn_detection: TurnDetection = field(default_factory=TurnDetection)
    chunk_bytes: int = 1_920

    @property
    def breaks_the_network(self) -> bool:
        """Whether it needs the fault proxy."""
        return any(isinstance(turn.action, NetworkFault) for turn in self.turns)

    @property
    def places(self) -> tuple[tuple[str, tuple[Expectation, ...]], ...]:
        """Where something is expected: ``1``, ``2``, ... and ``end``, with what."""
        turns = ((str(number), turn.expect) for number, turn in enumerate(self.turns, 1))
        return (*turns, ("end", self.end))

    def id_of(self, place: str, expectation: str) -> str:
        """Id of an expectation among those of all scenarios."""
        return f"{self.name}.{place}.{expectation}"
