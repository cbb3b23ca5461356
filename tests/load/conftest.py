"""A server whose upstream answers what it hears, and counts the audio that reaches it."""

from __future__ import annotations

import base64
import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection

from audio.pcm import rms_dbfs
from tests.backend.spin.fake_upstream import Upstream
from tests.backend.spin.running_server import Server

QUIET_CHUNKS = 3
"""Half a second of 8192-byte chunks: the end of a turn."""
ANSWER = base64.b64encode(bytes(4800)).decode()


class AnsweringUpstream:
    """Answers each turn with 300 ms of audio, at once."""

    def __init__(self) -> None:
        self.chunks = 0
        self.turns = 0
        self._upstream = Upstream()
        self._upstream.handler = self._converse
        self.url = self._upstream.url

    async def _converse(self, connection: ServerConnection) -> None:
        session = {"type": "realtime", "id": "sess_1", "model": "m"}
        await connection.send(json.dumps({"type": "session.created", "session": session}))
        spoken, quiet = False, 0
        async for message in connection:
            event = json.loads(message)
            if event["type"] == "session.update":
                await connection.send(json.dumps({"type": "session.updated", "session": session}))
            elif event["type"] == "input_audio_buffer.append":
                self.chunks += 1
                loud = rms_dbfs(base64.b64decode(event["audio"])) > -45
                spoken, quiet = spoken or loud, 0 if loud else quiet + 1
                if spoken and quiet >= QUIET_CHUNKS:
                    spoken = False
                    await self._answer(connection)

    async def _answer(self, connection: ServerConnection) -> None:
        self.turns += 1
        number = f"{self.turns}"
        said = "conversation.item.input_audio_transcription.completed"
        await connection.send(json.dumps({"type": said, "item_id": number, "transcript": "はい"}))
        for _ in range(3):
            delta: dict[str, Any] = {
                "type": "response.output_audio.delta", "response_id": number, "item_id": "i", "delta": ANSWER,
            }  # fmt: skip
            await connection.send(json.dumps(delta))
        await connection.send(json.dumps({"type": "response.done", "response": {"id": number}}))

    def stop(self) -> None:
        """End its thread."""
        self._upstream.stop()


@pytest.fixture(scope="module")
def upstream() -> Iterator[AnsweringUpstream]:
    answering = AnsweringUpstream()
    yield answering
    answering.stop()


@pytest.fixture(scope="module")
def server(upstream: AnsweringUpstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("server"), upstream.url)
    yield running
    running.stop()


@pytest.fixture
def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
