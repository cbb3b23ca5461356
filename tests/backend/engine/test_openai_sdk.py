"""Conversations with a client nobody here wrote: openai-python's realtime connection."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from typing import Any

import openai
import pytest
import soundfile as sf
from openai.types.realtime import (
    RealtimeAudioConfigParam,
    RealtimeConversationItemUserMessageParam,
    RealtimeSessionCreateRequestParam,
)

from audio.samples import samples
from backend.engine.accuracy import character_error_rate, word_error_rate
from backend.engine.options import EngineOptions
from backend.engine.persona_file import load_personas
from backend.engine.server import serving
from backend.engine.transcription import WhisperTranscriber

TIMEOUT_S = 20
AUDIO: RealtimeAudioConfigParam = {
    "input": {
        "transcription": {"model": "gpt-4o-mini-transcribe", "language": "ja"},
        "turn_detection": {"type": "server_vad", "silence_duration_ms": 500},
    }
}
SPOKEN = RealtimeSessionCreateRequestParam(type="realtime", audio=AUDIO)
WRITTEN = RealtimeSessionCreateRequestParam(type="realtime", output_modalities=["text"])


def sdk(url: str) -> openai.AsyncOpenAI:
    base = url.removesuffix("/realtime")
    return openai.AsyncOpenAI(
        api_key="sk-none", base_url=base.replace("ws://", "http://"), websocket_base_url=base
    )


async def until(connection: Any, kind: str) -> Any:
    async with asyncio.timeout(TIMEOUT_S):
        async for event in connection:
            if event.type == kind:
                return event
            assert event.type != "error", event
    raise AssertionError("the connection ended")


@pytest.fixture
async def listening_url(whisper_transcriber: WhisperTranscriber) -> AsyncIterator[str]:
    async with serving(EngineOptions(port=0, pace=50.0), whisper_transcriber) as url:
        yield url


async def test_a_spoken_turn(listening_url: str) -> None:
    sample = samples("ja")[2]
    pcm = sf.read(sample.path, dtype="int16")[0].tobytes()
    async with sdk(listening_url).realtime.connect(model="gpt-realtime") as connection:
        await until(connection, "session.created")
        await connection.session.update(session=SPOKEN)
        await until(connection, "session.updated")
        for start in range(0, len(pcm), 4_800):
            await connection.input_audio_buffer.append(
                audio=base64.b64encode(pcm[start : start + 4_800]).decode()
            )
        heard, spoken = None, 0
        answer: Any = None
        async with asyncio.timeout(TIMEOUT_S):
            async for event in connection:
                assert event.type != "error", event
                if event.type == "conversation.item.input_audio_transcription.completed":
                    heard = event.transcript
                elif event.type == "response.output_audio.delta":
                    spoken += len(base64.b64decode(event.delta))
                elif event.type == "response.done":
                    answer = event.response
                    break
    assert heard is not None
    assert character_error_rate(sample.text, heard) < 0.3
    assert spoken > 48_000
    assert answer.status == "completed"
    assert answer.output[0].content[0].transcript.startswith("いまは表計算ソフトで")


TOPICS = [
    "greeting",
    "purpose",
    "stock",
    "staff",
    "trouble",
    "shortage",
    "line-stop",
    "delivery",
    "loss",
    "automatic",
    "forecast",
    "proposal",
    "integration",
    "price",
    "demo",
]


@pytest.mark.slow
async def test_fifteen_spoken_turns_from_the_sample_recordings(listening_url: str) -> None:
    """The conversation of the demo: each line is understood well enough to be answered to the point."""
    persona = load_personas()["purchasing-manager-ja"]
    errors = []
    async with sdk(listening_url).realtime.connect(model="gpt-realtime") as connection:
        await connection.session.update(session=SPOKEN)
        for sample, topic in zip(samples("ja"), TOPICS, strict=True):
            pcm = sf.read(sample.path, dtype="int16")[0].tobytes()
            await connection.input_audio_buffer.append(audio=base64.b64encode(pcm).decode())
            heard = (
                await until(connection, "conversation.item.input_audio_transcription.completed")
            ).transcript
            errors.append(character_error_rate(sample.text, heard))
            done = await until(connection, "response.done")
            answer = done.response.output[0].content[0].transcript
            assert answer in [given.text for given in persona.topics[topic].answers], heard
    assert sum(errors) / len(errors) < 0.08


@pytest.mark.parametrize("transcription", [{"language": "ja"}, {"languages": ["en", "ja"]}, {}])
async def test_both_languages_in_one_session(listening_url: str, transcription: dict[str, Any]) -> None:
    """Each is written as it was spoken; a customer who was to speak one does not pretend to know the other."""
    audio: Any = {  # languages is our own
        "input": {**AUDIO["input"], "transcription": {"model": "gpt-4o-mini-transcribe", **transcription}}
    }
    answers = []
    async with sdk(listening_url).realtime.connect(model="gpt-realtime") as connection:
        await connection.session.update(
            session=RealtimeSessionCreateRequestParam(type="realtime", audio=audio)
        )
        for sample, rate in ((samples("en")[1], word_error_rate), (samples("ja")[3], character_error_rate)):
            pcm = sf.read(sample.path, dtype="int16")[0].tobytes()
            await connection.input_audio_buffer.append(audio=base64.b64encode(pcm).decode())
            heard = await until(connection, "conversation.item.input_audio_transcription.completed")
            assert rate(sample.text, heard.transcript) < 0.2, heard.transcript
            done = await until(connection, "response.done")
            answers.append(done.response.output[0].content[0].transcript)
    in_english = "We use spreadsheets. Someone in the warehouse types in the numbers every evening."
    in_japanese = "すみません、日本語しか分からないもので。日本語でお願いできますか。"
    assert answers[0] == (in_japanese if transcription.get("language") else in_english)
    assert answers[1].startswith("購買部は5名で")


async def test_a_text_turn(engine_url: str) -> None:
    async with sdk(engine_url).realtime.connect(model="gpt-realtime") as connection:
        await connection.session.update(session=WRITTEN)
        question: RealtimeConversationItemUserMessageParam = {
            "type": "message",
            "role": "user",
            "content": [{"type": "input_text", "text": "御社の事業について教えてください。"}],
        }
        await connection.conversation.item.create(item=question)
        await connection.response.create(response={"metadata": {"mine": "1"}})
        done = await until(connection, "response.done")
        assert done.response.metadata == {"mine": "1"}
        assert "自動車の部品" in done.response.output[0].content[0].text


async def test_a_barge_in(slow_engine_url: str, spoken: bytes) -> None:
    async with sdk(slow_engine_url).realtime.connect(model="gpt-realtime") as connection:
        await connection.session.update(session=SPOKEN)
        await connection.response.create()
        delta = await until(connection, "response.output_audio.delta")
        for start in range(0, 48_000, 4_800):
            await connection.input_audio_buffer.append(
                audio=base64.b64encode(spoken[start : start + 4_800]).decode()
            )
        await until(connection, "input_audio_buffer.speech_started")
        done = await until(connection, "response.done")
        assert done.response.id == delta.response_id
        assert (done.response.status, done.response.status_details.reason) == ("cancelled", "turn_detected")
        await connection.conversation.item.truncate(item_id=delta.item_id, content_index=0, audio_end_ms=100)
        assert (await until(connection, "conversation.item.truncated")).audio_end_ms == 100
        await connection.conversation.item.retrieve(item_id=delta.item_id)
        assert (await until(connection, "conversation.item.retrieved")).item.id == delta.item_id
