"""Programs that nobody here wrote, on both sides of the engine: clients that hold a turn with a function call, and a
chat server that thinks for the customer.

They live in environments of their own; ``make test-clients`` installs them and runs this.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from backend.engine.options import EngineOptions, MindOptions
from backend.engine.server import serving

HERE = Path(__file__).parent
ROOT = HERE.parents[3]
PYTHON = Path(os.environ.get("SALESMIND_CLIENTS_PYTHON") or ROOT / ".venv-clients" / "bin" / "python")
MODULES = Path(os.environ.get("SALESMIND_CLIENTS_NODE") or ROOT / ".venv-clients" / "node_modules")
TIMEOUT_S = 180
"""The clients take seconds to start, and more on a busy machine."""
TOOL = {
    "type": "function",
    "name": "count_stock",
    "description": "Count the stock of a part.",
    "parameters": {
        "type": "object",
        "properties": {"part_number": {"type": "string"}},
        "required": ["part_number"],
    },
}

pytestmark = [
    pytest.mark.clients,
    pytest.mark.skipif(
        not (PYTHON.exists() and MODULES.exists()), reason="make test-clients installs the clients"
    ),
]


async def run(*command: str) -> str:
    """What ``command`` prints. Fails when it does, with its errors."""
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(TIMEOUT_S):
            out, errors = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        raise
    assert process.returncode == 0, errors.decode()[-2_000:]
    return out.decode()


@pytest.mark.parametrize("client", ["livekit_turn.py", "pipecat_turn.py", "agents_realtime_turn.mjs"])
async def test_a_client_runs_its_function_and_hears_of_the_output(
    client: str, transcriber: Any, tmp_path: Path
) -> None:
    async with serving(EngineOptions(port=0, pace=200.0), transcriber) as url:
        if client.endswith(".mjs"):  # Node looks for packages beside the script
            (tmp_path / "node_modules").symlink_to(MODULES)
            script = tmp_path / client
            script.write_text((HERE / client).read_text(encoding="utf-8"), encoding="utf-8")
            printed = await run("node", str(script), url)
        else:
            printed = await run(str(PYTHON), str(HERE / client), url)
    seen = json.loads(printed.splitlines()[-1])
    assert seen["runs"] == [{"part_number": "PX-4711", "count": 30}]
    assert seen["said"] == "確認しました。PX-4711は60個あります。"
    assert not seen.get("errors")


class Hum:
    """A voice that hums for as long as the text is."""

    async def say(self, text: str, language: str) -> bytes:
        return b"\1\0" * 2_400 * len(text.strip())

    def speaks(self, language: str) -> bool:
        return True

    def prepare(self, language: str) -> None:
        pass


@asynccontextmanager
async def aimock(*options: str) -> AsyncIterator[str]:
    """The URL of aimock, playing the model as ``mind.json`` has it."""
    process = await asyncio.create_subprocess_exec(
        str(MODULES / ".bin" / "llmock"), "--port", "0", "--fixtures", str(HERE / "mind.json"), *options,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        async with asyncio.timeout(TIMEOUT_S):
            while True:
                line = (await process.stdout.readline()).decode()
                assert line, "aimock ended"
                if found := re.search(r"http://127\.0\.0\.1:[1-9]\d*", line):
                    break
        yield found[0] + "/v1"
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()


@pytest.fixture
def customer(transcriber: Any, dial: Any) -> Callable[..., Any]:
    """Opens a conversation with an engine whose customer thinks with the model at a URL."""

    @asynccontextmanager
    async def opened(url: str, timeout_s: float = 10.0, **session: Any) -> AsyncIterator[Any]:
        mind = MindOptions(url, "any", timeout_s=timeout_s)
        options = EngineOptions(port=0, pace=200.0, mind=mind)
        async with serving(options, transcriber, Hum()) as engine, dial(engine) as client:
            await client.configure(**session)
            yield client

    return opened


async def test_the_model_is_heard_before_it_has_said_everything(customer: Any) -> None:
    async with aimock("--latency", "100", "--chunk-size", "8") as url, customer(url) as client:
        await client.say("Tell me the long story.")
        await client.send("response.create")
        await client.until("response.output_audio.delta")
        before = "".join(
            event["delta"]
            for event in client.events
            if event["type"] == "response.output_audio_transcript.delta"
        )
        response = (await client.until("response.done"))["response"]
    whole = response["output"][0]["content"][0]["transcript"]
    assert whole.endswith("That is all there is to say.")
    assert len(before) < len(whole) / 2
    assert response["metadata"] is None


async def test_the_model_calls_the_clients_function(customer: Any) -> None:
    async with aimock() as url, customer(url, tools=[TOOL]) as client:
        await client.say("How many PX-4711 are there?")
        await client.send("response.create")
        call = (await client.until("response.done"))["response"]["output"][-1]
        assert (call["name"], json.loads(call["arguments"])) == ("count_stock", {"part_number": "PX-4711"})
        item = {"type": "function_call_output", "call_id": call["call_id"], "output": "60"}
        await client.send("conversation.item.create", item=item)
        await client.send("response.create")
        response = (await client.until("response.done"))["response"]
    assert response["output"][0]["content"][0]["transcript"] == "There are sixty of them."


@pytest.mark.parametrize(
    ("trouble", "told"),
    [
        (("--chaos-ratelimit", "1"), "HTTP 429"),
        (("--chaos-drop", "1"), "HTTP 500"),
        (("--chaos-malformed", "1"), "not JSON"),
        (("--chaos-disconnect", "1"), "Error"),
        (("--chaos-latency", "5000"), "no answer within 1 s"),
        (("--strict",), "HTTP"),
    ],
)
async def test_the_script_answers_for_a_model_in_trouble_and_says_so(
    trouble: tuple[str, ...], told: str, customer: Any
) -> None:
    async with aimock(*trouble) as url, customer(url, timeout_s=1.0) as client:
        await client.say("How are you?")
        await client.send("response.create")
        response = (await client.until("response.done"))["response"]
    assert response["status"] == "completed"
    assert response["output"][0]["content"][0]["transcript"].startswith("I am well, thanks.")
    assert told in response["metadata"]["mind"]
