"""Telling a new connection the conversation so far (realtime-protocol, section 15.7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from api_client.client_events import REPLAYED_PREFIX, ClientEvent
from api_client.event_parts import ConversationItem
from api_client.session_update import Dialect
from relay.conversation import Turn
from relay.stream import Role

LONGEST_REPLAY = 100
"""Turns; the model's context is bounded, and the latest matter most."""


class ReplayedItem(ClientEvent, frozen=True, kw_only=True, tag="conversation.item.create"):
    """A finished turn of either side, as text: a client cannot create the assistant's audio."""

    item: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Retold:
    """A turn as replayed to the next connection."""

    item_id: str
    role: Role
    text: str


class Replay:
    """The turns from before this socket, and which of them the server has confirmed."""

    def __init__(self, turns: Sequence[Turn] = ()) -> None:
        told = (Retold(turn.item_id, turn.role, _heard_text(turn)) for turn in turns)
        self.turns = tuple(turn for turn in told if turn.text.strip())[-LONGEST_REPLAY:]
        self._expected = list(self.turns)

    @property
    def asks(self) -> bool:
        """Whether the last turn is the user's, with no answer heard yet."""
        return bool(self.turns) and self.turns[-1].role == "user"

    def events(self, dialect: Dialect) -> list[ReplayedItem]:
        """One ``conversation.item.create`` per turn, in order; its id tells the server that it is a replay."""
        return [
            ReplayedItem(item={"id": f"{REPLAYED_PREFIX}{number}", **_message(turn, dialect)})
            for number, turn in enumerate(self.turns, 1)
        ]

    def echoed(self, item: ConversationItem, role: str) -> str | None:
        """The original id of a replayed turn, if ``item`` is the server's confirmation of one."""
        for turn in self._expected:
            if turn.role == role and turn.text == item.text:
                self._expected.remove(turn)
                return turn.item_id
        return None


def _heard_text(turn: Turn) -> str:
    """The part of a turn that both sides know, as nearly as possible: an interrupted answer up to where it was heard.

    An answer cut off by a lost connection is left out: it is requested again.
    """
    if turn.role == "system":
        return ""
    if turn.interrupted:
        heard, received = turn.heard_ms or 0, turn.received_ms or 0
        # Words are spread evenly over the audio, near enough.
        return turn.text[: round(len(turn.text) * heard / received)] if received else ""
    return turn.text if turn.final else ""


def _message(turn: Retold, dialect: Dialect) -> dict[str, Any]:
    kind = "input_text" if turn.role == "user" else ("output_text" if dialect == "ga" else "text")
    return {"type": "message", "role": turn.role, "content": [{"type": kind, "text": turn.text}]}
