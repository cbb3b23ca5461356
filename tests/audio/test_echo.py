"""The echo canceller, in a simulated room."""

from __future__ import annotations

import sys
import threading
from importlib.util import find_spec

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from audio.echo import EchoCanceller
from audio.errors import AudioError, AudioErrorCode
from audio.pcm import from_float

RATE = 24_000
needs_package = pytest.mark.skipif(find_spec("pywebrtc_audio") is None, reason="needs the extra [aec]")


def _speech_like(seconds: float, seed: int) -> NDArray[np.float64]:
    """Noise shaped like speech: mostly below 1 kHz, in syllables of a fifth of a second with pauses."""
    random = np.random.default_rng(seed)
    count = round(seconds * RATE)
    spectrum = np.fft.rfft(random.standard_normal(count))
    hz = np.fft.rfftfreq(count, 1 / RATE)
    shaped = np.fft.irfft(spectrum / (1 + (hz / 700) ** 2) * (hz > 100), count)
    syllables = np.repeat(random.uniform(0, 1, count // 4_800 + 1) ** 2, 4_800)[:count]
    voice: NDArray[np.float64] = shaped * np.convolve(syllables, np.ones(480) / 480, "same")
    return 0.5 * voice / float(np.abs(voice).max())


def _energy_db(values: NDArray[np.float64]) -> float:
    return 10 * float(np.log10(np.mean(values**2) + 1e-12))


@needs_package
@pytest.mark.parametrize("chunk_ms", [20, 40])
@pytest.mark.parametrize("delay_ms", [60, 150])
def test_the_echo_is_gone_after_two_seconds(chunk_ms: int, delay_ms: int) -> None:
    far = _speech_like(6, seed=1)
    echo = np.zeros_like(far)
    delay = delay_ms * RATE // 1_000
    for later, gain in ((0, 0.25), (310, 0.12), (1_150, 0.06)):
        echo[delay + later :] += gain * far[: len(far) - delay - later]
    near = echo + 1e-4 * np.random.default_rng(2).standard_normal(len(far))
    canceller = EchoCanceller()
    cleaned = bytearray()
    step = chunk_ms * RATE // 1_000
    for at in range(0, len(far), step):
        canceller.played(from_float(far[at : at + step]))
        cleaned += canceller.clean(from_float(near[at : at + step]))
    after = np.frombuffer(bytes(cleaned), "<i2")[2 * RATE :] / 32_768
    erle = _energy_db(near[2 * RATE :]) - _energy_db(after)
    assert erle > 10


@needs_package
def test_the_speaker_of_the_room_is_still_heard() -> None:
    voice = _speech_like(4, seed=3)
    canceller = EchoCanceller()
    cleaned = bytearray()
    for at in range(0, len(voice), 960):
        canceller.played(bytes(1_920))
        cleaned += canceller.clean(from_float(voice[at : at + 960]))
    heard = np.frombuffer(bytes(cleaned), "<i2") / 32_768
    assert _energy_db(heard[RATE:]) > _energy_db(voice[RATE:]) - 6


@needs_package
@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 2_000).map(lambda n: 2 * n), max_size=20))
def test_as_much_comes_out_as_went_in(sizes: list[int]) -> None:
    canceller = EchoCanceller()
    for size in sizes:
        canceller.played(bytes(size))
        assert len(canceller.clean(bytes(size))) == size


@needs_package
def test_playing_and_capturing_may_be_different_threads() -> None:
    canceller = EchoCanceller()
    stop = threading.Event()

    def play() -> None:
        while not stop.is_set():
            canceller.played(bytes(960))

    player = threading.Thread(target=play)
    player.start()
    try:
        for _ in range(200):
            assert len(canceller.clean(bytes(960))) == 960
    finally:
        stop.set()
        player.join()
    assert canceller._played_bytes == sum(map(len, canceller._played)) <= 500 * 48 + 960


def test_without_the_package_the_command_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pywebrtc_audio", None)
    with pytest.raises(AudioError) as caught:
        EchoCanceller()
    assert caught.value.code is AudioErrorCode.AEC_MISSING
    assert "[aec]" in caught.value.params["command"]
