"""Plain HTTP to the engine: client secrets for browsers, and a reason for everything else."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import openai
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openai.types.realtime import ClientSecretCreateResponse
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from backend.engine.client_secrets import ClientSecrets
from backend.engine.options import EngineOptions
from backend.engine.server import serving
from backend.engine.transcription import NoTranscriber

TOKEN = "sk-of-this-test"


def base_of(url: str) -> str:
    return url.removesuffix("/realtime").replace("ws://", "http://")


@pytest.fixture
async def guarded_url() -> AsyncIterator[str]:
    async with serving(EngineOptions(port=0, token=TOKEN), NoTranscriber("off")) as url:
        yield url


@pytest.fixture
async def http(engine_url: str) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=base_of(engine_url), trust_env=False) as client:
        yield client


async def first_event(url: str, **options: Any) -> Any:
    async with connect(url, **options) as socket:
        return json.loads(await socket.recv())


async def test_a_secret_opens_the_session_it_was_made_for(engine_url: str) -> None:
    sdk = openai.AsyncOpenAI(api_key="sk-any", base_url=base_of(engine_url))
    wanted: Any = {
        "type": "realtime",
        "model": "gpt-realtime-2.1",
        "instructions": "You are a buyer.",
        "audio": {"output": {"voice": "ash"}},
    }
    made = await sdk.realtime.client_secrets.create(
        expires_after={"anchor": "created_at", "seconds": 60}, session=wanted
    )
    assert made.value.startswith("ek_")
    assert made.session.type == "realtime"
    assert made.session.instructions == "You are a buyer."
    browser = [Subprotocol("realtime"), Subprotocol(f"openai-insecure-api-key.{made.value}")]
    for options in (
        {"subprotocols": browser, "origin": "https://shop.example"},
        {"additional_headers": {"Authorization": f"Bearer {made.value}"}},
    ):
        created = await first_event(engine_url, **options)
        assert created["type"] == "session.created", created
        assert created["session"]["model"] == "gpt-realtime-2.1"
        assert created["session"]["instructions"] == "You are a buyer."
        assert created["session"]["audio"]["output"]["voice"] == "ash"
        assert created["session"]["id"] != made.session.id
    ephemeral = openai.AsyncOpenAI(
        api_key=made.value, websocket_base_url=engine_url.removesuffix("/realtime")
    )
    async with ephemeral.realtime.connect(model="gpt-realtime-2.1") as connection:
        assert (await connection.recv()).type == "session.created"


async def test_a_secret_may_be_for_listening_only(http: httpx.AsyncClient, engine_url: str) -> None:
    answer = await http.post("/realtime/client_secrets", json={"session": {"type": "transcription"}})
    made = ClientSecretCreateResponse.model_validate(answer.json())
    created = await first_event(engine_url, additional_headers={"Authorization": f"Bearer {made.value}"})
    assert created["session"]["type"] == "transcription"


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        (b"{", "invalid_json", None),
        (b"[]", "invalid_type", None),
        (b'{"sesion": {}}', "unknown_parameter", "sesion"),
        (b'{"session": {}}', "missing_required_parameter", "session.type"),
        (b'{"session": {"type": "realtime", "voice": "ash"}}', "unknown_parameter", "session.voice"),
        (b'{"session": {"type": "realtime", "model": 1}}', "invalid_type", "session.model"),
        (b'{"expires_after": {"seconds": 9}}', "invalid_value", "expires_after.seconds"),
        (b'{"expires_after": {"seconds": 7201}}', "invalid_value", "expires_after.seconds"),
        (b'{"expires_after": {"anchor": "now"}}', "invalid_value", "expires_after.anchor"),
    ],
)
async def test_a_secret_that_cannot_be_made_says_which_field(
    http: httpx.AsyncClient, body: bytes, code: str, param: str | None
) -> None:
    answer = await http.post("/realtime/client_secrets", content=body)
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert (error["code"], error["param"], error["type"]) == (code, param, "invalid_request_error")


async def test_only_the_owner_of_the_token_makes_secrets(guarded_url: str) -> None:
    with pytest.raises(openai.AuthenticationError) as refused:
        await openai.AsyncOpenAI(
            api_key="wrong", base_url=base_of(guarded_url)
        ).realtime.client_secrets.create()
    assert refused.value.code == "invalid_api_key"
    owner = openai.AsyncOpenAI(api_key=TOKEN, base_url=base_of(guarded_url))
    secret = (await owner.realtime.client_secrets.create()).value
    with pytest.raises(openai.AuthenticationError):
        await openai.AsyncOpenAI(
            api_key=secret, base_url=base_of(guarded_url)
        ).realtime.client_secrets.create()
    created = await first_event(guarded_url, additional_headers={"Authorization": f"Bearer {secret}"})
    assert created["type"] == "session.created"


@pytest.mark.parametrize("token", [None, TOKEN])
async def test_a_secret_that_nobody_made_is_refused(token: str | None) -> None:
    async with (
        serving(EngineOptions(port=0, token=token), NoTranscriber("off")) as url,
        connect(f"{url}?model=m", additional_headers={"Authorization": "Bearer ek_invented"}) as socket,
    ):
        assert json.loads(await socket.recv())["error"]["code"] == "invalid_api_key"
        with pytest.raises(ConnectionClosed):
            await socket.recv()


def test_a_secret_expires_and_the_first_to_expire_makes_room() -> None:
    now = [1_000.0]
    secrets = ClientSecrets(lambda: now[0])
    short, long = secrets.issue({}, 10), secrets.issue({}, 7_200)
    now[0] += 9
    assert secrets.get(short.value) == short
    now[0] += 1
    assert secrets.get(short.value) is None
    for _ in range(999):
        secrets.issue({}, 7_200)
    assert secrets.get(long.value) == long
    secrets.issue({}, 7_200)
    assert secrets.get(long.value) is None
    assert long.value not in repr(long)


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "invalid_url"),
        ("POST", "/chat/completions", 404, "invalid_url"),
        ("GET", "/realtime", 426, "websocket_required"),
        ("POST", "/realtime", 405, "method_not_supported"),
        ("DELETE", "/realtime/", 405, "method_not_supported"),
        ("GET", "/realtime/client_secrets", 405, "method_not_supported"),
        ("POST", "/realtime/calls", 404, "webrtc_not_offered"),
        ("POST", "/realtime/calls/rtc_1/accept", 404, "webrtc_not_offered"),
        ("POST", "/realtime/sessions", 404, "beta_api_shape_disabled"),
        ("PATCH", "/[", 404, "invalid_url"),
    ],
)
async def test_everything_else_is_refused_in_json(
    http: httpx.AsyncClient, method: str, path: str, status: int, code: str
) -> None:
    answer = await http.request(method, path, content=b"v=0" if method == "POST" else None)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["error"]["code"] == code
    assert answer.json()["error"]["message"]


async def test_webrtc_is_said_to_be_missing_to_a_client_that_tries_it(engine_url: str) -> None:
    sdk = openai.AsyncOpenAI(api_key="sk-any", base_url=base_of(engine_url))
    with pytest.raises(openai.NotFoundError, match="neither WebRTC nor SIP"):
        await sdk.realtime.calls.create(sdp="v=0")


async def test_a_head_has_no_body_and_a_body_has_its_limit(http: httpx.AsyncClient) -> None:
    head = await http.head("/nowhere")
    assert (head.status_code, head.content) == (404, b"")
    answer = await http.post("/realtime/client_secrets", content=bytes(300_000))
    assert answer.status_code == 413


async def exchange(url: str, sent: bytes) -> bytes:
    """What comes back for ``sent`` until the other side closes."""
    host, port = url.removeprefix("ws://").split("/")[0].split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(sent)
    async with asyncio.timeout(10):
        answer = await reader.read()
    writer.close()
    return answer


@pytest.mark.parametrize(
    ("sent", "begins"),
    [
        (b"NONSENSE\r\n\r\n", b"HTTP/1.1 400"),
        (b"GET / HTTP/1.1\r\n\r\n", b"HTTP/1.1 400"),
        (b"GET /" + b"x" * 70_000, b"HTTP/1.1 "),
        (b"\x16\x03\x01\x02\x00\x01\x00", b""),
        (b"GET /v1/realtime?model=m HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
         b"HTTP/1.1 400"),
        (b"GET /v1/other HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", b"HTTP/1.1 404"),
        (b"POST /v1/realtime/client_secrets HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n"
         b"Expect: 100-continue\r\n\r\n{}", b"HTTP/1.1 200"),
        (b"POST /v1/realtime/client_secrets HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
         b"2\r\n{}\r\n0\r\n\r\n", b"HTTP/1.1 200"),
    ],
)  # fmt: skip
async def test_whatever_is_sent_gets_an_answer_in_json_or_an_end(
    engine_url: str, sent: bytes, begins: bytes
) -> None:
    answer = await exchange(engine_url, sent)
    assert answer.startswith(begins)
    if answer:
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.lower().count(b"content-type:") == 1
        assert isinstance(json.loads(body), dict)


async def test_a_client_that_waits_is_told_to_go_on(engine_url: str) -> None:
    host, port = engine_url.removeprefix("ws://").split("/")[0].split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(
        b"POST /v1/realtime/client_secrets HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"
    )
    async with asyncio.timeout(10):
        assert (await reader.readline()).startswith(b"HTTP/1.1 100")
        writer.write(b"{}")
        assert b"ek_" in await reader.read()
    writer.close()


@given(st.lists(st.binary(max_size=60) | st.sampled_from(
    [b"GET ", b"POST ", b"/v1/realtime", b" HTTP/1.1\r\n", b"Host: h\r\n", b"Upgrade: websocket\r\n",
     b"Content-Length: 3\r\n", b"\r\n", b"Origin: x\r\nOrigin: y\r\n", b"Authorization: a\r\n", b"//[", b"?a=%ff"]
), max_size=9))  # fmt: skip
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_bytes_of_a_first_request_harm_the_engine(pieces: list[bytes]) -> None:
    async def attack() -> None:
        async with serving(EngineOptions(port=0), NoTranscriber("off")) as url:
            host, port = url.removeprefix("ws://").split("/")[0].split(":")
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(b"".join(pieces))
            writer.write_eof()
            async with asyncio.timeout(10):
                answer = await reader.read()
            writer.close()
            assert b" 500 " not in answer.partition(b"\r\n")[0]
            created = await first_event(f"{url}?model=m")
            assert created["type"] == "session.created"

    asyncio.run(attack())
