"""Who is let in, with which token, and how much may be sent at once."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import openai
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from backend.engine import protocol, server
from backend.engine.options import TOKEN_VARIABLE, EngineOptions, OptionsError, read_token
from backend.engine.server import serving
from backend.engine.transcription import NoTranscriber

TOKEN = "sk-of-this-test"


@pytest.fixture
async def guarded_url() -> AsyncIterator[str]:
    async with serving(EngineOptions(port=0, token=TOKEN), NoTranscriber("off")) as url:
        yield f"{url}?model=gpt-realtime"


@pytest.mark.parametrize("authorization", [None, "Bearer sk-wrong", f"Basic {TOKEN}", "Bearer", "Bearer é"])
async def test_a_wrong_key_is_refused_as_openai_refuses_it(
    guarded_url: str, authorization: str | None
) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    async with connect(guarded_url, additional_headers=headers) as socket:
        error = json.loads(await socket.recv())["error"]
        assert error["code"] == "invalid_api_key"
        assert TOKEN not in json.dumps(error)
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (
        3000,
        "invalid_request_error.invalid_api_key",
    )


async def test_the_right_key_opens(guarded_url: str) -> None:
    async with connect(guarded_url, additional_headers={"Authorization": f"Bearer {TOKEN}"}) as socket:
        assert json.loads(await socket.recv())["type"] == "session.created"
    sdk = openai.AsyncOpenAI(
        api_key=TOKEN, websocket_base_url=guarded_url.removesuffix("/realtime?model=gpt-realtime")
    )
    async with sdk.realtime.connect(model="gpt-realtime") as connection:
        assert (await connection.recv()).type == "session.created"


async def test_a_browser_sends_its_key_as_a_subprotocol(guarded_url: str) -> None:
    offered = [Subprotocol("realtime"), Subprotocol(f"openai-insecure-api-key.{TOKEN}")]
    async with connect(guarded_url, subprotocols=offered) as socket:
        assert socket.subprotocol == "realtime"
        assert json.loads(await socket.recv())["type"] == "session.created"


def test_a_token_is_in_no_repr() -> None:
    assert TOKEN not in repr(EngineOptions(token=TOKEN))


def test_the_token_comes_from_a_file_or_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "token"
    path.write_text(f"{TOKEN}\n", encoding="utf-8")
    monkeypatch.delenv(TOKEN_VARIABLE, raising=False)
    assert read_token(None) is None
    assert read_token(path) == TOKEN
    monkeypatch.setenv(TOKEN_VARIABLE, "other")
    assert read_token(None) == "other"
    assert read_token(path) == TOKEN
    path.write_text("\n", encoding="utf-8")
    with pytest.raises(OptionsError, match="empty"):
        read_token(path)
    with pytest.raises(OptionsError, match="No such file"):
        read_token(tmp_path / "nowhere")


async def test_too_much_audio_in_one_event_is_an_error(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "MAX_APPEND_BYTES", 9_599)
    await client.speak(bytes(9_600))
    error = (await client.receive())["error"]
    assert (error["code"], error["param"]) == ("invalid_value", "audio")
    await client.configure(instructions="still here")


async def test_a_message_beyond_all_measure_ends_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "MAX_MESSAGE_BYTES", 10_000)
    async with (
        serving(EngineOptions(port=0), NoTranscriber("off")) as url,
        connect(f"{url}?model=m") as socket,
    ):
        await socket.recv()
        await socket.send("x" * 10_001)
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1009
