"""Text that UTF-8 has no bytes for: on every road it takes, U+FFFD stands in its place."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.asyncio.client import connect

from backend.engine.faults import parse_fault
from backend.engine.json_text import from_json, to_json
from backend.engine.options import EngineOptions
from backend.engine.outbox import Outbox
from backend.engine.server import serving
from backend.engine.transcription import NoTranscriber

HALF = "\\ud83d"  # as JSON writes it


async def send(client: Any, text: str) -> None:
    """Send JSON in which ``~`` stands for half a pair."""
    await client.socket.send(text.replace("~", HALF))


@pytest.mark.parametrize(
    ("message", "kind", "shown"),
    [
        ('{"type": "session.update", "session": {"type": "realtime", "instructions": "a~"}}', "session.updated", "a�"),
        ('{"type": "conversation.item.create", "item": {"type": "message", "role": "user", "id": "i~",'
         ' "content": [{"type": "input_text", "text": "a~b"}]}}', "conversation.item.done", "a�b"),
        ('{"type": "response.create", "response": {"metadata": {"k~": "v~"}}}', "response.done", "k�"),
        ('{"type": "no~"}', "error", "no�"),
        ('{"type": "conversation.item.delete", "item_id": "~", "event_id": "e~"}', "error", "e�"),
    ],
)  # fmt: skip
async def test_it_comes_back_whole_and_the_session_goes_on(
    client: Any, message: str, kind: str, shown: str
) -> None:
    await send(client, message)
    while (event := await client.receive())["type"] != kind:
        pass
    assert shown in json.dumps(event, ensure_ascii=False)
    await client.configure(instructions="still here")


async def test_it_may_be_what_the_customer_is_told(client: Any) -> None:
    await client.configure(output_modalities=["text"])
    await send(client, '{"type": "conversation.item.create", "item": {"type": "message", "role": "user", "content":'
                       ' [{"type": "input_text", "text": "在庫~はどう管理していますか"}]}}')  # fmt: skip
    await client.send("response.create")
    assert (await client.until("response.done"))["response"]["status"] == "completed"


async def test_by_http_and_over_the_control_socket() -> None:
    async with serving(EngineOptions(port=0, control=True), NoTranscriber("off")) as url:
        base = url.removesuffix("/realtime").replace("ws", "http", 1)
        body = '{"session": {"type": "realtime", "instructions": "a~"}}'.replace("~", HALF)
        async with httpx.AsyncClient(trust_env=False) as http:
            made = await http.post(f"{base}/realtime/client_secrets", content=body)
        assert made.json()["session"]["instructions"] == "a�"
        async with connect(url.replace("/v1/realtime", "/control")) as control:
            await control.send(
                '{"add": [{"kind": "error", "code": "x", "message": "m~"}]}'.replace("~", HALF)
            )
            assert json.loads(await control.recv())["faults"][0]["message"] == "m�"
        async with connect(f"{url}?model=m~".replace("~", "%ED%A0%BD")) as socket:
            assert json.loads(await socket.recv())["session"]["model"].startswith("m�")


def test_in_an_argument_that_is_not_utf8() -> None:
    assert parse_fault("close:reason=a\udcff").reason == "a�"


async def test_in_what_the_engine_itself_would_send() -> None:
    outbox = Outbox()
    outbox.put({"type": "x", "delta": "a\ud83d"})
    frame = await outbox.get()
    assert isinstance(frame, str)
    assert json.loads(frame.encode()) == {"type": "x", "delta": "a�"}


texts = st.text(
    alphabet=st.characters(min_codepoint=0x20, max_codepoint=0x1FFFF, exclude_categories=[]), max_size=8
)
values = st.recursive(
    texts | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(texts, inner), max_leaves=8
)


@given(values, st.booleans())
def test_whatever_is_read_can_be_sent(value: Any, ascii_only: bool) -> None:
    message = json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    read = from_json(message)
    assert json.loads(to_json(read).encode()) == read
    if not any("\ud800" <= char <= "\udfff" for char in json.dumps(value, ensure_ascii=False)):
        assert read == value
