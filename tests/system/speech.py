"""A recording in the place of a visitor."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

from audio.samples import samples

SAMPLE = samples("ja")[2]
SILENCE_S = 22
"""Between two repetitions of the sample: long enough for an answer."""


def write_speech(path: Path) -> Path:
    """The sample and the hiss of a quiet room, to be played in a loop."""
    spoken, rate = soundfile.read(SAMPLE.path, dtype="int16")
    hiss = np.random.default_rng(7).integers(-20, 20, SILENCE_S * rate, dtype="int16")
    soundfile.write(path, np.concatenate([spoken, hiss]), rate)
    return path
