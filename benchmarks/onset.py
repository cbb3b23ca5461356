"""How soon a voice breaks in on the customer, and what else does: the calm rule beside the quick one.

    python benchmarks/onset.py [--speech DIR] [--noise DIR]

Audio is fed 20 ms at a time as fast as it goes, so these are milliseconds of audio, without processing and network
(benchmarks/engine.py measures those too). Speech: the shipped recordings, or every WAV, FLAC or Ogg file under DIR;
its onset is the first 5 ms louder than -40 dBFS. Noise: sounds made here, or every such file under DIR. Each is
preceded by half a second of noise at -72 dBFS.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile as sf
import soxr
from numpy.typing import NDArray

from audio.samples import samples
from backend.engine.vad import SpeechScorer, SpeechStarted, TurnGate, TurnSettings
from relay.conversation_state import percentile

Samples = NDArray[np.float64]
RATE = 24_000
CHUNK = RATE // 50
SETTINGS = TurnSettings(threshold=0.5, prefix_padding_ms=0, silence_duration_ms=500)
PEAK = 20_000
OF_EACH = 50
"""So many of each kind of noise are made, each one different."""


def audio_files(folder: Path) -> Iterator[Samples]:
    """Every readable file under ``folder``, as mono at 24 kHz."""
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in {".wav", ".flac", ".ogg", ".oga", ".opus"}:
            sound, rate = sf.read(path, dtype="float64", always_2d=True)
            yield soxr.resample(sound.mean(axis=1), rate, RATE) * 32_768


def recordings() -> Iterator[Samples]:
    """The shipped recordings of both languages."""
    for sample in (*samples("ja"), *samples("en")):
        yield sf.read(sample.path, dtype="int16")[0].astype(np.float64)


def made_noise(rng: np.random.Generator) -> dict[str, list[Samples]]:
    """Half a second each of what a microphone on a desk hears besides voices."""
    t = np.arange(RATE // 2) / RATE

    def hiss() -> Samples:
        return rng.standard_normal(len(t))

    def knock() -> Samples:
        body = np.sin(2 * np.pi * rng.uniform(90, 400) * t) * np.exp(-t / 0.03)
        return body + 0.2 * hiss() * np.exp(-t / 0.004)

    def breath() -> Samples:
        breathed: Samples = np.convolve(hiss(), np.hanning(24), "same") * np.sin(2 * np.pi * t) ** 2
        return breathed

    kinds = {
        "keys": lambda: hiss() * np.exp(-t / 0.003),
        "claps": lambda: hiss() * np.exp(-t / rng.uniform(0.008, 0.02)),
        "knocks": knock,
        "a fan switched on": hiss,
        "breath on the microphone": breath,
    }
    return {name: [make() for _ in range(OF_EACH)] for name, make in kinds.items()}


def onset(sound: Samples) -> int:
    """The first sample of the first 5 ms louder than -40 dBFS; 0 when there are none."""
    blocks = sound[: len(sound) // 120 * 120].reshape(-1, 120)
    return int(np.argmax(np.sqrt(np.mean(blocks**2, axis=1)) > 328)) * 120


def opened_after_ms(sound: Samples, rng: np.random.Generator, *, breaking_in: bool) -> float | None:
    """From the onset until the chunk is whole with which a turn opens. The onset falls anywhere within a chunk."""
    sound = sound[onset(sound) : RATE * 3 // 2]
    lead = RATE // 2 + int(rng.integers(CHUNK))
    noisy = np.concatenate([np.zeros(lead), sound]) + 8 * rng.standard_normal(lead + len(sound))
    pcm = noisy.clip(-32_768, 32_767).astype("<i2").tobytes()
    scorer, gate = SpeechScorer(), TurnGate(SETTINGS)
    for start in range(0, len(pcm), 2 * CHUNK):
        changes = gate.feed(scorer.hops(pcm[start : start + 2 * CHUNK]), breaking_in)
        if any(isinstance(change, SpeechStarted) for change in changes):
            return (start / 2 + CHUNK - lead) / RATE * 1000
    return None


def speech_row(name: str, sounds: list[Samples]) -> str:
    """A line of the table: median and p95 by either rule."""
    cells = []
    for breaking_in in (False, True):
        rng = np.random.default_rng(7)
        found = [opened_after_ms(sound, rng, breaking_in=breaking_in) or np.inf for sound in sounds]
        cells.append(f"{statistics.median(found):.0f} | {percentile(found, 95):.0f}")
    return f"| {name} | {' | '.join(cells)} | {len(sounds)} |"


def noise_row(name: str, sounds: list[Samples]) -> str:
    """A line of the table: how many set off a turn by either rule."""
    cells = []
    for breaking_in in (False, True):
        rng = np.random.default_rng(7)
        found = [opened_after_ms(sound, rng, breaking_in=breaking_in) for sound in sounds]
        cells.append(str(sum(ms is not None for ms in found)))
    return f"| {name} | {' | '.join(cells)} | {len(sounds)} |"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--speech", type=Path)
    parser.add_argument("--noise", type=Path)
    options = parser.parse_args()
    speech = list(audio_files(options.speech) if options.speech else recordings())
    speech = [sound * PEAK / np.abs(sound).max() for sound in speech if np.abs(sound).max() > 0]
    print("| ms | calm: median | p95 | quick: median | p95 | n |\n|---|---|---|---|---|---|")
    print(speech_row(str(options.speech or "recordings"), speech))
    kinds = made_noise(np.random.default_rng(3))
    if options.noise:
        kinds = {str(options.noise): list(audio_files(options.noise))}
    print("\n| taken for speech | calm | quick | n |\n|---|---|---|---|")
    for name, sounds in kinds.items():
        loud = [sound * PEAK / np.abs(sound).max() for sound in sounds if np.abs(sound).max() > 0]
        print(noise_row(name, loud))


if __name__ == "__main__":
    main()
