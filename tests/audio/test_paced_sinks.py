"""Sinks that pull by the clock: a file and nobody."""

from __future__ import annotations

import asyncio
import errno
import os
import time
import wave
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from audio.errors import AudioError, AudioErrorCode
from audio.generated import sine
from audio.open import make_sink
from audio.wav import WavWriter

WaitUntil = Callable[[Callable[[], bool]], Awaitable[None]]


class Player:
    """Gives numbered samples of a sine and says when enough was pulled."""

    def __init__(self, enough: int) -> None:
        self.pulled = 0
        self.blocks: list[int] = []
        self.enough = asyncio.Event()
        self._enough = enough

    def __call__(self, samples: int) -> bytes:
        pcm = sine(440, self.pulled, samples)
        self.pulled += samples
        self.blocks.append(samples)
        if self.pulled >= self._enough:
            self.enough.set()
        return pcm

    def expect_more(self, samples: int) -> asyncio.Event:
        """Enough is now so many more samples."""
        self._enough = self.pulled + samples
        self.enough.clear()
        return self.enough


async def _until(done: asyncio.Event) -> None:
    async with asyncio.timeout(10):
        await done.wait()


async def test_nobody_hears_in_real_time() -> None:
    player = Player(enough=9_600)
    sink = make_sink("none")
    began = time.monotonic()
    info = await sink.open(player)
    assert (info.name, info.rate_hz) == ("none", 24_000)
    await _until(player.enough)
    took = time.monotonic() - began
    # Five blocks of 80 ms, the first at once: 320 ms.
    assert 0.31 <= took < 0.65
    assert set(player.blocks) == {1_920}
    await sink.close()
    pulled = player.pulled
    await sink.close()
    assert player.pulled == pulled
    assert sink.lost is None


async def test_a_file_holds_the_whole_timeline(tmp_path: Path) -> None:
    path = tmp_path / "out.wav"
    player = Player(enough=4_800)
    sink = make_sink(f"wav:{path}", block_ms=10)
    assert (await sink.open(player)).name == "out.wav"
    await _until(player.enough)
    await sink.close()
    assert set(player.blocks) == {240}
    with wave.open(str(path)) as reader:
        assert reader.getframerate() == 24_000
        assert reader.readframes(100_000) == sine(440, 0, player.pulled)


async def test_time_that_nobody_could_play_is_silence_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "out.wav"
    player = Player(enough=480)
    sink = make_sink(f"wav:{path}")
    began = time.monotonic()
    await sink.open(player)
    await _until(player.enough)
    # The event loop is held up: this is the thing under test, not a wait for something.
    time.sleep(0.8)  # noqa: ASYNC251
    await _until(player.expect_more(960))
    await sink.close()
    took = time.monotonic() - began
    with wave.open(str(path)) as reader:
        pcm = reader.readframes(100_000)
    assert len(pcm) / 48_000 == pytest.approx(took, abs=0.1)
    assert player.pulled / 24_000 < took - 0.6
    silent = pcm.count(bytes(4_800))
    assert silent >= 6


async def test_a_stopped_voice_is_silent_within_one_block() -> None:
    speaking = True
    blocks: list[bool] = []
    stopped = asyncio.Event()

    def pull(samples: int) -> bytes:
        blocks.append(speaking)
        if len(blocks) >= 6:
            stopped.set()
        return bytes(2 * samples)

    sink = make_sink("none")
    await sink.open(pull)
    before = len(blocks)
    speaking = False
    await _until(stopped)
    await sink.close()
    assert not any(blocks[before + 1 :])


@pytest.mark.parametrize(
    ("where", "code"),
    [("missing/out.wav", AudioErrorCode.FILE_NOT_FOUND), (".", AudioErrorCode.FILE_UNWRITABLE)],
)
async def test_a_file_that_cannot_be_made_says_why(tmp_path: Path, where: str, code: AudioErrorCode) -> None:
    sink = make_sink(f"wav:{tmp_path / where}")
    with pytest.raises(AudioError) as caught:
        await sink.open(lambda samples: bytes(2 * samples))
    assert caught.value.code is code
    await sink.close()


async def test_a_disk_that_fills_up_ends_the_sink(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wait_until: WaitUntil
) -> None:
    write = WavWriter.write

    def write_until_full(writer: WavWriter, pcm: bytes) -> None:
        if writer.samples >= 1_440:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write(writer, pcm)

    monkeypatch.setattr(WavWriter, "write", write_until_full)
    sink = make_sink(f"wav:{tmp_path / 'out.wav'}")
    await sink.open(lambda samples: bytes(2 * samples))
    await wait_until(lambda: sink.lost is not None)
    assert isinstance(sink.lost, AudioError)
    assert sink.lost.code is AudioErrorCode.FILE_UNWRITABLE
    assert "No space left" in sink.lost.params["reason"]
    await sink.close()
    with wave.open(str(tmp_path / "out.wav")) as reader:
        assert reader.getnframes() == 1_440


@pytest.mark.parametrize("spec", ["none", "speaker", "tcp:localhost:1", "wav:nothing.wav"])
async def test_every_sink_may_be_closed_unopened(spec: str) -> None:
    await make_sink(spec).close()
