"""Files, tones and silence as sources: real time, chunk by chunk."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from audio.errors import AudioError, AudioErrorCode
from audio.generated import sine
from audio.open import make_source
from audio.ports import Chunk, Source, SourceEnded
from audio.wav import WavWriter

CHUNK = 960


async def _read_to_end(source: Source) -> list[Chunk]:
    chunks: list[Chunk] = []
    async with asyncio.timeout(10):
        while True:
            try:
                chunks.append(await source.read())
            except SourceEnded:
                return chunks


@pytest.fixture
def speech(tmp_path: Path) -> Path:
    path = tmp_path / "speech.wav"
    with WavWriter(path) as writer:
        writer.write(sine(300, 0, 4_900))
    return path


async def test_a_file_is_given_whole_in_real_time_and_ends(speech: Path) -> None:
    source = make_source(f"wav:{speech}", chunk_bytes=CHUNK)
    info = await source.open()
    assert (info.name, info.rate_hz) == ("speech.wav", 24_000)
    began = time.monotonic()
    chunks = await _read_to_end(source)
    took = time.monotonic() - began
    assert b"".join(c.pcm for c in chunks) == sine(300, 0, 4_900).ljust(11 * CHUNK, b"\0")
    # Eleven chunks of 20 ms; never early, and the lateness does not add up.
    assert 0.22 <= took < 0.5
    gaps = np.diff([c.due for c in chunks])
    assert gaps == pytest.approx(0.02, abs=1e-9)
    with pytest.raises(SourceEnded):
        await source.read()
    await source.close()
    await source.close()


async def test_a_chunk_is_never_given_before_it_is_due(speech: Path) -> None:
    source = make_source(f"wav:{speech}?loop", chunk_bytes=CHUNK)
    await source.open()
    for _ in range(10):
        chunk = await source.read()
        assert time.monotonic() >= chunk.due - 1e-3
    await source.close()


async def test_a_looped_file_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "short.flac"
    soundfile.write(path, np.zeros(160), 8_000)
    source = make_source(f"wav:{path}?loop", chunk_bytes=CHUNK)
    await source.open()
    for _ in range(20):
        assert len((await source.read()).pcm) == CHUNK
    await source.close()


async def test_a_file_of_another_rate_goes_through_chunks_unharmed(tmp_path: Path) -> None:
    path = tmp_path / "cd.wav"
    t = np.arange(13_230) / 44_100
    soundfile.write(path, np.repeat(0.1 * np.sin(2 * np.pi * 500 * t)[:, None], 2, axis=1), 44_100)
    source = make_source(f"wav:{path}", chunk_bytes=1_000)
    assert (await source.open()).rate_hz == 44_100
    chunks = await _read_to_end(source)
    await source.close()
    assert {len(c.pcm) for c in chunks} == {1_000}
    values = np.frombuffer(b"".join(c.pcm for c in chunks), "<i2")[:7_200].astype(float)
    expected = 3_276.8 * np.sin(2 * np.pi * 500 * np.arange(7_200) / 24_000)
    assert np.corrcoef(values, expected)[0, 1] > 0.999


@pytest.mark.parametrize("name", ["missing.wav", "empty.wav"])
async def test_a_file_without_sound_fails_when_opened(tmp_path: Path, name: str) -> None:
    WavWriter(tmp_path / "empty.wav").close()
    source = make_source(f"wav:{tmp_path / name}", chunk_bytes=CHUNK)
    with pytest.raises(AudioError) as caught:
        await source.open()
    expected = AudioErrorCode.FILE_NOT_FOUND if name == "missing.wav" else AudioErrorCode.FILE_UNREADABLE
    assert caught.value.code is expected
    await source.close()


async def test_closing_while_somebody_reads_leaves_nothing_behind(speech: Path) -> None:
    source = make_source(f"wav:{speech}?loop", chunk_bytes=CHUNK)
    await source.open()
    reading = asyncio.create_task(source.read())
    await asyncio.sleep(0)
    reading.cancel()
    await source.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    await asyncio.gather(*others, return_exceptions=True)
    assert not asyncio.all_tasks() - {asyncio.current_task()}


async def test_a_read_that_was_given_up_loses_nothing(speech: Path) -> None:
    source = make_source(f"wav:{speech}", chunk_bytes=CHUNK)
    await source.open()
    first = await source.read()
    for _ in range(5):
        reading = asyncio.create_task(source.read())
        await asyncio.sleep(0)
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
    second = await source.read()
    assert first.pcm + second.pcm == sine(300, 0, 960)
    assert second.due - first.due == pytest.approx(0.02, abs=1e-9)
    await source.close()


async def test_a_tone_has_no_seams() -> None:
    source = make_source("tone:1234.5", chunk_bytes=CHUNK)
    assert (await source.open()).name == "1234.5 Hz"
    pcm = b"".join([(await source.read()).pcm for _ in range(5)])
    assert pcm == sine(1234.5, 0, 2_400)
    await source.close()


async def test_silence_is_zeros_in_real_time() -> None:
    source = make_source("silence", chunk_bytes=CHUNK)
    await source.open()
    chunks = [await source.read() for _ in range(5)]
    assert all(c.pcm == bytes(CHUNK) for c in chunks)
    assert np.diff([c.due for c in chunks]) == pytest.approx(0.02, abs=1e-9)
    await source.close()


@pytest.mark.parametrize("spec", ["silence", "tone", "mic", "tcp:localhost:1", "wav:nothing.wav"])
async def test_every_source_may_be_closed_unopened(spec: str) -> None:
    await make_source(spec, chunk_bytes=CHUNK).close()


@pytest.mark.parametrize("size", [0, -2, 961])
def test_a_chunk_is_whole_samples(size: int) -> None:
    with pytest.raises(ValueError, match="whole number"):
        make_source("silence", chunk_bytes=size)
