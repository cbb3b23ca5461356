"""Test 1: one conversation, from dialling to flowing audio."""

from __future__ import annotations

from acceptance.checkpoints import checkpoints_of
from acceptance.held_conversation import HeldConversation
from acceptance.judges.connection import judge_connection
from acceptance.run import AcceptanceRun
from relay.stream import Meters

_CHUNKS_TO_SEE = 12
"""Audio that must be sent before the connection counts: half a second of 40 ms chunks."""


async def connection_test(run: AcceptanceRun) -> None:
    """Connect, configure, see audio flow, close."""
    run.doing("セッションを開始し、WebSocketで接続します", "Starting a session and connecting by WebSocket")
    session_id = await run.new_session()
    run.running(*(point.id for point in checkpoints_of(1)))
    async with run.converse("t1", session_id, source="silence", sink="none") as held:
        held.on_batch = lambda held: run.tick(judge_connection(held.record))
        await held.until(_flowing, run.limits.connect_s)
        held.on_batch = None
    run.answer(judge_connection(held.record))


def _flowing(held: HeldConversation) -> bool:
    return any(isinstance(event, Meters) and event.chunks_sent >= _CHUNKS_TO_SEE for event in held.events)
