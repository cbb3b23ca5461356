"""Silence: the idle timeout, and pauses that semantic_vad weighs by the words before them."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.engine.dialogue import Dialogue
from backend.engine.hearing import Hearing
from backend.engine.listening import Listening
from backend.engine.outbox import Outbox
from backend.engine.persona_file import load_personas
from backend.engine.request import request_for
from backend.engine.responder import Responder
from backend.engine.sentence import finished
from backend.engine.session import new_session
from backend.engine.voice import LocalVoice

TIMEOUT_S = 5.0
JAPANESE = {"model": "gpt-4o-mini-transcribe", "language": "ja"}
TRANSCRIPTION = "conversation.item.input_audio_transcription"


class Room:
    """The parts of one connection without its socket, so that a timeout may be shorter than the protocol allows."""

    def __init__(self, transcriber: Any, idle_timeout_ms: int) -> None:
        session = new_session("gpt-realtime-2.1")
        session["output_modalities"] = ["text"]
        session["audio"]["input"]["transcription"] = JAPANESE
        session["audio"]["input"]["turn_detection"]["idle_timeout_ms"] = idle_timeout_ms
        self.dialogue = Dialogue(session, Outbox(), transcriber, load_personas(), LocalVoice(), 1_000.0)
        self.responder = Responder(self.dialogue)
        self.listening = Listening(self.dialogue, self.responder, Hearing(self.dialogue))
        self.events: list[dict[str, Any]] = []

    def respond(self, **response: Any) -> None:
        self.responder.create(request_for(self.dialogue, {"response": response}))

    async def until(self, kind: str) -> dict[str, Any]:
        async with asyncio.timeout(TIMEOUT_S):
            while True:
                self.events.append(json.loads(await self.dialogue.outbox.get()))
                if self.events[-1]["type"] == kind:
                    return self.events[-1]


@pytest.fixture
async def room(transcriber: Any) -> Any:
    opened = Room(transcriber, idle_timeout_ms=40)
    yield opened
    opened.listening.stop()
    opened.responder.stop()


async def test_after_too_long_a_silence_the_customer_speaks_up(room: Room, transcriber: Any) -> None:
    await room.listening.append(bytes(48 * 500))
    room.respond()
    await room.until("rate_limits.updated")
    await room.listening.append(bytes(48 * 200))
    triggered = await room.until("input_audio_buffer.timeout_triggered")
    assert (triggered["audio_start_ms"], triggered["audio_end_ms"]) == (500, 700)
    done = await room.until("response.done")
    after = [e["type"] for e in room.events[room.events.index(triggered) :]]
    assert after[:4] == [
        "input_audio_buffer.timeout_triggered",
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
    ]
    assert {"response.created", f"{TRANSCRIPTION}.completed"} <= set(after)
    assert len({e["item_id"] for e in room.events if e["type"] in (after[0], after[1])}) == 1
    assert "聞こえ" in done["response"]["output"][0]["content"][0]["text"]
    assert transcriber.heard == []  # silence needs no Whisper


async def test_the_silence_is_kept_whole(transcriber: Any) -> None:
    room = Room(transcriber, idle_timeout_ms=500)
    room.respond()
    await room.until("rate_limits.updated")
    await room.listening.append(bytes(48 * 4_000))
    triggered = await room.until("input_audio_buffer.timeout_triggered")
    assert triggered["audio_end_ms"] - triggered["audio_start_ms"] == 4_000
    assert room.dialogue.conversation.audio_ms(triggered["item_id"]) == 4_000
    room.listening.stop()
    room.responder.stop()


async def test_whoever_speaks_in_time_is_not_interrupted(room: Room, transcriber: Any, spoken: bytes) -> None:
    transcriber.words = "料金はいくらですか"
    room.respond()
    await room.until("response.done")
    await room.listening.append(spoken)
    await room.until("input_audio_buffer.speech_stopped")
    assert "input_audio_buffer.timeout_triggered" not in [event["type"] for event in room.events]


async def test_an_answer_that_was_interrupted_is_no_longer_heard(transcriber: Any, spoken: bytes) -> None:
    """A fan that is switched on may break in on the customer, but opens no turn in the quiet afterwards."""
    room = Room(transcriber, idle_timeout_ms=5_000)
    room.dialogue.session["audio"]["input"]["turn_detection"]["create_response"] = False
    fan = (300 * np.random.default_rng(1).standard_normal(12_000)).astype("<i2").tobytes()
    room.respond(output_modalities=["audio"])
    await room.until("response.done")  # long before all of it can have been played
    await room.listening.append(spoken)
    await room.until("input_audio_buffer.speech_stopped")
    await room.listening.append(bytes(48 * 1_500) + fan + bytes(48 * 2_000))
    room.listening.clear()
    await room.until("input_audio_buffer.cleared")
    assert [event["type"] for event in room.events].count("input_audio_buffer.speech_started") == 1
    room.listening.stop()
    room.responder.stop()


async def test_the_clock_starts_when_the_answer_has_been_heard(room: Room) -> None:
    playing: list[float] = []
    room.responder.when_done = playing.append
    room.respond(output_modalities=["audio"])
    done = await room.until("response.done")
    length_s = done["response"]["usage"]["output_token_details"]["audio_tokens"] * 0.05
    assert playing == [pytest.approx(length_s, abs=0.5)]


async def test_a_sentence_that_is_whole_ends_the_turn_sooner(
    client: Any, transcriber: Any, spoken: bytes
) -> None:
    """The recording ends in a second of silence: enough for the one, too little for the other."""
    detection = {"type": "semantic_vad", "eagerness": "auto"}
    await client.configure(audio={"input": {"transcription": JAPANESE, "turn_detection": detection}})
    transcriber.words = "発注の担当者は何名いらっしゃいますか。"
    for start in range(0, len(spoken), 4_800):
        await client.speak(spoken[start : start + 4_800])
        await (await client.socket.ping())
    await client.until("response.done")
    transcriber.words = "発注の担当者のことなのですが、"
    for start in range(0, len(spoken), 4_800):
        await client.speak(spoken[start : start + 4_800])
        await (await client.socket.ping())
    await client.send("input_audio_buffer.clear")
    await client.until("input_audio_buffer.cleared")
    assert client.types().count("input_audio_buffer.speech_started") == 2
    assert client.types().count("input_audio_buffer.speech_stopped") == 1
    first_stop = next(e for e in client.events if e["type"] == "input_audio_buffer.speech_stopped")
    words_end_ms = len(spoken) / 48 - 1_000
    assert 450 < first_stop["audio_end_ms"] - words_end_ms < 800


@pytest.mark.parametrize(
    ("text", "language", "whole"),
    [
        ("現在、在庫はどのような方法で管理されていますか。", "ja", True),
        ("よろしくお願いします", "ja", True),
        ("在庫の管理についてなんですが、", "ja", False),
        ("それで、御社の。", "ja", False),
        ("えーと。", "ja", False),
        ("料金は月額15万円。", "ja", True),
        ("How do you keep track of your inventory?", "en", True),
        ("We offer a trial.", "en", True),
        ("So the thing is that.", "en", False),
        ("What I wanted to ask is, um.", "en", False),
        ("And then...", "en", False),
        ("", "en", False),
    ],
)
def test_whole_sentences_are_told_from_broken_ones(text: str, language: str, whole: bool) -> None:
    assert finished(text, language) is whole


@given(st.text(max_size=40), st.sampled_from(["ja", "en", "fr"]))
def test_any_text_can_be_judged(text: str, language: str) -> None:
    assert finished(text, language) in (True, False)
