"""The tone, which is made ahead and repeated."""

from __future__ import annotations

from array import array

import pytest

from audio.generated import ToneSource, sine
from audio.ports import SAMPLE_RATE


@pytest.mark.parametrize("hz", [440.0, 1_000.0, 440.5])
@pytest.mark.parametrize("chunk_bytes", [1_920, 8_192, 100_000])
async def test_chunks_join_without_a_click(
    monkeypatch: pytest.MonkeyPatch, hz: float, chunk_bytes: int
) -> None:
    async def at_once(_pacer: object) -> float:
        return 0.0

    monkeypatch.setattr("audio.pacing.Pacer.wait", at_once)
    source = ToneSource(hz, chunk_bytes)
    await source.open()
    pcm = b""
    while len(pcm) < 5 * SAMPLE_RATE:
        chunk = await source.read()
        assert len(chunk.pcm) == chunk_bytes
        pcm += chunk.pcm

    heard, wanted = array("h", pcm), array("h", sine(hz, 0, len(pcm) // 2))
    assert max(abs(a - b) for a, b in zip(heard, wanted, strict=True)) <= 1
