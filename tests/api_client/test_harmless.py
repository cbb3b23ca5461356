"""No word of a server reaches a terminal as an order to it, and none of ordinary text is lost."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from websockets.asyncio.server import ServerConnection

from api_client import events as ev
from api_client.errors import ValidationFailed
from api_client.harmless import REPLACEMENT, harmless_text, one_line
from api_client.harmless_json import decode_json, is_harmless_json
from api_client.realtime import RealtimeConnection
from api_client.rest import SalesMindClient
from tests.evil_strings import EVIL, FORGED, ORDINARY, harm_in

Start = Callable[..., Awaitable[Any]]

each_evil = pytest.mark.parametrize("text", EVIL.values(), ids=EVIL)
any_text = st.text() | st.sampled_from(sorted(EVIL.values()) + sorted(ORDINARY.values()))


class _Said(msgspec.Struct):
    text: str


@each_evil
def test_nothing_harmful_is_left(text: str) -> None:
    assert harm_in(one_line(text)) == []
    assert harm_in(harmless_text(text).replace(f"\n{FORGED}", "")) == []


@pytest.mark.parametrize("text", ORDINARY.values(), ids=ORDINARY)
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert harmless_text(text) == text


def test_one_line_shows_where_lines_broke() -> None:
    assert one_line("a\r\nb\rc\nd\te") == "a\\nb\\nc\\nd e"


@given(any_text | st.text(st.characters()))
@example("\u202e\ufe0f")
@example("👩\u200d\u200d👩")
def test_what_is_harmless_stays_as_it_is(text: str) -> None:
    once = harmless_text(text)
    assert harmless_text(once) == once
    assert once.encode().decode() == once
    assert one_line(once).splitlines() in ([], [one_line(once)])


@given(any_text, st.booleans())
def test_the_quick_look_at_json_overlooks_nothing(text: str, escaped: bool) -> None:
    raw = json.dumps({"text": text}, ensure_ascii=escaped).encode("utf-8", "surrogatepass")
    if is_harmless_json(raw):
        assert harmless_text(text) == text
    assert decode_json(raw, _Said).text == harmless_text(text)


@pytest.mark.parametrize(
    "character", sorted({c for text in EVIL.values() for c in text if ord(c) > 0x7E or ord(c) < 32})
)
def test_it_knows_every_evil_character_however_it_is_written(character: str) -> None:
    code = f"{ord(character):04x}"
    if len(code) == 4 and character not in "\n":
        for written in (code, code.upper()):
            raw = b'{"text":"a\\u' + written.encode() + b'b"}'
            assert decode_json(raw, _Said).text == harmless_text(f"a{character}b")


def test_text_that_only_spells_an_escape_is_not_touched() -> None:
    said = "C:\\u001b\\x \\ud83d \\b"
    assert decode_json(json.dumps({"text": said}).encode(), _Said).text == said


@each_evil
@pytest.mark.parametrize("escaped", [True, False])
async def test_no_event_brings_it(relay_server: Start, token: str, text: str, escaped: bool) -> None:
    async def handler(ws: ServerConnection) -> None:
        for message in (
            {"type": "response.output_text.done", "text": text},
            {"type": "error", "error": {"message": text}},
            {"type": text, "x": text},
        ):
            raw = json.dumps(message, ensure_ascii=escaped)
            await ws.send(raw.encode("utf-8", "replace").decode())
        await ws.close(4999, text.encode("utf-8", "replace").decode()[:30])

    connection = await RealtimeConnection.open(await relay_server(handler), token)
    done, error, unknown = [received.event async for received in connection]
    assert isinstance(done, ev.OutputTextDone)
    assert isinstance(error, ev.ErrorEvent)
    assert isinstance(unknown, ev.UnknownEvent)
    expected = harmless_text(text if escaped else text.encode("utf-8", "replace").decode())
    assert (done.text, error.message, unknown.type) == (expected, expected, expected)
    assert harm_in(json.loads(unknown.raw)["x"].replace(f"\n{FORGED}", "")) == []
    assert harm_in(connection.close_reason) == []


async def test_half_an_emoji_loses_no_event(relay_server: Start, token: str) -> None:
    async def handler(ws: ServerConnection) -> None:
        await ws.send('{"type":"response.output_text.done","text":"\\u5728\\u5eab\\ud83d"}')

    connection = await RealtimeConnection.open(await relay_server(handler), token)
    (received,) = [received async for received in connection]
    assert isinstance(received.event, ev.OutputTextDone)
    assert received.event.text == f"在庫{REPLACEMENT}"


@each_evil
async def test_no_session_brings_it(http_server: Start, answer: Callable[..., bytes], text: str) -> None:
    body = json.dumps({"count": 1, "results": [{"id": "x", "industry": text}]})
    raw = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}".encode()
    server = await http_server(lambda _: raw)
    async with SalesMindClient(server.url, token="5f3a") as client:
        page = await client.list_sessions()
    assert page.results[0].industry == harmless_text(text)


@each_evil
async def test_no_error_brings_it(http_server: Start, answer: Callable[..., bytes], text: str) -> None:
    raw = json.dumps({"detail": text, "field": [text], text: text}).encode()
    head = f"HTTP/1.1 400 Bad\r\nContent-Length: {len(raw)}\r\nConnection: close\r\n\r\n".encode()
    server = await http_server(lambda _: head + raw)
    async with SalesMindClient(server.url, token="5f3a") as client:
        with pytest.raises(ValidationFailed) as caught:
            await client.list_sessions()
    said = [str(caught.value), str(caught.value.summary), *map(str, caught.value.fields.items())]
    assert [harm_in(text) for text in said] == [[], [], *([[]] * (len(said) - 2))]
    assert all("\n" not in text for text in said)
