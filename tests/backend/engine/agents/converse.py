"""Conversations held by openai-agents' ``RealtimeSession``, in its own environment.

    python converse.py PCM

``PCM``: a file of PCM16 24 kHz. For each line of standard input, ``["<url>", "<scenario>"]``, holds a conversation and
prints what it saw as a line of JSON. Scenarios: spoken, text, tool, required_tool and barge_in.
"""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import date
from pathlib import Path
from typing import Any, Literal

from agents import function_tool
from agents.realtime import RealtimeAgent, RealtimeRunner, RealtimeSession
from pydantic import BaseModel

CHUNK = 4_800
TIMEOUT_S = 20
SETTINGS: dict[str, Any] = {
    "model_name": "gpt-realtime",
    "audio": {
        "input": {
            "format": "pcm16",
            "transcription": {"model": "gpt-4o-mini-transcribe", "language": "ja"},
            "turn_detection": {"type": "server_vad", "silence_duration_ms": 500, "interrupt_response": True},
        },
        "output": {"format": "pcm16", "voice": "marin", "speed": 1},
    },
}


RUNS: list[dict[str, Any]] = []
"""What the tool's body was given, each time it ran: arguments that its schema let pass."""


class Delivery(BaseModel):
    place: str
    day: date


@function_tool
def count_stock(
    part_number: str, count: int, speed: Literal["standard", "express"], delivery: Delivery | None
) -> str:
    """部品の在庫を調べる。"""
    RUNS.append({"part": part_number, "count": count, "speed": speed, "place": delivery and delivery.place})
    return f"{part_number}は{count * 2}個あります"


class Seen:
    """What came out of the session."""

    def __init__(self) -> None:
        self.kinds: list[str] = []
        self.audio_bytes = 0
        self.history: list[dict[str, Any]] = []
        self.errors: list[str] = []
        self.responses: list[str] = []

    def note(self, event: Any) -> None:
        self.kinds.append(event.type)
        if event.type == "audio":
            self.audio_bytes += len(event.audio.data)
        elif event.type == "history_updated":
            self.history = [item.model_dump(mode="json") for item in event.history]
        elif event.type == "error":
            self.errors.append(str(event.error))
        elif event.type == "raw_model_event" and event.data.type == "raw_server_event":
            raw = event.data.data
            if raw.get("type") == "response.done":
                self.responses.append(raw["response"]["status"])


async def speak(session: RealtimeSession, pcm: bytes) -> None:
    for start in range(0, len(pcm), CHUNK):
        await session.send_audio(pcm[start : start + CHUNK])


async def converse(url: str, pcm: bytes, scenario: str) -> Seen:
    tools = [count_stock] if "tool" in scenario else []
    settings = {**SETTINGS, **({"tool_choice": "required"} if scenario == "required_tool" else {})}
    runner = RealtimeRunner(
        RealtimeAgent(name="customer", instructions="あなたはお客様です。", tools=tools),
        config={"model_settings": settings, "tracing_disabled": True},  # type: ignore[arg-type,typeddict-item]  # of a dict
    )
    session = await runner.run(model_config={"url": url, "api_key": "sk-none"})
    seen = Seen()
    async with session, asyncio.timeout(TIMEOUT_S):
        if scenario == "spoken":
            await speak(session, pcm)
        elif tools:
            await session.send_message("部品PX-4711の在庫を30個、expressで調べてください。")
        else:
            await session.send_message("現在、在庫はどのように管理されていますか。")
        broke_in = False
        async for event in session:
            seen.note(event)
            if scenario == "barge_in" and event.type == "audio" and not broke_in:
                broke_in = True
                await speak(session, pcm[: 48 * 1_000])
            wanted = "audio_interrupted" if scenario == "barge_in" else "agent_end"
            finished = wanted in seen.kinds and bool(seen.responses)
            if tools:
                finished = "tool_end" in seen.kinds and len(seen.responses) > 1
            if finished and (scenario != "spoken" or user_transcript(seen)):
                return seen
    return seen


def user_transcript(seen: Seen) -> str | None:
    for item in seen.history:
        if item.get("role") == "user":
            return next((part.get("transcript") or part.get("text") for part in item["content"]), None)
    return None


if __name__ == "__main__":
    sound = Path(sys.argv[1]).read_bytes()
    for line in sys.stdin:
        RUNS.clear()
        result = asyncio.run(converse(json.loads(line)[0], sound, json.loads(line)[1]))
        told = {**vars(result), "runs": RUNS, "user": user_transcript(result)}
        print(json.dumps(told, ensure_ascii=False), flush=True)
