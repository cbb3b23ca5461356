"""Conversations with another client that nobody here wrote: openai-agents' ``RealtimeSession``.

It needs an older websockets than the console, so it runs in an environment of its own: ``.venv-agents``, or the
interpreter that ``SALESMIND_AGENTS_PYTHON`` names. ``make test`` makes the former.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
CLIENT = Path(__file__).parent / "agents" / "converse.py"
PYTHON = Path(os.environ.get("SALESMIND_AGENTS_PYTHON") or ROOT / ".venv-agents" / "bin" / "python")
TIMEOUT_S = 40

pytestmark = pytest.mark.skipif(
    not PYTHON.exists(), reason="openai-agents is not installed: make .venv-agents/.done"
)
Converse = Callable[[str, str], Awaitable[dict[str, Any]]]


@pytest.fixture(scope="module")
def agents(spoken: bytes, tmp_path_factory: pytest.TempPathFactory) -> Iterator[subprocess.Popen[str]]:
    """The client's process, one for all: it takes seconds to import what it needs."""
    directory = tmp_path_factory.mktemp("agents")
    path = directory / "spoken.pcm"
    path.write_bytes(spoken)
    environment = {**os.environ, "OPENAI_AGENTS_DISABLE_TRACING": "1", "PYTHONPATH": ""}
    with (
        (directory / "stderr").open("w+", encoding="utf-8") as errors,
        subprocess.Popen(
            [str(PYTHON), str(CLIENT), str(path)],
            env=environment, encoding="utf-8", stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors,
        ) as process,
    ):  # fmt: skip
        yield process
        process.kill()


@pytest.fixture
def converse(agents: subprocess.Popen[str]) -> Converse:
    def ask(line: str) -> str:
        assert agents.stdin is not None
        assert agents.stdout is not None
        agents.stdin.write(line + "\n")
        agents.stdin.flush()
        return agents.stdout.readline()

    async def run(url: str, scenario: str) -> dict[str, Any]:
        line = json.dumps([f"{url}?model=gpt-realtime", scenario])
        try:
            async with asyncio.timeout(TIMEOUT_S):
                answer = await asyncio.to_thread(ask, line)
        except TimeoutError:
            agents.kill()  # which ends the thread as well
            raise
        assert answer, "the client ended; its traceback is in the directory of this test module"
        seen: dict[str, Any] = json.loads(answer)
        assert seen["errors"] == []
        return seen

    return run


def said(seen: dict[str, Any]) -> str:
    """What the assistant has said or written, from the history that the session kept."""
    parts = [part for item in seen["history"] if item.get("role") == "assistant" for part in item["content"]]
    return "".join(part.get("transcript") or part.get("text") or "" for part in parts)


async def test_a_spoken_turn(engine_url: str, transcriber: Any, converse: Converse) -> None:
    transcriber.words = "発注の担当者は何名いらっしゃいますか"
    seen = await converse(engine_url, "spoken")
    assert seen["responses"] == ["completed"]
    assert seen["user"] == transcriber.words
    assert said(seen).startswith("購買部は5名で")
    assert seen["audio_bytes"] > 48_000


async def test_a_text_turn(engine_url: str, converse: Converse) -> None:
    seen = await converse(engine_url, "text")
    assert seen["responses"] == ["completed"]
    assert said(seen).startswith("いまは表計算ソフトで")


@pytest.mark.parametrize("scenario", ["tool", "required_tool"])
async def test_a_tool_is_run_and_what_it_gives_is_spoken_of(
    engine_url: str, converse: Converse, scenario: str
) -> None:
    seen = await converse(engine_url, scenario)
    assert seen["runs"] == [{"part": "PX-4711", "count": 30, "speed": "express", "place": None}]
    assert seen["responses"] == ["completed", "completed"]
    assert said(seen) == "確認しました。PX-4711は60個あります。"


async def test_a_barge_in(slow_engine_url: str, converse: Converse) -> None:
    seen = await converse(slow_engine_url, "barge_in")
    assert "audio_interrupted" in seen["kinds"]
    assert seen["responses"] == ["cancelled"]
