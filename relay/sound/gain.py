"""Amplifying PCM16: what would be beyond full scale is clipped."""

from __future__ import annotations

from audio.pcm import FULL_SCALE, samples
from relay.sound.loudness import load_audioop

_audioop = load_audioop()


def amplified(pcm: bytes, gain_db: float) -> bytes:
    """``pcm`` (PCM16 little-endian) louder by ``gain_db``; as it is for 0."""
    if gain_db == 0:
        return pcm
    factor = 10 ** (gain_db / 20)
    if _audioop is not None:
        made: bytes = _audioop.mul(pcm, 2, factor)
        return made
    values = samples(pcm)
    for place, value in enumerate(values):
        values[place] = max(-FULL_SCALE, min(FULL_SCALE - 1, int(value * factor)))
    return values.tobytes()
