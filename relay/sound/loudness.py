"""Levels for the meters, computed twenty times a second throughout a conversation."""

from __future__ import annotations

import math
import warnings
from types import ModuleType

from audio.pcm import DIGITAL_SILENCE_DBFS, FULL_SCALE, Level, level


def load_audioop() -> ModuleType | None:
    """The C module for PCM arithmetic, if there is one."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            import audioop
    except ImportError:
        return None
    return audioop


# It measures 100 ms in 5 us, where arithmetic in Python takes 500 us: a third of all the relay's work. Python 3.13
# dropped it; `audioop-lts` brings it back there under the same name.
_audioop = load_audioop()


def loudness(pcm: bytes) -> Level:
    """RMS and peak of PCM16, in dBFS; -120 for exact zeros."""
    if _audioop is None:
        return level(pcm)
    return Level(_dbfs(_audioop.rms(pcm, 2)), _dbfs(_audioop.max(pcm, 2)))


def peak_dbfs(pcm: bytes) -> float:
    """Peak of PCM16, in dBFS; -120 for exact zeros."""
    return level(pcm).peak_dbfs if _audioop is None else _dbfs(_audioop.max(pcm, 2))


def _dbfs(amplitude: int) -> float:
    return 20 * math.log10(amplitude / FULL_SCALE) if amplitude > 0 else DIGITAL_SILENCE_DBFS
