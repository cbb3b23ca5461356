"""The way out: in order, bounded, never in the reader's way."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from backend.engine import outbox as module
from backend.engine.outbox import ROOM, Closing, Outbox


async def test_events_come_out_in_order_and_as_they_were() -> None:
    box = Outbox()
    event: dict[str, Any] = {"type": "a", "item": {"status": "in_progress"}}
    box.put(event)
    event["item"]["status"] = "completed"
    box.put({"type": "b"})
    assert json.loads(await box.get()) == {"type": "a", "item": {"status": "in_progress"}}
    assert json.loads(await box.get()) == {"type": "b"}


async def test_a_response_waits_for_room_where_replies_do_not() -> None:
    box = Outbox()
    for _ in range(ROOM):
        box.put({"type": "delta"})
    waiting = asyncio.create_task(box.room())
    done, _ = await asyncio.wait([waiting], timeout=0.01)
    assert not done
    box.put({"type": "speech_started"})
    await box.get()
    await box.get()
    await asyncio.wait_for(waiting, 1)


async def test_what_is_queued_is_sent_before_the_socket_is_closed() -> None:
    box = Outbox()
    box.put({"type": "error"})
    box.finish(4000, "why")
    box.put({"type": "too late"})
    assert json.loads(await box.get()) == {"type": "error"}
    with pytest.raises(Closing) as closing:
        await box.get()
    assert (closing.value.code, closing.value.reason) == (4000, "why")


async def test_a_client_that_does_not_read_is_let_go(
    client: Any, monkeypatch: pytest.MonkeyPatch, spoken: bytes
) -> None:
    monkeypatch.setattr(module, "LIMIT_BYTES", 8 * 1024 * 1024)
    await client.configure(audio={"input": {"turn_detection": None}})
    await client.speak(spoken, chunk=len(spoken))
    await client.send("input_audio_buffer.commit")
    item_id = (await client.until("conversation.item.done"))["item"]["id"]
    for _ in range(200):  # 200 answers of 180 kB each, and none of them read
        await client.send("conversation.item.retrieve", item_id=item_id)
    with pytest.raises(ConnectionClosed) as closed:
        async with asyncio.timeout(10):
            while True:
                await client.socket.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1008
