"""The relay's socket, against servers that behave like existing ones (salesmind-api.md, section 3)."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
import ssl
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection
from websockets.datastructures import Headers
from websockets.http11 import Response

from api_client import events as ev
from api_client import realtime
from api_client.client_events import item_create_text, response_create
from api_client.close_codes import CloseCode
from api_client.errors import (
    ApiErrorCode,
    ConnectionLost,
    InvalidParameter,
    NotText,
    RealtimeRefused,
    SendStalled,
)
from api_client.realtime import RealtimeConnection, Received
from api_client.session_update import SessionSettings, session_update

SESSION_ID = "0b1c2d3e-0000-4000-8000-000000000000"
STUB = json.dumps({"type": "session.created", "session": {"id": SESSION_ID, "user": "admin"}})
BETA = {
    "id": "sess_B",
    "model": "gpt-realtime",
    "modalities": ["audio", "text"],
    "input_audio_format": "pcm16",
}
GA = {"id": "sess_A", "model": "gpt-realtime", "type": "realtime", "audio": {}}
PCM = bytes(range(256)) * 32

Start = Callable[..., Awaitable[str]]


async def _next(connection: RealtimeConnection) -> Received:
    async with asyncio.timeout(5):
        async for received in connection:
            return received
    raise AssertionError("closed")


async def _all(connection: RealtimeConnection) -> list[Received]:
    async with asyncio.timeout(5):
        return [received async for received in connection]


async def test_a_conversation_with_an_existing_server(relay_server: Start, token: str) -> None:
    heard: list[Any] = []

    async def handler(ws: ServerConnection) -> None:
        heard.append(ws.request.path if ws.request else None)
        await ws.send(STUB)
        await ws.send(json.dumps({"type": "session.created", "event_id": "event_1", "session": BETA}))
        heard.append(json.loads(await ws.recv()))
        await ws.send(json.dumps({"type": "session.updated", "event_id": "event_2", "session": BETA}))
        heard.append(await ws.recv())
        delta = {
            "type": "response.audio.delta",
            "event_id": "event_3",
            "delta": base64.b64encode(PCM).decode(),
        }
        await ws.send(json.dumps(delta))
        await ws.send(PCM)
        await ws.wait_closed()

    url = await relay_server(handler)
    connection = await RealtimeConnection.open(url, token, SESSION_ID)
    stub = await _next(connection)
    assert isinstance(stub.event, ev.SessionCreated)
    assert (stub.event.is_relay_stub, connection.dialect) == (True, None)
    created = await _next(connection)
    assert isinstance(created.event, ev.SessionCreated)
    assert connection.dialect == "beta"
    await connection.send(session_update(SessionSettings(instructions="x"), connection.dialect))
    assert isinstance((await _next(connection)).event, ev.SessionUpdated)
    await connection.send_audio(PCM)
    spoken, binary = (await _next(connection)).event, (await _next(connection)).event
    assert isinstance(spoken, ev.OutputAudioDelta)
    assert (spoken.delta, spoken.wire_type) == (PCM, "response.audio.delta")
    assert binary == ev.BinaryAudio(pcm=PCM)
    await connection.close()
    assert (connection.close_code, connection.close_reason) == (1000, "")
    assert connection.meaning is not None
    assert connection.meaning.code is CloseCode.NORMAL
    path, update, audio = heard
    assert path == f"/ws/realtime/?token={token}&session_id={SESSION_ID}"
    assert update["session"]["modalities"] == ["audio", "text"]
    assert audio == PCM


async def test_the_dialect_is_the_upstreams_and_stays(relay_server: Start, token: str) -> None:
    async def handler(ws: ServerConnection) -> None:
        await ws.send(json.dumps({"type": "session.created", "session": GA}))
        await ws.send(STUB)

    connection = await RealtimeConnection.open(await relay_server(handler), token)
    assert len(await _all(connection)) == 2
    assert connection.dialect == "ga"


async def test_typed_turns_go_out_as_text_and_audio_as_binary(relay_server: Start, token: str) -> None:
    heard: list[str | bytes] = []

    async def handler(ws: ServerConnection) -> None:
        heard.extend([await ws.recv() for _ in range(4)])

    connection = await RealtimeConnection.open(await relay_server(handler), token)
    await connection.send(item_create_text("こんにちは"))
    await connection.send(response_create())
    await connection.send_audio(bytearray(PCM))
    await connection.send_audio(memoryview(PCM)[:3])
    await _all(connection)
    assert [type(message) for message in heard] == [str, str, bytes, bytes]
    assert json.loads(heard[0])["item"]["content"] == [{"type": "input_text", "text": "こんにちは"}]
    assert heard[2:] == [PCM, PCM[:3]]


async def test_odd_messages_do_not_end_the_conversation(relay_server: Start, token: str) -> None:
    async def handler(ws: ServerConnection) -> None:
        for message in (
            "{",
            "[]",
            '{"type":"tomorrow"}',
            '{"type":"error","error":{"type":"forwarding_error"}}',
        ):
            await ws.send(message)
        await ws.send(STUB)

    connection = await RealtimeConnection.open(await relay_server(handler), token)
    kinds = [type(received.event) for received in await _all(connection)]
    assert kinds == [ev.MalformedEvent, ev.MalformedEvent, ev.UnknownEvent, ev.ErrorEvent, ev.SessionCreated]


async def test_messages_are_stamped_when_they_arrive_not_when_they_are_read(
    relay_server: Start, token: str
) -> None:
    sent = asyncio.Event()

    async def handler(ws: ServerConnection) -> None:
        await ws.send('{"type":"あ"}')
        await (await ws.ping())
        sent.set()
        await ws.wait_closed()

    before = time.monotonic()
    connection = await RealtimeConnection.open(await relay_server(handler), token)
    async with asyncio.timeout(5):
        await sent.wait()
    all_arrived = time.monotonic()
    time.sleep(0.05)  # noqa: ASYNC251 (the loop being busy is the point)
    received = await _next(connection)
    assert before < received.at <= all_arrived
    assert received.size_bytes == len('{"type":"あ"}'.encode())
    await connection.close()


async def test_a_message_of_several_mebibytes_passes(relay_server: Start, token: str) -> None:
    big = json.dumps(
        {"type": "response.output_audio.delta", "delta": base64.b64encode(bytes(12 * 2**20)).decode()}
    )

    async def handler(ws: ServerConnection) -> None:
        await ws.send(big)

    connection = await RealtimeConnection.open(await relay_server(handler), token)
    (received,) = await _all(connection)
    assert isinstance(received.event, ev.OutputAudioDelta)
    assert len(received.event.delta) == 12 * 2**20
    assert received.size_bytes == len(big)


@pytest.mark.parametrize(
    ("code", "reason", "name"),
    [
        (4404, "unknown session", CloseCode.UNKNOWN_SESSION),
        (4002, "", CloseCode.UPSTREAM_LOST),
        (4000, "invalid_request_error.beta_api_shape_disabled", CloseCode.BETA_API_SHAPE_DISABLED),
    ],
)
async def test_a_close_by_the_server_ends_the_iteration_and_says_why(
    relay_server: Start, token: str, code: int, reason: str, name: CloseCode
) -> None:
    async def handler(ws: ServerConnection) -> None:
        await ws.send('{"type":"error","error":{"type":"connection_error","message":"m"}}')
        await ws.close(code, reason)

    connection = await RealtimeConnection.open(await relay_server(handler), token)
    assert (connection.close_code, connection.meaning) == (None, None)
    assert [type(received.event) for received in await _all(connection)] == [ev.ErrorEvent]
    assert (connection.close_code, connection.close_reason) == (code, reason)
    assert connection.meaning is not None
    assert connection.meaning.code is name
    with pytest.raises(ConnectionLost) as caught:
        await connection.send_audio(PCM)
    assert (caught.value.close_code, caught.value.close_reason) == (code, reason)
    assert caught.value.summary == (reason or None)


async def test_a_server_that_is_killed_leaves_1006(relay_server: Start, token: str) -> None:
    async def handler(ws: ServerConnection) -> None:
        ws.transport.abort()

    connection = await RealtimeConnection.open(await relay_server(handler), token)
    assert await _all(connection) == []
    assert connection.close_code == 1006
    assert connection.meaning is not None
    assert connection.meaning.retry


async def test_a_bad_token_is_told_by_the_bare_403(relay_server: Start) -> None:
    async def handler(ws: ServerConnection) -> None: ...

    with pytest.raises(RealtimeRefused) as caught:
        await RealtimeConnection.open(await relay_server(handler), "bad0bad0", SESSION_ID)
    assert (caught.value.code, caught.value.status) == (ApiErrorCode.REALTIME_BAD_TOKEN, 403)


async def test_a_wrong_path_is_told_apart_from_a_bad_token(relay_server: Start, token: str) -> None:
    async def handler(ws: ServerConnection) -> None: ...

    url = await relay_server(handler)
    with pytest.raises(RealtimeRefused) as caught:
        await RealtimeConnection.open(f"{url}/elsewhere", token)
    assert (caught.value.code, caught.value.status) == (ApiErrorCode.REALTIME_WRONG_PATH, 500)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (401, ApiErrorCode.REALTIME_BAD_TOKEN),
        (404, ApiErrorCode.REALTIME_WRONG_PATH),
        (408, ApiErrorCode.SERVER_FAULT),
        (425, ApiErrorCode.SERVER_FAULT),
        (429, ApiErrorCode.RATE_LIMITED),
        (502, ApiErrorCode.SERVER_FAULT),
        (503, ApiErrorCode.SERVER_FAULT),
        (507, ApiErrorCode.SERVER_FAULT),
        (520, ApiErrorCode.SERVER_FAULT),
        (524, ApiErrorCode.SERVER_FAULT),
        (530, ApiErrorCode.SERVER_FAULT),
        (200, ApiErrorCode.REALTIME_REFUSED),
        (400, ApiErrorCode.REALTIME_REFUSED),
        (405, ApiErrorCode.REALTIME_REFUSED),
        (407, ApiErrorCode.REALTIME_REFUSED),
        (413, ApiErrorCode.REALTIME_REFUSED),
        (426, ApiErrorCode.REALTIME_REFUSED),
    ],
)
@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", None),
        (b'{"detail": "too many\\nof you"}', "too many\\nof you"),
        (b"Access denied\r\n2026-01-01 forged", "Access denied\\n2026-01-01 forged"),
        (b"<html><h1>Bad Gateway</h1></html>", None),
    ],
)
async def test_other_answers_to_the_handshake(
    relay_server: Start, token: str, status: int, code: ApiErrorCode, body: bytes, words: str | None
) -> None:
    def refuse(*_: Any) -> Response:
        headers = {"Content-Length": str(len(body)), "Retry-After": "30"}
        return Response(status, "", Headers(headers), body)

    async def handler(ws: ServerConnection) -> None: ...

    url = await relay_server(handler, process_request=refuse)
    with pytest.raises(RealtimeRefused) as caught:
        await RealtimeConnection.open(url, token)
    assert (caught.value.code, caught.value.status) == (code, status)
    assert (caught.value.summary, caught.value.retry_after_s) == (words, 30)
    assert caught.value.params == {"status": str(status)}


async def test_what_no_encoder_takes_is_not_sent(relay_server: Start, token: str) -> None:
    async def handler(ws: ServerConnection) -> None:
        await ws.wait_closed()

    async with await RealtimeConnection.open(await relay_server(handler), token) as connection:
        with pytest.raises(NotText) as caught:
            await connection.send(item_create_text("caf\udce9"))
    assert caught.value.params == {"name": "text"}


async def test_a_token_the_relay_could_not_read_is_not_sent(relay_server: Start) -> None:
    async def handler(ws: ServerConnection) -> None: ...

    with pytest.raises(InvalidParameter):
        await RealtimeConnection.open(await relay_server(handler), "a=b")


async def test_a_self_signed_certificate_is_accepted_when_asked_for(
    relay_server: Start, token: str, self_signed: ssl.SSLContext
) -> None:
    async def handler(ws: ServerConnection) -> None:
        await ws.send(STUB)

    url = await relay_server(handler, tls=self_signed)
    async with await RealtimeConnection.open(url, token, insecure=True) as connection:
        assert isinstance((await _next(connection)).event, ev.SessionCreated)


async def test_a_peer_that_takes_nothing_is_dropped(
    relay_server: Start, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(realtime, "SEND_TIMEOUT_S", 0.3)
    release = asyncio.Event()

    async def handler(ws: ServerConnection) -> None:
        ws.transport.pause_reading()
        await release.wait()
        ws.transport.abort()

    connection = await RealtimeConnection.open(await relay_server(handler), token)
    began = time.monotonic()
    with pytest.raises(SendStalled):
        async with asyncio.timeout(20):
            while True:
                await connection.send_audio(bytes(2**16))
    assert time.monotonic() - began < 10
    # The socket is gone at once: neither reading nor closing waits for the peer.
    assert await _all(connection) == []
    assert connection.close_code == 1006
    await connection.close()
    release.set()


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="this system has no TCP_USER_TIMEOUT")
async def test_the_kernel_gives_up_on_a_vanished_peer(relay_server: Start, token: str) -> None:
    """Read back from the kernel: taking a peer off the network needs rights that tests do not have."""

    async def handler(ws: ServerConnection) -> None:
        await ws.wait_closed()

    async with await RealtimeConnection.open(await relay_server(handler), token) as connection:
        raw = connection._websocket.transport.get_extra_info("socket")
        assert raw.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == realtime.SEND_TIMEOUT_S * 1000
        assert raw.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0


@pytest.mark.parametrize("stuck", [False, True], ids=["idle", "while a message is stuck"])
async def test_closing_does_not_wait_for_a_peer_that_is_silent(
    relay_server: Start, token: str, stuck: bool
) -> None:
    release = asyncio.Event()

    async def handler(ws: ServerConnection) -> None:
        ws.transport.pause_reading()
        await release.wait()
        ws.transport.abort()

    connection = await RealtimeConnection.open(await relay_server(handler), token)
    sending = asyncio.create_task(connection.send_audio(bytes(64 * 2**20 if stuck else 0)))
    await asyncio.sleep(0)
    began = time.monotonic()
    await connection.close()
    assert time.monotonic() - began < realtime.CLOSE_TIMEOUT_S + 1
    assert connection.close_code == 1006
    await connection.close()
    release.set()
    await asyncio.gather(sending, return_exceptions=True)


def _frame(first: int, payload: bytes) -> bytes:
    """One frame from a server; ``first`` is its first byte."""
    return bytes([first, 127]) + len(payload).to_bytes(8, "big") + payload


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"\xff\xfe\xfd" * 100, id="garbage"),
        pytest.param(_frame(0x81, b'{"type":"\xff"}'), id="no UTF-8"),
        pytest.param(_frame(0x85, b"x"), id="reserved opcode"),
        pytest.param(bytes([0x81, 127]) + (2**40).to_bytes(8, "big"), id="a terabyte"),
        pytest.param(_frame(0xF1, b"{}"), id="reserved bits"),
    ],
)
async def test_what_is_no_websocket_message_is_not_called_a_lost_network(
    relay_server: Start, token: str, sent: bytes
) -> None:
    async def handler(ws: ServerConnection) -> None:
        ws.transport.write(sent)
        await ws.wait_closed()

    connection = await RealtimeConnection.open(await relay_server(handler), token)
    assert await _all(connection) == []
    assert connection.close_code == 1006
    assert connection.meaning is not None
    assert (connection.meaning.code, connection.meaning.retry) == (CloseCode.UNREADABLE, True)
    with pytest.raises(ConnectionLost, match="unreadable"):
        await connection.send_audio(PCM)


async def test_a_peer_that_is_gone_as_it_answers_is_lost_not_an_error(
    relay_server: Start, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def handler(ws: ServerConnection) -> None:
        ws.transport.abort()

    dial = realtime._dial

    async def dial_and_lose(*args: Any) -> realtime._StampedConnection:
        connection = await dial(*args)
        await connection.wait_closed()
        return connection

    monkeypatch.setattr(realtime, "_dial", dial_and_lose)
    connection = await RealtimeConnection.open(await relay_server(handler), token)
    assert await _all(connection) == []
    assert connection.close_code == 1006
