"""The audio room on a (virtual) sound card: what is said is captured, what is played is heard."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from audio import portaudio
from audio.devices import list_devices
from audio.errors import AudioError, AudioErrorCode
from audio.open import make_sink, make_source
from audio.pcm import from_float, level
from tests.system.sound_card import SoundCard

pytestmark = pytest.mark.system

RATE = 24_000
SPEECH_S = 3.0


@pytest.fixture(autouse=True)
def fresh_portaudio() -> Iterator[None]:
    """PortAudio looks at the devices of this test's card, not at those of the test before."""
    portaudio.mark_outdated()
    yield
    assert portaudio._State.open_streams == 0


def _speech_like(seconds: float, seed: int) -> NDArray[np.float64]:
    """Noise shaped like speech: below 4 kHz, in syllables of a fifth of a second with pauses."""
    random = np.random.default_rng(seed)
    count = round(seconds * RATE)
    hz = np.fft.rfftfreq(count, 1 / RATE)
    shaped = np.fft.irfft(np.fft.rfft(random.standard_normal(count)) * ((hz > 100) & (hz < 4_000)), count)
    syllables = np.repeat(random.uniform(0, 1, count // 4_800 + 1) > 0.4, 4_800)[:count]
    voice: NDArray[np.float64] = shaped * np.convolve(syllables, np.ones(480) / 480, "same")
    return 0.5 * voice / float(np.abs(voice).max())


def _fourfold(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same sound at four times the rate, so that a shift by part of a sample can be seen."""
    return np.fft.irfft(np.fft.rfft(values), 4 * len(values)) * 4


def _likeness(said: NDArray[np.float64], heard: bytes) -> float:
    """The highest correlation of ``said`` with any stretch of ``heard`` of its length (1: the same)."""
    recorded = _fourfold(np.frombuffer(heard, "<i2") / 32_768)
    said = _fourfold(said)
    assert len(recorded) >= len(said)
    size = 1 << (len(recorded) + len(said)).bit_length()
    spectrum = np.fft.rfft(recorded, size) * np.conj(np.fft.rfft(said, size))
    at = int(np.argmax(np.fft.irfft(spectrum, size)[: len(recorded) - len(said) + 1]))
    return float(np.corrcoef(said, recorded[at : at + len(said)])[0, 1])


class Voice:
    """Something to play, then silence; ``over`` is set after half a second of that."""

    def __init__(self, pcm: bytes) -> None:
        self._pcm = pcm
        self._pulled = 0
        self._loop = asyncio.get_running_loop()
        self.over = asyncio.Event()

    def __call__(self, samples: int) -> bytes:
        block = self._pcm[self._pulled : self._pulled + 2 * samples]
        self._pulled += 2 * samples
        if self._pulled - 2 * samples < len(self._pcm) + RATE <= self._pulled:
            self._loop.call_soon_threadsafe(self.over.set)
        return block.ljust(2 * samples, b"\0")


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - what is waited for is in another process
            await asyncio.sleep(0.01)


def test_the_card_is_listed(sound_card: SoundCard) -> None:
    devices = list_devices()
    assert sound_card.daemon.poll() is None
    assert {"pulse", "default"} <= {d.name for d in devices}
    assert [d.name for d in devices if d.default_input] == ["default"]


async def test_what_is_said_is_captured(sound_card: SoundCard) -> None:
    said = _speech_like(SPEECH_S, seed=5)
    source = make_source("mic", chunk_bytes=960)
    info = await source.open()
    assert info.rate_hz in (24_000, 44_100, 48_000)
    captured = bytearray()
    dues: list[float] = []
    async with asyncio.timeout(30):
        for _ in range(5):
            captured += (await source.read()).pcm
        talking = sound_card.say(from_float(said))
        after_s = 0.0
        while after_s < 0.5:
            chunk = await source.read()
            captured += chunk.pcm
            dues.append(chunk.due)
            after_s += 0.02 if talking.poll() is not None else 0.0
    await source.close()
    assert source.dropped_chunks == 0
    assert _likeness(said, bytes(captured)) > 0.99
    # The samples are counted right: they took as long as the clock says.
    assert (len(dues) - 1) * 0.02 == pytest.approx(dues[-1] - dues[0], rel=0.01)


async def test_what_is_played_is_heard(sound_card: SoundCard) -> None:
    played = _speech_like(SPEECH_S, seed=6)
    heard = sound_card.record()
    voice = Voice(from_float(played))
    sink = make_sink("speaker")
    info = await sink.open(voice)
    assert 0 < info.latency_ms < 500
    began = time.monotonic()
    async with asyncio.timeout(30):
        await voice.over.wait()
    took = time.monotonic() - began
    assert sink.lost is None
    await sink.close()
    assert took == pytest.approx(SPEECH_S + 0.5, abs=0.5)
    assert _likeness(played, heard.stop()) > 0.99


async def test_an_interrupted_voice_falls_silent(sound_card: SoundCard) -> None:
    heard = sound_card.record()
    speaking = True
    tone = from_float(0.3 * np.sin(2 * np.pi * 440 * np.arange(480) / 480 * 8.8))

    def pull(samples: int) -> bytes:
        return tone[: 2 * samples] if speaking else bytes(2 * samples)

    sink = make_sink("speaker")
    info = await sink.open(pull)
    await _until(lambda: any(heard.pcm[-4_800:]))
    speaking = False
    stopped = time.monotonic()
    await _until(lambda: level(heard.pcm[-2_400:]).rms_dbfs < -60)
    silent_after_ms = (time.monotonic() - stopped) * 1_000
    await sink.close()
    # What the device and the recording held is heard to its end, then 50 ms of silence are looked for.
    assert silent_after_ms < info.latency_ms + 20 + 50 + 250


async def test_an_unplugged_card_is_noticed_within_a_second(sound_card: SoundCard) -> None:
    source = make_source("mic", chunk_bytes=960)
    sink = make_sink("speaker")
    await source.open()
    await sink.open(lambda samples: bytes(2 * samples))
    async with asyncio.timeout(10):
        await source.read()
    sound_card.kill()
    killed = time.monotonic()
    with pytest.raises(AudioError) as caught:
        async with asyncio.timeout(5):
            while True:
                await source.read()
    assert caught.value.code is AudioErrorCode.DEVICE_LOST
    await _until(lambda: sink.lost is not None)
    assert time.monotonic() - killed < 1.0
    assert isinstance(sink.lost, AudioError)
    assert sink.lost.code is AudioErrorCode.DEVICE_LOST
    await source.close()
    await sink.close()


async def test_a_card_that_is_plugged_in_again_is_found(sound_card: SoundCard) -> None:
    before = make_source("mic", chunk_bytes=960)
    await before.open()
    async with asyncio.timeout(5):
        # A card that goes before its first block may hang PortAudio 19.6 (see ``portaudio._abandon``).
        await before.read()
        sound_card.kill()
        with pytest.raises(AudioError):
            while True:
                await before.read()
    await before.close()
    unplugged = make_source("mic", chunk_bytes=960)
    with pytest.raises(AudioError) as caught:
        await unplugged.open()
    assert caught.value.code is AudioErrorCode.NO_DEVICE
    await unplugged.close()
    sound_card.start()
    again = make_source("mic", chunk_bytes=960)
    await again.open()
    async with asyncio.timeout(5):
        assert len((await again.read()).pcm) == 960
    await again.close()


async def test_a_muted_microphone_is_told(sound_card: SoundCard) -> None:
    warnings: list[AudioError] = []
    source = make_source("mic", chunk_bytes=960, on_warning=warnings.append)
    await source.open()
    async with asyncio.timeout(10):
        while not warnings:
            assert not any((await source.read()).pcm)
    assert warnings[0].code is AudioErrorCode.DIGITAL_SILENCE
    talking = sound_card.say(from_float(_speech_like(1, seed=7)))
    async with asyncio.timeout(10):
        while getattr(source, "warning", None) is not None:
            await source.read()
    talking.wait(10)
    await source.close()
    assert len(warnings) == 1
