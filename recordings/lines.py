"""Spoken lines with times, from a recording's events: the basis of subtitles and transcripts. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from api_client.harmless import harmless_text
from relay.conversation import fold
from relay.conversation_state import ConversationState
from relay.stream import Playback, Role, Speech, StreamEvent

SHORTEST_S = 0.8
"""Shortest display time of a readable line (s)."""
READ_PER_S = 12.0
"""Reading speed in characters per second: how long a line without an end time stays."""


@dataclass(frozen=True, slots=True)
class Line:
    """One turn. Times in seconds on the recording's clock."""

    item_id: str
    role: Role
    start: float
    end: float
    text: str
    interrupted: bool = False


def spoken_lines(events: Iterable[StreamEvent]) -> list[Line]:
    """The turns with words, by start time.

    A salesperson's turn lasts as the server's VAD heard it, a customer's as it was played; a turn that has neither
    (typed, or never heard) as long as it takes to read.
    """
    events = list(events)
    began: dict[str, float] = {}
    ended: dict[str, float] = {}
    for event in events:
        match event:
            case Speech(state="started") | Playback(state="started"):
                began.setdefault(event.item_id, event.t)
            case Speech() | Playback():
                ended[event.item_id] = event.t
            case _:
                pass
    lines = []
    for turn in fold(ConversationState(), events).turns:
        text = " ".join(harmless_text(turn.text).split())
        if not text or turn.role == "system":
            continue
        start = began.get(turn.item_id, turn.at)
        end = ended.get(turn.item_id, start + len(text) / READ_PER_S)
        lines.append(
            Line(turn.item_id, turn.role, start, max(end, start + SHORTEST_S), text, turn.interrupted)
        )
    return sorted(lines, key=lambda line: line.start)
