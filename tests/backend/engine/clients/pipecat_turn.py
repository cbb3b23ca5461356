"""One turn with a function call, held by pipecat's ``OpenAIRealtimeLLMService``.

    python pipecat_turn.py URL

``URL``: ``ws://.../v1/realtime``. Prints what the function was given and what was said, as a line of JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from pipecat.adapters.schemas.function_schema import FunctionSchema
from pipecat.adapters.schemas.tools_schema import ToolsSchema
from pipecat.frames.frames import (
    Frame,
    LLMContextFrame,
    TTSAudioRawFrame,
    TTSTextFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.runner import PipelineRunner
from pipecat.pipeline.task import PipelineTask
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.llm_service import FunctionCallParams
from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService

TIMEOUT_S = 120
ASKED = "部品PX-4711の在庫を30個、調べてください。"
RUNS: list[dict[str, Any]] = []


async def count_stock(params: FunctionCallParams) -> None:
    """The function's body; the output is what the answer is to speak of."""
    given = dict(params.arguments)
    RUNS.append(given)
    await params.result_callback(f"{given['part_number']}は{given['count'] * 2}個あります")


class Listener(FrameProcessor):
    """Keeps what the service says."""

    def __init__(self) -> None:
        super().__init__()
        self.said = ""
        self.audio_bytes = 0
        self.changed = asyncio.Event()

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, TTSTextFrame):
            self.said += frame.text
            self.changed.set()
        elif isinstance(frame, TTSAudioRawFrame):
            self.audio_bytes += len(frame.audio)
        await self.push_frame(frame, direction)


async def turn(url: str) -> dict[str, Any]:
    schema = FunctionSchema(
        name="count_stock",
        description="部品の在庫を調べる。",
        properties={"part_number": {"type": "string"}, "count": {"type": "integer"}},
        required=["part_number", "count"],
    )
    service = OpenAIRealtimeLLMService(api_key="sk-none", base_url=url, model="gpt-realtime")
    service.register_function("count_stock", count_stock)
    context = LLMContext([{"role": "user", "content": ASKED}], ToolsSchema(standard_tools=[schema]))
    aggregators = LLMContextAggregatorPair(context)
    listener = Listener()
    task = PipelineTask(Pipeline([aggregators.user(), service, listener, aggregators.assistant()]))
    running = asyncio.create_task(PipelineRunner(handle_sigint=False).run(task))
    await task.queue_frame(LLMContextFrame(context))
    async with asyncio.timeout(TIMEOUT_S):
        while not (RUNS and listener.said.endswith("。")):
            listener.changed.clear()
            await listener.changed.wait()
    await task.cancel()
    await running
    return {"runs": RUNS, "said": listener.said, "audio_bytes": listener.audio_bytes}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(turn(sys.argv[1])), ensure_ascii=False))
