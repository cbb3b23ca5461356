from __future__ import annotations

import json
from typing import Any

import pytest
from openai.types.realtime import RealtimeClientEvent
from pydantic import TypeAdapter

from api_client import client_events as ce
from api_client.session_update import SessionSettings, session_update

SETTINGS = SessionSettings(
    instructions="あなたは顧客です。",
    voice="cedar",
    transcription_model="gpt-4o-mini-transcribe",
    transcription_language="ja",
    threshold=0.6,
    prefix_padding_ms=400,
    silence_duration_ms=800,
)


@pytest.mark.parametrize(
    "event",
    [
        session_update(SETTINGS, "ga"),
        session_update(SETTINGS, "ga", event_id="event_1"),
        ce.item_create_text("こんにちは"),
        ce.item_create_text("hello", event_id="event_2"),
        ce.item_truncate("item_1", 0),
        ce.item_truncate("item_1", 1_480, content_index=2, event_id="event_3"),
        ce.response_create(),
        ce.response_cancel(),
        ce.response_cancel("resp_1"),
    ],
    ids=lambda event: event.type,
)
def test_openai_reads_back_what_we_send(event: ce.ClientEvent) -> None:
    sent = json.loads(ce.encode(event))
    read: Any = TypeAdapter(RealtimeClientEvent).validate_python(sent)
    assert read.type == event.type
    # Nothing that we send is unknown to the schema: it comes back whole.
    assert read.model_dump(exclude_unset=True, by_alias=True) == sent


def test_the_ga_session_update_is_exactly_this() -> None:
    pcm = {"type": "audio/pcm", "rate": 24_000}
    assert json.loads(ce.encode(session_update(SETTINGS, "ga"))) == {
        "type": "session.update",
        "session": {
            "type": "realtime",
            "output_modalities": ["audio"],
            "instructions": "あなたは顧客です。",
            "audio": {
                "input": {
                    "format": pcm,
                    "transcription": {"model": "gpt-4o-mini-transcribe", "language": "ja"},
                    "turn_detection": {
                        "type": "server_vad",
                        "threshold": 0.6,
                        "prefix_padding_ms": 400,
                        "silence_duration_ms": 800,
                    },
                },
                "output": {"format": pcm, "voice": "cedar"},
            },
        },
    }


def test_the_beta_session_update_is_what_the_stock_client_sends_but_for_the_model() -> None:
    assert json.loads(ce.encode(session_update(SETTINGS, "beta"))) == {
        "type": "session.update",
        "session": {
            "modalities": ["audio", "text"],
            "instructions": "あなたは顧客です。",
            "voice": "cedar",
            "input_audio_format": "pcm16",
            "output_audio_format": "pcm16",
            "input_audio_transcription": {"model": "gpt-4o-mini-transcribe", "language": "ja"},
            "turn_detection": {
                "type": "server_vad",
                "threshold": 0.6,
                "prefix_padding_ms": 400,
                "silence_duration_ms": 800,
            },
        },
    }
