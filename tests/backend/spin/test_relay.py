"""The relay between a client and an upstream that is under the test's control."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from tests.backend.spin.fake_upstream import Upstream
from tests.backend.spin.running_server import Account, Server

CHUNK = bytes(range(256)) * 32  # 8192 bytes


async def test_own_stub_comes_first_then_the_upstreams_session(admin: Account, upstream: Upstream) -> None:
    session_id = admin.start_session()
    async with admin.relay(session_id) as client:
        assert await client.event() == {
            "type": "session.created",
            "session": {"id": session_id, "user": "admin"},
        }
        assert (await client.event())["event_id"] == "event_1"


async def test_without_a_session_the_stub_says_new(admin: Account, upstream: Upstream) -> None:
    async with admin.relay() as client:
        assert (await client.event())["session"]["id"] == "new"


async def test_binary_becomes_append_and_text_passes_verbatim(admin: Account, upstream: Upstream) -> None:
    update = '{ "type":"session.update",  "session": {"type": "realtime", "instructions": "日本語"} }'
    async with admin.ready_relay() as client:
        await client.send(update)
        assert (await client.event())["type"] == "session.updated"
        await client.send(CHUNK)
        await client.send(b"")
        await client.send(b"odd")
        assert await asyncio.to_thread(upstream.received.get, timeout=10) == update
        for sent in (CHUNK, b"odd"):
            append = await upstream.next_message()
            assert set(append) == {"type", "audio"}
            assert append["type"] == "input_audio_buffer.append"
            assert base64.b64decode(append["audio"]) == sent


async def test_upstream_gets_the_model_and_no_beta_header(admin: Account, upstream: Upstream) -> None:
    async with admin.ready_relay():
        pass
    assert upstream.paths.get(timeout=10) == "/v1/realtime?model=gpt-realtime"
    names = {name.lower() for name in upstream.headers.get(timeout=10)}
    assert "openai-beta" not in names
    assert "authorization" not in names


async def test_the_key_is_for_openai_only(start_server: Callable[..., Server], upstream: Upstream) -> None:
    key = "sk-0123456789abcdef"
    server = start_server(OPENAI_API_KEY=key)
    async with server.log_in().ready_relay():
        pass
    assert key not in str(upstream.headers.get(timeout=10))
    assert key not in server.log.read_text()


async def test_upstream_text_and_binary_pass_verbatim(admin: Account, upstream: Upstream) -> None:
    odd = '{"type": "response.output_audio.delta",   "delta": "AAAA", "unknown": [1, 2]}'
    upstream.handler = upstream.saying(odd, b"\x00\x01\x02")
    async with admin.relay() as client:
        await client.event()
        assert await client.connection.recv() == odd
        assert await client.connection.recv() == b"\x00\x01\x02"


async def test_what_is_sent_before_the_upstream_is_ready_arrives_in_order(
    admin: Account, upstream: Upstream
) -> None:
    async with admin.relay() as client:
        await client.send({"type": "session.update", "session": {}})
        for number in range(5):
            await client.send(bytes([number]))
        assert (await upstream.next_message())["type"] == "session.update"
        for number in range(5):
            assert base64.b64decode((await upstream.next_message())["audio"]) == bytes([number])


@pytest.mark.parametrize(
    "text",
    ["no json", "[1, 2]", '"text"', "3", "null", "", '{"session": ' + "[" * 100_000],
    ids=["words", "list", "string", "number", "null", "empty", "nested too deeply"],
)
async def test_text_that_is_no_event_is_answered_and_the_socket_stays(
    admin: Account, upstream: Upstream, text: str
) -> None:
    async with admin.ready_relay() as client:
        await client.send(text)
        await client.send({"type": "after"})
        assert await upstream.next_message() == {"type": "after"}
        if text:
            error = (await client.event())["error"]
            assert (error["type"], error["code"]) == ("server_error", "not_an_event")
            assert error["message"]


async def test_an_event_with_fields_of_strange_types_passes(admin: Account, upstream: Upstream) -> None:
    strange = {"type": 5, "audio": [], "transcript": {}}
    async with admin.ready_relay() as client:
        await client.send(strange)
        assert await upstream.next_message() == strange


async def test_upstream_garbage_is_an_error_and_the_next_event_arrives(
    admin: Account, upstream: Upstream
) -> None:
    upstream.handler = upstream.saying("garbage", '{"type": "after"}')
    async with admin.relay() as client:
        await client.event()
        assert (await client.event())["error"]["type"] == "forwarding_error"
        assert await client.event() == {"type": "after"}


@pytest.mark.parametrize(
    ("upstream_close", "close_code", "error_code"),
    [
        ((1000, "bye"), 4002, "upstream_closed"),
        ((1011, "internal"), 4002, "upstream_closed"),
        ((1012, "restart"), 4002, "upstream_stopped"),
        ((1001, "maximum age reached"), 4008, "session_expired"),
        ((4000, "invalid_request_error.beta_api_shape_disabled"), 4003, "beta_api_shape_disabled"),
        ((3000, "invalid_request_error.invalid_api_key"), 4003, "invalid_api_key"),
    ],
)
async def test_the_upstreams_close_reaches_the_client(
    admin: Account, upstream: Upstream, upstream_close: tuple[int, str], close_code: int, error_code: str
) -> None:
    upstream.handler = upstream.saying('{"type": "session.created"}', close=upstream_close)
    session_id = admin.start_session()
    async with admin.relay(session_id) as client:
        events, code, reason = await client.ending()
    error = events[-1]["error"]
    assert code == close_code
    assert (error["type"], error["code"]) == ("connection_error", error_code)
    assert (error["upstream_code"], error["upstream_reason"]) == upstream_close
    assert upstream_close[1] in (reason or "")
    await admin.session_when(session_id, lambda session: session["realtime_mode"] is False)


async def test_an_upstream_that_vanishes_is_reported(admin: Account, upstream: Upstream) -> None:
    async def vanish(connection: Any) -> None:
        await connection.send('{"type": "session.created"}')
        connection.transport.abort()

    upstream.handler = vanish
    async with admin.relay() as client:
        events, code, _reason = await client.ending()
    assert code == 4002
    assert (events[-1]["error"]["code"], events[-1]["error"]["upstream_code"]) == ("upstream_broke", 1006)
    assert "（コード 1006）" in events[-1]["error"]["message"]


async def test_an_upstream_that_answers_nothing_is_not_said_to_have_ended_it(
    start_server: Callable[..., Server], upstream: Upstream
) -> None:
    async def freeze(connection: Any) -> None:
        await connection.send('{"type": "session.created"}')
        connection.transport.pause_reading()

    upstream.handler = freeze
    server = start_server(SALESMIND_STALL_SECONDS="0.5")
    async with server.log_in().ready_relay() as client:
        events, code, _reason = await client.ending()
    assert (events[-1]["error"]["code"], code) == ("upstream_unresponsive", 4002)


async def test_the_clients_close_reaches_the_upstream(admin: Account, upstream: Upstream) -> None:
    async with admin.ready_relay():
        pass
    assert upstream.closed.get(timeout=10) == 1000


async def test_a_message_of_a_mebibyte_passes_and_one_more_byte_is_1009(
    admin: Account, upstream: Upstream
) -> None:
    async with admin.ready_relay() as client:
        await client.send(bytes(1024 * 1024))
        assert len(base64.b64decode((await upstream.next_message())["audio"])) == 1024 * 1024
        await client.send("x" * (1024 * 1024 + 1))
        events, code, reason = await client.ending()
    assert code == 1009
    assert events[-1]["error"]["code"] == "message_too_big"
    assert reason == "message_too_big"


async def test_far_too_long_a_message_is_1009_too(admin: Account, upstream: Upstream) -> None:
    async with admin.ready_relay() as client:
        with suppress(ConnectionClosed):  # the server need not wait for all of it
            await client.send(bytes(5 * 1024 * 1024))
        _events, code, reason = await client.ending()
    assert code == 1009
    assert reason


async def test_audio_far_ahead_of_real_time_is_refused_and_held_back(
    admin: Account, upstream: Upstream
) -> None:
    second = bytes(48_000)
    async with admin.ready_relay() as client:
        for _ in range(12):
            await client.send(second)
        error = (await client.until("error"))["error"]
        assert (error["type"], error["code"]) == ("rate_limit_error", "audio_ahead_of_real_time")
        await client.send({"type": "after"})
        kinds: list[str] = []
        while not kinds or kinds[-1] != "after":
            kinds.append((await upstream.next_message())["type"])
    assert 10 <= kinds.count("input_audio_buffer.append") < 12


async def test_audio_that_the_client_encoded_itself_is_paced_too(admin: Account, upstream: Upstream) -> None:
    append = json.dumps(
        {"type": "input_audio_buffer.append", "audio": base64.b64encode(bytes(240_000)).decode()}
    )
    async with admin.ready_relay() as client:
        for _ in range(3):
            await client.send(append)
        assert (await client.until("error"))["error"]["code"] == "audio_ahead_of_real_time"


async def test_transcripts_are_stored_under_both_names_in_order(admin: Account, upstream: Upstream) -> None:
    heard = "conversation.item.input_audio_transcription.completed"
    said = [
        (heard, "在庫でお困りですか"),
        ("response.output_audio_transcript.done", "はい、困っています"),
        ("response.audio_transcript.done", "旧名でも"),
        (heard, "  \n "),
        ("response.output_audio_transcript.delta", "not finished"),
    ]
    messages = [json.dumps({"type": kind, "item_id": "item_1", "transcript": text}) for kind, text in said]
    upstream.handler = upstream.saying('{"type": "session.created"}', *messages)
    session_id = admin.start_session()
    async with admin.relay(session_id):
        session = await admin.session_when(session_id, lambda session: len(session["messages"]) == 3)
    assert [
        (message["sequence"], message["role"], message["message"]) for message in session["messages"]
    ] == [
        (1, "salesperson", "在庫でお困りですか"),
        (2, "customer", "はい、困っています"),
        (3, "customer", "旧名でも"),
    ]


async def test_half_a_surrogate_pair_loses_no_transcript_and_no_event(
    admin: Account, upstream: Upstream
) -> None:
    kind = "conversation.item.input_audio_transcription.completed"
    upstream.handler = upstream.saying(
        '{"type": "session.created"}', json.dumps({"type": kind, "transcript": "在庫\ud83d"})
    )
    session_id = admin.start_session()
    async with admin.ready_relay(session_id) as client:
        assert (await client.event())["transcript"] == "在庫\ufffd"
        await client.send({"type": "typed", "text": "値段\ud83d"})
        assert await upstream.next_message() == {"type": "typed", "text": "値段\ufffd"}
        session = await admin.session_when(session_id, lambda session: bool(session["messages"]))
    assert session["messages"][0]["message"] == "在庫\ufffd"


async def test_two_connections_write_one_sequence(admin: Account, upstream: Upstream) -> None:
    done = json.dumps({"type": "response.output_audio_transcript.done", "transcript": "はい"})
    upstream.handler = upstream.saying(*[done] * 10)
    session_id = admin.start_session()
    async with admin.relay(session_id), admin.relay(session_id):
        session = await admin.session_when(session_id, lambda session: len(session["messages"]) == 20)
    assert [message["sequence"] for message in session["messages"]] == list(range(1, 21))


async def test_the_log_has_the_lines_of_the_test_summary_and_no_token(
    start_server: Callable[..., Server], upstream: Upstream
) -> None:
    admin = start_server(SALESMIND_LOG_AUDIO="chunks").log_in()
    session_id = admin.start_session()
    path = f"/ws/realtime/?token={admin.token}&session_id={session_id}"
    async with admin.server.websocket(path) as client:
        await client.until("session.created")
        await client.send({"type": "session.update", "session": {"type": "realtime"}})
        await client.until("session.updated")
        await client.send(CHUNK)
        await upstream.next_message()
        await upstream.next_message()
    await admin.session_when(session_id, lambda session: session["realtime_mode"] is False)
    expected = [
        f"✅ WebSocket接続受け入れ: user=admin, session={session_id}",
        f"✅ Session {session_id} realtime_mode updated to True",
        "✅ OpenAI Realtime API接続成功",
        "📩 OpenAIからメッセージ受信: type=session.created",
        "📨 クライアントからテキスト受信: type=session.update",
        "📩 OpenAIからメッセージ受信: type=session.updated",
        "✅ OpenAIへ音声転送成功: 8192 bytes",
        f"✅ Session {session_id} realtime_mode updated to False",
    ]
    async with asyncio.timeout(15):
        while expected[-1] not in (log := admin.server.log.read_text()):
            await asyncio.to_thread(admin.session, session_id)
    position = log.index(expected[0])
    for line in expected[:3] + expected[4:]:
        position = log.index(line, position)
    assert expected[3] in log
    assert admin.token not in log
    assert "token=***" in log
