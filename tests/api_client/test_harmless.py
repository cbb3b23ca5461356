"""No word of a server steers the terminal it is shown on."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.asyncio.server import ServerConnection

from api_client import events as ev
from api_client.harmless import harmless_json
from api_client.realtime import RealtimeConnection
from api_client.rest import SalesMindClient

Start = Callable[..., Awaitable[Any]]
CONTROLS = frozenset(map(chr, [*range(0x20), *range(0x80, 0xA0)])) - set("\t\n\r\b\f")


@pytest.mark.parametrize("ensure_ascii", [True, False])
@given(st.text(st.characters(codec="utf-8")))
def test_any_text_comes_through_but_for_its_controls(ensure_ascii: bool, text: str) -> None:
    sent = json.dumps({"text": text}, ensure_ascii=ensure_ascii).encode()
    read = json.loads(harmless_json(sent))["text"]
    assert read.replace("\x7f", "\ufffd") == "".join(
        "\ufffd" if c in CONTROLS | {"\x7f"} else c for c in text
    )


@given(st.lists(st.sampled_from([*"\ud83d\ude00\x1b\\u0aé", "\\u001b", "\\ud83d", "\U0001f600"])))
def test_halves_of_pairs_and_literal_escapes_in_any_order(signs: list[str]) -> None:
    text = "".join(signs)
    read = json.loads(harmless_json(json.dumps(text).encode()))
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")  # two halves that meet are one
    assert read == whole.replace("\x1b", "\ufffd")


def test_a_literal_backslash_stays_readable_json() -> None:
    for text in ("C:\\u001b\\x", "\\ud83d", "\\\\u0007"):
        assert json.loads(harmless_json(json.dumps(text).encode())) == text
    for plain in ('{"delta":"AAAA"}', '"\u3000全角\\u3042"'):
        assert harmless_json(plain.encode()) == plain.encode()


async def test_a_transcript_cannot_clear_the_screen(relay_server: Start, token: str) -> None:
    async def handler(ws: ServerConnection) -> None:
        await ws.send(json.dumps({"type": "response.output_text.done", "text": "a\x1b[2J\x9b2J\nb"}))
        await ws.close(4999, "\x1b[2J")

    connection = await RealtimeConnection.open(await relay_server(handler), token)
    (received,) = [received async for received in connection]
    assert isinstance(received.event, ev.OutputTextDone)
    assert received.event.text == "a\ufffd[2J\ufffd2J\nb"
    assert connection.close_reason == "\ufffd[2J"


async def test_a_session_cannot_either(http_server: Start, answer: Callable[..., bytes]) -> None:
    body = {"count": 1, "results": [{"id": "x", "industry": "IT\x1b]52;c;cm0=\x07"}]}
    server = await http_server(lambda _: answer(200, body))
    async with SalesMindClient(server.url, token="5f3a") as client:
        page = await client.list_sessions()
    assert page.results[0].industry == "IT\ufffd]52;c;cm0=\ufffd"
