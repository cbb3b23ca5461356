"""The engine's keeper, with small scripts in the engine's place.

A script that is to be watched holds the writing end of a FIFO: the reading end sees end-of-file when the
script's process is gone, however it went.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from backend.engine_process import EngineProcess

TIMEOUT_S = 15.0
GOOD = """
import json, os, sys
held = open(sys.argv[1], "w") if len(sys.argv) > 1 else None
print(json.dumps({"url": f"ws://127.0.0.1:1/{os.getpid()}"}), flush=True)
sys.stdin.read()
"""
PARENT = """
import asyncio, json, sys
from backend.engine_process import EngineProcess
async def main():
    process = EngineProcess(json.loads(sys.argv[1]))
    process.start()
    print(await process.address(), flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""


def script(code: str, *arguments: str) -> list[str]:
    return [sys.executable, "-c", code, *arguments]


@asynccontextmanager
async def engine(
    command: list[str], on_ready: Callable[[str], None] | None = None
) -> AsyncIterator[EngineProcess]:
    process = EngineProcess(command, on_ready=on_ready)
    process.start()
    try:
        yield process
    finally:
        await process.stop()


@pytest.fixture
def fifo(tmp_path: Path) -> Path:
    path = tmp_path / "alive"
    os.mkfifo(path)
    return path


def end_of(fifo: Path) -> asyncio.Task[bytes]:
    """Done when the process that holds ``fifo`` is gone."""
    return asyncio.create_task(asyncio.to_thread(fifo.read_bytes))


async def test_the_address_is_told_when_it_is_up() -> None:
    told: asyncio.Queue[str] = asyncio.Queue()
    async with asyncio.timeout(TIMEOUT_S), engine(script(GOOD), told.put_nowait) as process:
        assert await process.address() == await told.get()


async def test_it_ends_with_its_input(fifo: Path) -> None:
    ended = end_of(fifo)
    async with asyncio.timeout(TIMEOUT_S):
        async with engine(script(GOOD, str(fifo))) as process:
            await process.address()
            assert not ended.done()
        await ended


async def test_one_that_ignores_its_input_is_terminated(monkeypatch: pytest.MonkeyPatch, fifo: Path) -> None:
    monkeypatch.setattr("backend.engine_process.STOP_TIMEOUT_S", 0.1)
    stubborn = GOOD.replace("sys.stdin.read()", "import threading; threading.Event().wait()")
    ended = end_of(fifo)
    async with asyncio.timeout(TIMEOUT_S):
        async with engine(script(stubborn, str(fifo))) as process:
            await process.address()
        await ended


async def test_one_that_crashed_is_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backend.engine_process.FIRST_DELAY_S", 0.0)
    told: asyncio.Queue[str] = asyncio.Queue()
    async with asyncio.timeout(TIMEOUT_S), engine(script(GOOD), told.put_nowait) as process:
        first = await told.get()
        os.kill(int(first.rpartition("/")[2]), signal.SIGKILL)
        second = await told.get()
        assert second != first
        assert await process.address() == second


@pytest.mark.parametrize(
    "code", ["", "print('hello', flush=True)", "print('[1]')", "print('{}')", "raise SystemExit(1)"]
)
async def test_one_that_does_not_come_up_is_an_error_and_not_a_wait(code: str) -> None:
    async with asyncio.timeout(TIMEOUT_S), engine(script(code)) as process:
        with pytest.raises(OSError, match="could not be started"):
            await process.address()


async def test_a_program_that_is_not_there_is_an_error() -> None:
    async with asyncio.timeout(TIMEOUT_S), engine(["/nonexistent/engine"]) as process:
        with pytest.raises(OSError, match="could not be started"):
            await process.address()


async def test_it_dies_with_a_parent_that_was_killed(fifo: Path) -> None:
    ended = end_of(fifo)
    command = script(PARENT, json.dumps(script(GOOD, str(fifo))))
    parent = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert parent.stdout is not None
    async with asyncio.timeout(TIMEOUT_S):
        assert await parent.stdout.readline()
        parent.kill()
        await parent.wait()
        await ended


async def test_the_engine_is_not_given_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "a-key")
    monkeypatch.setenv("SALESMIND_ENGINE_TOKEN", "a-token")
    show = "{'url': 'ws://' + str({'OPENAI_API_KEY', 'SALESMIND_ENGINE_TOKEN'} & os.environ.keys() != set())}"
    code = f"import json, os; print(json.dumps({show}), flush=True); input()"
    async with asyncio.timeout(TIMEOUT_S), engine(script(code)) as process:
        assert await process.address() == "ws://False"


async def test_its_last_words_reach_the_log() -> None:
    said: list[str] = []
    code = GOOD + 'print("x" * 100_000, "\\nbye", file=sys.stderr)'
    process = EngineProcess(script(code), log=said.append)
    process.start()
    await process.address()
    await process.stop()
    assert said[-1] == "bye"
