"""What clients that are not run here are known to send and to wait for: section 14 of our notes on the protocol."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from websockets.asyncio.client import connect

UPDATES: list[dict[str, Any]] = [
    # openai-agents for Python and JavaScript: semantic or server VAD with fields missing, and nulls.
    {
        "type": "realtime",
        "model": "gpt-realtime-2.1",
        "instructions": "あなたはお客様です。",
        "output_modalities": ["audio"],
        "tools": [],
        "tool_choice": "auto",
        "prompt": None,
        "tracing": "auto",
        "audio": {
            "input": {
                "format": {"type": "audio/pcm", "rate": 24_000},
                "noise_reduction": None,
                "transcription": {"model": "gpt-4o-mini-transcribe"},
                "turn_detection": {"type": "semantic_vad"},
            },
            "output": {"format": {"type": "audio/pcm", "rate": 24_000}, "voice": "ash", "speed": 1},
        },
    },
    {
        "type": "realtime",
        "audio": {"input": {"turn_detection": {"type": "server_vad", "interrupt_response": True}}},
    },
    # one thing at a time, one after the other
    {"type": "realtime", "tracing": {"workflow_name": "w", "group_id": "g", "metadata": {"a": "b"}}},
    {"type": "realtime", "tools": [{"type": "function", "name": "f", "description": "", "parameters": {}}]},
    {"type": "realtime", "instructions": "You are a customer."},
    {"type": "realtime", "truncation": {"type": "retention_ratio", "retention_ratio": 0.8}},
    {
        "type": "realtime",
        "max_output_tokens": "inf",
        "reasoning": {"effort": "low"},
        "parallel_tool_calls": None,
    },
]


async def test_updates_may_follow_one_another_without_waiting(client: Any) -> None:
    for update in UPDATES:
        await client.send("session.update", session=update)
    for _ in UPDATES:
        updated = await client.until("session.updated")
    session = updated["session"]
    assert session["instructions"] == "You are a customer."
    assert session["audio"]["output"]["voice"] == "ash"
    assert session["audio"]["input"]["turn_detection"]["silence_duration_ms"] == 500
    assert session["tools"][0]["name"] == "f"


async def test_metadata_comes_back_in_both_events(client: Any) -> None:
    """livekit-agents finds its own response by it."""
    metadata = {"client_event_id": "response_create_0123456789ab"}
    await client.send("response.create", response={"instructions": "Greet.", "metadata": metadata})
    created = await client.until("response.created")
    done = await client.until("response.done")
    assert created["response"]["metadata"] == done["response"]["metadata"] == metadata


async def test_items_and_response_may_be_sent_back_to_back(client: Any) -> None:
    """pipecat names its items in 32 hex digits and waits for nothing."""
    item_id = "0123456789abcdef0123456789abcdef"
    await client.say("料金は月額15万円です", id=item_id)
    await client.send("response.create")
    done = await client.until("response.done")
    assert "15万円" in done["response"]["output"][0]["content"][0]["transcript"]
    await client.send("conversation.item.retrieve", item_id=item_id)
    assert (await client.until("conversation.item.retrieved"))["item"]["id"] == item_id


async def test_history_is_restored_as_text(client: Any) -> None:
    """After a reconnect: user turns as input_text, the customer's as output_text; none of it is said again."""
    await client.configure(output_modalities=["text"])
    answer = "いまは表計算ソフトで管理しています。倉庫の担当者が、毎日夕方に手で入力しています。"
    await client.say("在庫はどう管理していますか")
    restored = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": answer}]}
    await client.send("conversation.item.create", item=restored)
    await client.say("在庫はどう管理していますか")
    await client.send("response.create")
    done = await client.until("response.done")
    assert done["response"]["output"][0]["content"][0]["text"] not in ("", answer)


@pytest.mark.parametrize("compression", ["deflate", None])
async def test_compression_may_be_offered_and_pings_are_answered(
    engine_url: str, compression: str | None
) -> None:
    async with connect(f"{engine_url}?model=anything-at-all", compression=compression) as socket:
        async with asyncio.timeout(5):
            await (await socket.ping())


async def test_listening_goes_on_while_an_answer_is_sent(
    slow_engine_url: str, dial: Any, transcriber: Any, spoken: bytes
) -> None:
    async with dial(slow_engine_url) as client:
        transcription = {"model": "whisper-1", "language": "ja"}
        detection = {"type": "server_vad", "interrupt_response": False}
        await client.configure(audio={"input": {"transcription": transcription, "turn_detection": detection}})
        transcriber.words = "もしもし"
        await client.send("response.create")
        await client.until("response.output_audio.delta")
        await client.speak(spoken)
        await client.until("conversation.item.input_audio_transcription.completed")
        assert "response.done" not in client.types()
