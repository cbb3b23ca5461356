"""Which typed turns of the client are new, and so to be stored: pure, one object for each connection.

A client that reconnects tells the upstream the conversation so far as items of its own, which must not be stored
twice. The ids that it chooses for those begin with ``REPLAYED_PREFIX``; any other item that a client makes was typed
just now. It is stored when the upstream has confirmed it: what the upstream refuses was never said.
"""

from __future__ import annotations

from collections import deque
from typing import Any

import msgspec

from backend.spin.frames import EventHead, FinishedTranscript, storable

REPLAYED_PREFIX = "replayed_"
CREATE = "conversation.item.create"
CONFIRMATIONS = frozenset({"conversation.item.added", "conversation.item.created"})
"""Under GA's name and the beta's."""
UNCONFIRMED = 64
"""Turns that may wait for the upstream; those that it refused are forgotten."""


class _Item(msgspec.Struct, frozen=True):
    id: str | None = None
    role: str | None = None
    content: list[dict[str, Any]] = []


_decoder = msgspec.json.Decoder(_Item)


def _item(head: EventHead) -> _Item | None:
    """A user's item; None for anybody else's, and for one of another shape."""
    try:
        item = _decoder.decode(head.item)
    except msgspec.DecodeError:
        return None
    return item if item.role == "user" else None


def _text(item: _Item) -> str:
    parts = (part.get("text") for part in item.content if part.get("type") == "input_text")
    return storable("\n".join(text for text in parts if isinstance(text, str)))


class TypedTurns:
    """The client's own items between being sent and being confirmed."""

    def __init__(self) -> None:
        self._unconfirmed: deque[tuple[str | None, str]] = deque(maxlen=UNCONFIRMED)

    def sent(self, head: EventHead) -> None:
        """The client sends this event."""
        if head.type != CREATE or (item := _item(head)) is None:
            return
        if (text := _text(item)) and not (item.id or "").startswith(REPLAYED_PREFIX):
            self._unconfirmed.append((item.id, text))

    def confirmed(self, head: EventHead) -> FinishedTranscript | None:
        """The turn that this event of the upstream confirms, if it is a new one."""
        if head.type not in CONFIRMATIONS or not self._unconfirmed or (item := _item(head)) is None:
            return None
        text = _text(item)
        for sent in self._unconfirmed:
            if sent[1] == text or (item.id is not None and sent[0] == item.id):
                self._unconfirmed.remove(sent)
                return FinishedTranscript("salesperson", sent[1])
        return None
