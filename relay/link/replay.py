"""What a new connection is told of the conversation so far (realtime-protocol, section 15.7)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from api_client.client_events import REPLAYED_PREFIX, ClientEvent
from api_client.event_parts import ConversationItem
from api_client.session_update import Dialect
from relay.conversation import Turn

LONGEST_REPLAY = 100
"""Turns; the model's context is bounded, and the newest matter most."""


class ReplayedItem(ClientEvent, frozen=True, kw_only=True, tag="conversation.item.create"):
    """A finished turn of either side, as text: a client cannot create the assistant's audio."""

    item: dict[str, Any]


class Replay:
    """The turns that were said before this socket, and which of them the server has confirmed."""

    def __init__(self, turns: Sequence[Turn] = ()) -> None:
        self.turns = tuple(turn for turn in turns if _worth_replaying(turn))[-LONGEST_REPLAY:]
        self._expected = list(self.turns)

    def events(self, dialect: Dialect) -> list[ReplayedItem]:
        """One ``conversation.item.create`` per turn, in order, by whose id a server knows it for a replay."""
        return [
            ReplayedItem(item={"id": f"{REPLAYED_PREFIX}{number}", **_message(turn, dialect)})
            for number, turn in enumerate(self.turns, 1)
        ]

    def echoed(self, item: ConversationItem, role: str) -> str | None:
        """The id that a replayed turn had when it was said, if ``item`` is the server's confirmation of one."""
        for turn in self._expected:
            if turn.role == role and turn.text == item.text:
                self._expected.remove(turn)
                return turn.item_id
        return None


def _worth_replaying(turn: Turn) -> bool:
    # An answer that was cut short was not said to its end; the user never heard what is missing.
    return turn.final and bool(turn.text.strip()) and not turn.interrupted and turn.role != "system"


def _message(turn: Turn, dialect: Dialect) -> dict[str, Any]:
    kind = "input_text" if turn.role == "user" else ("output_text" if dialect == "ga" else "text")
    return {"type": "message", "role": turn.role, "content": [{"type": kind, "text": turn.text}]}
