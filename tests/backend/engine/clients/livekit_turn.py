"""One turn with a function call, held by livekit-plugins-openai's ``RealtimeModel`` in an ``AgentSession``.

    python livekit_turn.py URL

``URL``: ``ws://.../v1/realtime``. Prints what the function was given and what was said, as a line of JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from livekit.agents import Agent, AgentSession, function_tool
from livekit.plugins.openai.realtime import RealtimeModel

TIMEOUT_S = 120
RUNS: list[dict[str, Any]] = []


@function_tool
async def count_stock(part_number: str, count: int) -> str:
    """部品の在庫を調べる。"""
    RUNS.append({"part_number": part_number, "count": count})
    return f"{part_number}は{count * 2}個あります"


async def turn(url: str) -> dict[str, Any]:
    model = RealtimeModel(
        base_url=url.removesuffix("/realtime"), api_key="sk-none", model="gpt-realtime", modalities=["text"]
    )
    async with AgentSession(llm=model) as session, asyncio.timeout(TIMEOUT_S):
        await session.start(Agent(instructions="あなたはお客様です。", tools=[count_stock]))
        result = await session.run(user_input="部品PX-4711の在庫を30個、調べてください。")
    said = [event.item.text_content for event in result.events if event.type == "message"]
    return {"runs": RUNS, "said": "".join(text or "" for text in said)}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(turn(sys.argv[1])), ensure_ascii=False))
