"""Two recordings side by side, aligned by turns: which words differ, and how much later they were answered. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Literal

from recordings.lines import Line, spoken_lines
from relay.conversation import fold
from relay.conversation_state import ConversationState
from relay.stream import Connection, Latency, StreamEvent

Verdict = Literal["same", "words", "only_first", "only_second"]
"""words: both said something there, but not the same."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """One turn of one recording. Times in seconds on its clock."""

    line: Line
    latency_ms: float | None = None
    """Of an answer: from the end of the question to its first audio."""


@dataclass(frozen=True, slots=True)
class Pair:
    """What was said at the same place of both; one of the two may have nothing there."""

    first: Spoken | None
    second: Spoken | None

    @property
    def verdict(self) -> Verdict:
        """Whether the words are the same, apart from case, spaces and punctuation."""
        if self.second is None:
            return "only_first"
        if self.first is None:
            return "only_second"
        return "same" if _plain(self.first) == _plain(self.second) else "words"

    @property
    def later_ms(self) -> float | None:
        """How much later the second was answered; None where either latency is unknown."""
        if self.first is None or self.second is None:
            return None
        first, second = self.first.latency_ms, self.second.latency_ms
        return None if first is None or second is None else second - first


@dataclass(frozen=True, slots=True)
class Run:
    """What is compared of one recording."""

    turns: tuple[Spoken, ...]
    seconds: float
    latency_p50_ms: float | None
    latency_p95_ms: float | None
    reconnects: int
    errors: tuple[str, ...]
    """Codes, in order."""


def run_of(events: Iterable[StreamEvent]) -> Run:
    """What is compared of a recording with these events."""
    events = list(events)
    state = fold(ConversationState(), events)
    latency = {one.item_id: one.response_latency_ms for one in events if isinstance(one, Latency)}
    figures = state.latency
    return Run(
        turns=tuple(Spoken(line, latency.get(line.item_id)) for line in spoken_lines(events)),
        seconds=max((event.t for event in events), default=0.0),
        latency_p50_ms=figures.p50,
        latency_p95_ms=figures.p95,
        reconnects=sum(isinstance(event, Connection) and event.state == "restored" for event in events),
        errors=tuple(str(error.code) for error in state.errors),
    )


def aligned(first: Sequence[Spoken], second: Sequence[Spoken]) -> list[Pair]:
    """Both, in their order, with what belongs together in one pair.

    The salesperson's turns are what is repeated in a second run, so those with the same words are found first; what
    lies between two of them is paired in order, each side's turns with its like.
    """
    ours, theirs = _exchanges(first), _exchanges(second)
    matcher = SequenceMatcher(
        None, [_asked(one) for one in ours], [_asked(one) for one in theirs], autojunk=False
    )
    pairs: list[Pair] = []
    for _tag, a, b, c, d in matcher.get_opcodes():
        for one, other in zip_longest(ours[a:b], theirs[c:d], fillvalue=()):
            pairs += _within(one, other)
    return pairs


def _exchanges(turns: Sequence[Spoken]) -> list[tuple[Spoken, ...]]:
    """A turn of the salesperson with the answers to it; first what was said before any."""
    exchanges: list[list[Spoken]] = []
    for turn in turns:
        if turn.line.role == "user" or not exchanges:
            exchanges.append([])
        exchanges[-1].append(turn)
    return [tuple(one) for one in exchanges]


def _asked(exchange: Sequence[Spoken]) -> str:
    return _plain(exchange[0]) if exchange[0].line.role == "user" else ""


def _within(one: Sequence[Spoken], other: Sequence[Spoken]) -> list[Pair]:
    pairs = []
    for role in ("user", "assistant"):
        ours = [turn for turn in one if turn.line.role == role]
        theirs = [turn for turn in other if turn.line.role == role]
        pairs += [Pair(a, b) for a, b in zip_longest(ours, theirs)]
    return pairs


def _plain(turn: Spoken) -> str:
    return "".join(letter for letter in turn.line.text.casefold() if letter.isalnum())
