"""Test 2 with a source that is at fault, while the server is not."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from acceptance.checkpoints import checkpoints_of
from tests.acceptance import fake_salesmind

AFTER_SPEECH = {
    "t2.answer_received", "t2.user_transcript", "t2.customer_transcript", "t2.answer_audible",
    "t2.response_latency", "t2.stored_messages",
}  # fmt: skip


def expected(fail: set[str], not_run: set[str]) -> dict[str, str]:
    verdicts = dict.fromkeys((point.id for point in checkpoints_of(2)), "pass")
    return {
        **verdicts,
        "t2.operator_heard": "not_applicable",
        **dict.fromkeys(fail, "fail"),
        **dict.fromkeys(not_run, "not_run"),
    }


@contextlib.asynccontextmanager
async def sender(rate_hz: int | None, pcm: Callable[[int], bytes]) -> AsyncIterator[str]:
    """A raw PCM16 source over TCP: ``pcm(n)`` is the n-th 20 ms block; no rate: it never says anything."""

    async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        with contextlib.suppress(OSError):
            for n in range(500):
                if rate_hz is None:
                    await asyncio.Event().wait()
                    return
                writer.write(pcm(n))
                await writer.drain()
                await asyncio.sleep(max(0.0, began + (n + 1) * 480 / rate_hz - loop.time()))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"tcp:127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


async def test_a_source_that_cannot_be_opened(check: Any) -> None:
    async with asyncio.timeout(20):
        checked = await check(2, source="wav:/no/such/recording.wav", answer_s=60.0)
    not_run = {"t2.audio_sent", "t2.chunk_rate", "t2.sample_rate"} | AFTER_SPEECH
    assert checked.verdicts == expected({"t2.source_opened"}, not_run)
    evidence = checked.result.answer("t2.source_opened").evidence
    assert any(finding.data.get("code") == "file_not_found" for finding in evidence)


async def test_a_source_that_gives_nothing(check: Any) -> None:
    async with sender(None, lambda _n: b"") as source:
        checked = await check(2, source=source, answer_s=0.5)
    not_run = {"t2.chunk_rate", "t2.sample_rate"} | AFTER_SPEECH
    assert checked.verdicts == expected({"t2.audio_sent"}, not_run)


async def test_a_source_of_16000_hz_that_says_it_has_24000(check: Any) -> None:
    block = fake_salesmind.LOUD * 240

    async with sender(16_000, lambda n: block if n < 15 else bytes(960)) as source:
        checked = await check(2, source=source)
    assert checked.verdicts == expected({"t2.chunk_rate", "t2.sample_rate"}, set())
    rate = checked.result.answer("t2.chunk_rate").evidence[0].data["sample_rate_hz"]
    assert rate == pytest.approx(16_000, rel=0.15)
