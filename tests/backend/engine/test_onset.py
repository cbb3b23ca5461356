"""When speech sets in: the two rules by plain values, and by sounds of the kind they are there for."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile as sf
from numpy.typing import NDArray

from audio.samples import samples
from backend.engine.onset import HOP_MS, Hop, SpeechOnset, SuddenOnset
from backend.engine.vad import SpeechScorer, SpeechStarted, TurnGate, TurnSettings

QUIET = [Hop(0.2, -75.0)] * 40
SETTINGS = TurnSettings(threshold=0.5, prefix_padding_ms=0, silence_duration_ms=500)

Samples = NDArray[np.float64]


def first(hops: list[Hop], rule: SpeechOnset | SuddenOnset, threshold: float = 0.5) -> int | None:
    """At which hop the rule first hears speech."""
    return next((at for at, hop in enumerate(hops) if rule.hears(hop, threshold)), None)


def test_three_scores_in_a_row_are_speech() -> None:
    assert first([*QUIET, Hop(0.5, -30), Hop(0.5, -30), Hop(0.5, -30)], SpeechOnset()) == len(QUIET) + 2
    assert first([Hop(0.9, -30), Hop(0.9, -30), Hop(0.4, -30)] * 9, SpeechOnset()) is None


def test_a_jump_that_lasts_is_speech_at_a_low_score() -> None:
    assert first([*QUIET, *[Hop(0.25, -40)] * 3], SuddenOnset()) == len(QUIET) + 2
    assert first([*QUIET, *[Hop(0.19, -40)] * 50], SuddenOnset()) is None
    assert first([*QUIET, *[Hop(0.25, -40)] * 50], SuddenOnset(), threshold=0.7) is None


def test_a_sound_that_falls_again_is_no_speech() -> None:
    falling = [Hop(0.45, -20.0 - 2 * step) for step in range(20)]
    assert first([*QUIET, *falling], SuddenOnset()) is None


def test_what_is_faint_is_no_speech() -> None:
    assert first([Hop(0.4, -90)] * 40 + [Hop(0.4, -56)] * 20, SuddenOnset()) is None


def test_steady_noise_is_the_background_before_long() -> None:
    rule = SuddenOnset()
    assert first([Hop(0.3, -40)] * 60, rule) is not None
    for hop in [Hop(0.3, -40)] * 60:
        rule.hears(hop, 0.5)
    assert first([Hop(0.3, -40)] * 200, rule) is None
    assert first([Hop(0.3, -21)] * 3, rule) == 2  # but not what stands out from it


def opened_after_ms(sound: Samples, *, breaking_in: bool) -> float | None:
    """When a turn opens: ms after the first sample of ``sound``, which half a second of near silence precedes."""
    lead = np.random.default_rng(1).standard_normal(12_000) * 8
    pcm = np.concatenate([lead, sound]).clip(-32_768, 32_767).astype("<i2").tobytes()
    scorer, gate = SpeechScorer(), TurnGate(SETTINGS)
    for start in range(0, len(pcm), 960):
        changes = list(gate.feed(scorer.hops(pcm[start : start + 960]), breaking_in))
        if any(isinstance(change, SpeechStarted) for change in changes):
            return (start + 960) / 48 - 500
    return None


def after_silence(sound: Samples) -> Samples:
    """From the first 5 ms that are louder than -40 dBFS on."""
    blocks = sound[: len(sound) // 120 * 120].reshape(-1, 120)
    begin = int(np.argmax(np.sqrt(np.mean(blocks**2, axis=1)) > 328)) * 120
    return sound[begin:]


def test_every_recording_breaks_in_within_60_ms() -> None:
    """In chunks of 20 ms: up to 19 of the 60 go by before one is whole."""
    sounds = [sf.read(sample.path, dtype="int16")[0] for sample in (*samples("ja"), *samples("en"))]
    heads = [after_silence(sound.astype(float)) for sound in sounds]
    soon = [opened_after_ms(head, breaking_in=True) or 0.0 for head in heads]
    assert min(soon) > 0
    assert max(soon) <= 60


def test_a_word_that_begins_with_a_voiceless_consonant_breaks_in_before_its_vowel() -> None:
    sample = next(sample for sample in samples("ja") if sample.text.startswith("その運用"))
    sound = after_silence(sf.read(sample.path, dtype="int16")[0].astype(float))
    soon, calm = opened_after_ms(sound, breaking_in=True), opened_after_ms(sound, breaking_in=False)
    assert soon is not None
    assert calm is not None
    assert soon <= 60 < calm


def click(rng: np.random.Generator, decay_ms: float) -> Samples:
    return 9_000 * rng.standard_normal(12_000) * np.exp(-np.arange(12_000) / 24 / decay_ms)


@pytest.mark.parametrize(("what", "decay_ms"), [("key", 3), ("clap", 10)])
def test_keys_and_claps_do_not_break_in(what: str, decay_ms: float) -> None:
    rng = np.random.default_rng(5)
    opened = [opened_after_ms(click(rng, decay_ms), breaking_in=True) for _ in range(20)]
    assert opened == [None] * 20, what


def test_a_turn_that_opens_quickly_is_placed_at_the_onset() -> None:
    gate = TurnGate(SETTINGS)
    (started,) = gate.feed([*QUIET, *[Hop(0.3, -30)] * 3], breaking_in=True)
    assert isinstance(started, SpeechStarted)
    assert 0 <= len(QUIET) * HOP_MS - started.start_ms <= 2 * HOP_MS
