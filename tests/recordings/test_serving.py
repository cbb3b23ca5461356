"""A recording as a server: the relay, with which it was made, takes it for the real one."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio
import uvicorn
from websockets.asyncio.client import connect

from api_client.rest import SalesMindClient
from recordings.serving import NothingToServe, RecordedServer
from relay.client import RelayProcess
from relay.config import RelayConfig
from relay.recording.reader import RecordingReader
from relay.stream import StreamEvent, Summary, Transcript
from tests.recordings.scripted_conversation import wire

MakeRecording = Callable[..., Path]


async def serve(directory: Path) -> tuple[uvicorn.Server, asyncio.Task[None], str]:
    app = RecordedServer(RecordingReader(directory))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", ws="websockets-sansio", lifespan="on"))
    listening = socket.create_server(("127.0.0.1", 0))
    task = asyncio.create_task(server.serve([listening]))
    while not server.started:  # noqa: ASYNC110 (uvicorn tells it no other way)
        await asyncio.sleep(0.005)
    return server, task, f"127.0.0.1:{listening.getsockname()[1]}"


@pytest_asyncio.fixture
async def place(make_recording: MakeRecording) -> AsyncIterator[str]:
    server, task, address = await serve(make_recording())
    yield address
    server.should_exit = True
    await task


async def test_a_foreign_client_gets_what_was_received_in_order_and_waits_its_turn(place: str) -> None:
    async with connect(f"ws://{place}/ws/realtime/?token=any") as client:
        created = json.loads(await client.recv())
        assert created["type"] == "session.created"
        # Nothing more comes until this client has sent its session.update, as the recorded one had.
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.recv(), 0.2)
        await client.send(json.dumps({"type": "session.update", "session": {}}))
        rest = [json.loads(await client.recv()) for _ in range(3)]
    assert [message["type"] for message in rest] == [
        "session.updated", "response.output_audio.delta", "response.done",
    ]  # fmt: skip
    assert rest[1] == json.loads(next(m for _, _, m in wire() if "delta" in str(m)))


async def test_any_login_works_and_the_flag_follows_the_socket(place: str) -> None:
    async with SalesMindClient(f"http://{place}") as client:
        login = await client.login("anybody", "anything")
    async with SalesMindClient(f"http://{place}", token=login.token) as client:
        [session] = (await client.list_sessions(1, 20)).results
        assert session.realtime_mode is False
        async with connect(f"ws://{place}/ws/realtime/?token={login.token}"):
            assert (await client.get_session(session.id)).realtime_mode is True


async def test_without_a_token_it_refuses(place: str) -> None:
    with pytest.raises(Exception, match="403"):
        await connect(f"ws://{place}/ws/realtime/")


async def converse(url: str, directory: Path, log: Path) -> list[StreamEvent]:
    config = RelayConfig(
        server_url=url, token="t" * 40, source="tone", seconds=1.0, record_directory=str(directory)
    )
    relay = await RelayProcess.start(config, log_path=log)
    return [event async for event in relay]


async def test_what_the_relay_recorded_it_sees_again(place: str, tmp_path: Path) -> None:
    """Recorded from a served recording, served again: the same messages came in."""
    first = await converse(f"http://{place}", tmp_path / "first", tmp_path / "1.log")
    assert isinstance(first[-1], Summary) and first[-1].exit_code == 0, first[-1]
    server, task, address = await serve(tmp_path / "first")
    try:
        second = await converse(f"http://{address}", tmp_path / "second", tmp_path / "2.log")
    finally:
        server.should_exit = True
        await task
    assert isinstance(second[-1], Summary) and second[-1].exit_code == 0
    assert received(tmp_path / "first") == received(tmp_path / "second")
    assert [e.text for e in first if isinstance(e, Transcript)] == [
        e.text for e in second if isinstance(e, Transcript)
    ]
    assert first[-1].audio_received_ms == second[-1].audio_received_ms > 0


def received(directory: Path) -> list[object]:
    return [m.event for m in RecordingReader(directory).wire() if m.direction == "in" and m.event is not None]


def test_a_recording_of_version_0_1_cannot_be_served(make_recording: MakeRecording) -> None:
    directory = make_recording()
    (directory / "wire.jsonl").unlink()
    with pytest.raises(NothingToServe):
        RecordedServer(RecordingReader(directory))
