"""An engine in this process and a client that lets no event pass which OpenAI's own types do not accept."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pydantic
import pytest
import soundfile as sf
from openai.types.realtime import RealtimeServerEvent
from websockets.asyncio.client import ClientConnection, connect

from audio.samples import samples
from backend.engine import whisper
from backend.engine.misbehaviour import UNKNOWN_EVENT
from backend.engine.options import EngineOptions
from backend.engine.outbox import Outbox
from backend.engine.server import serving
from backend.engine.speech import Expectation, Speech, Words
from backend.engine.transcription import TranscriptionUnavailable, WhisperTranscriber

SERVER_EVENT: pydantic.TypeAdapter[Any] = pydantic.TypeAdapter(RealtimeServerEvent)
TIMEOUT_S = 10.0


@pytest.fixture(autouse=True)
def every_event_is_checked(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No test sees the engine send an event that OpenAI's own types do not accept, read by a client or not."""
    refused: list[str] = []
    put = Outbox.put

    def checked(outbox: Outbox, event: dict[str, Any]) -> None:
        try:
            SERVER_EVENT.validate_python(event)
        except pydantic.ValidationError as error:
            if event.keys() >= {"event_id"} and event["type"] != UNKNOWN_EVENT:  # some tests put toys
                refused.append(f"{event}: {error}")
        put(outbox, event)

    monkeypatch.setattr(Outbox, "put", checked)
    yield
    assert refused == []


class ScriptedTranscriber:
    """Hears what the test tells it to; an exception is raised."""

    def __init__(self) -> None:
        self.words: str | TranscriptionUnavailable = ""
        self.language: str | None = None
        """What is spoken; None: what is expected."""
        self.released = asyncio.Event()
        self.released.set()
        self.heard: list[tuple[int, str]] = []
        self.prompts: list[str] = []
        self.speeches: list[Speech] = []

    async def transcribe(self, speech: Speech) -> Words:
        expected = speech.expectation.languages[0]
        self.heard.append((len(speech.pcm) // 48, expected))
        self.prompts.append(speech.expectation.vocabulary.get(expected, ""))
        self.speeches.append(speech)
        await self.released.wait()
        if isinstance(self.words, TranscriptionUnavailable):
            raise self.words
        return Words(self.words, self.language or expected)


@pytest.fixture(scope="session")
def whisper_transcriber() -> Iterator[WhisperTranscriber]:
    """Whisper itself: one for all, as it takes seconds to load."""
    if not whisper.available():
        pytest.skip("the [offline] extra is not installed")
    transcriber = WhisperTranscriber()
    asyncio.run(transcriber.transcribe(Speech(bytes(24_000), Expectation(("ja",)))))  # loaded
    yield transcriber
    transcriber.close()


class Client:
    """A Realtime client that keeps every event it has received, each checked against the schema."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.events: list[dict[str, Any]] = []

    async def send(self, kind: str, **fields: Any) -> None:
        await self.socket.send(json.dumps({"type": kind, **fields}))

    async def receive(self) -> dict[str, Any]:
        async with asyncio.timeout(TIMEOUT_S):
            message = await self.socket.recv()
        event: dict[str, Any] = json.loads(message)
        SERVER_EVENT.validate_python(event)
        assert event["event_id"].startswith("event_")
        self.events.append(event)
        return event

    async def until(self, kind: str) -> dict[str, Any]:
        """The next event of ``kind``; an ``error`` that was not waited for fails the test."""
        while True:
            event = await self.receive()
            if event["type"] == kind:
                return event
            assert event["type"] != "error", event

    async def configure(self, **session: Any) -> dict[str, Any]:
        await self.send("session.update", session={"type": "realtime", **session})
        return await self.until("session.updated")

    async def say(self, text: str, **item: Any) -> None:
        message = {
            "type": "message",
            "role": "user",
            "content": [{"type": "input_text", "text": text}],
            **item,
        }
        await self.send("conversation.item.create", item=message)

    async def speak(self, pcm: bytes, chunk: int = 9_600) -> None:
        for start in range(0, len(pcm), chunk):
            audio = base64.b64encode(pcm[start : start + chunk]).decode()
            await self.send("input_audio_buffer.append", audio=audio)

    def types(self, since: str | None = None) -> list[str]:
        """Types of the events so far, runs of deltas as one; from the last event of type ``since`` on."""
        found: list[str] = []
        for event in self.events:
            if event["type"] == since:
                found.clear()
            if not (event["type"].endswith(".delta") and found[-1:] == [event["type"]]):
                found.append(event["type"])
        return found


Engine = Callable[..., AbstractAsyncContextManager[Client]]


@pytest.fixture
def transcriber() -> ScriptedTranscriber:
    return ScriptedTranscriber()


@pytest.fixture
async def engine_url(transcriber: ScriptedTranscriber) -> AsyncIterator[str]:
    async with serving(EngineOptions(port=0, pace=200.0), transcriber) as url:
        yield url


@pytest.fixture
async def slow_engine_url(transcriber: ScriptedTranscriber) -> AsyncIterator[str]:
    """An engine that answers in real time, so that there is time to break in."""
    async with serving(EngineOptions(port=0, pace=1.0), transcriber) as url:
        yield url


@asynccontextmanager
async def open_client(url: str, model: str = "gpt-realtime-2.1") -> AsyncIterator[Client]:
    async with connect(f"{url}?model={model}", max_size=None) as socket:
        client = Client(socket)
        await client.until("session.created")
        yield client


@pytest.fixture
def dial() -> Engine:
    return open_client


@pytest.fixture
async def client(engine_url: str) -> AsyncIterator[Client]:
    async with open_client(engine_url) as opened:
        yield opened


@pytest.fixture(scope="session")
def spoken() -> bytes:
    """A Japanese question with the silence after it, PCM16 24 kHz mono: 発注の担当者は、何名いらっしゃいますか。"""
    sample = next(sample for sample in samples("ja") if sample.id == "ja-04-situation-staff")
    audio, _ = sf.read(sample.path, dtype="int16")
    return bytes(audio.tobytes())
