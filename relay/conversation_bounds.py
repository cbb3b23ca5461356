"""How much of a conversation stays in memory, for programs that follow one for hours: the screen, ``talk``, the relay.

A report reads a recording to its end and keeps all of it: it folds and does not call ``bounded``.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import Any

from relay.conversation_state import ConversationState, Turn

KEPT_TURNS = 400
"""The newest, of both sides together: forty minutes of talk, and four times what a new connection is told again."""
KEPT_CONNECTIONS = 50
"""The first one and the newest: a line that is lost every few minutes makes hundreds in a day."""
KEPT_LATENCIES = 10_000
"""Of the newest spoken turns: a day of talk, 1 MB. Up to then percentiles and n are exact, and of all turns."""


def bounded(state: ConversationState) -> tuple[ConversationState, tuple[Turn, ...]]:
    """``state`` within the limits above, and the turns that it lost by that, in conversation order.

    Nothing that is counted changes but what ``earlier_turns`` says, and the order of the turns stays as it is. An
    event that comes for a turn after it was dropped makes a new turn of that id.
    """
    changes: dict[str, Any] = {}
    if len(state.connections) > KEPT_CONNECTIONS:
        changes["connections"] = (state.connections[0], *state.connections[1 - KEPT_CONNECTIONS :])
    if (excess := len(state.latencies) - KEPT_LATENCIES) > 0:
        changes["latencies"] = dict(islice(state.latencies.items(), excess, None))
    dropped = state.turns[:-KEPT_TURNS]
    if dropped:
        kept = state.turns[-KEPT_TURNS:]
        answers = sum(turn.role == "assistant" and turn.final for turn in dropped)
        changes |= {
            "turns": kept,
            "items": _items(state, kept),
            "earlier_turns": state.earlier_turns + len(dropped),
            "earlier_answers": state.earlier_answers + answers,
        }
    return (replace(state, **changes) if changes else state), dropped


def _items(state: ConversationState, kept: tuple[Turn, ...]) -> dict[str, Turn]:
    """Turns by id, so that ``order_items`` gives the order in which they stand in ``kept``.

    Those whose predecessor is gone come first, as they stand; among the others the order of arrival decides.
    """
    ids = {turn.item_id for turn in kept}
    first = [t for t in kept if t.previous_item_id not in ids or t.previous_item_id == t.item_id]
    followers = [item_id for item_id in state.items if item_id in ids]
    return {turn.item_id: turn for turn in first} | {item_id: state.items[item_id] for item_id in followers}
