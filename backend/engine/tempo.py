"""Speech made faster or slower at the same pitch, by overlapping pieces that fit (WSOLA). Pure.

After W. Verhelst and M. Roelands, "An overlap-add technique based on waveform similarity (WSOLA)", ICASSP 1993.
"""

from __future__ import annotations

SAMPLE_RATE = 24_000
_WINDOW = SAMPLE_RATE * 30 // 1000
_HOP = _WINDOW // 2
_REACH = SAMPLE_RATE * 8 // 1000
"""So far from its place a piece is looked for: more than a period of a low voice."""


def at_speed(pcm: bytes, speed: float) -> bytes:
    """PCM16 24 kHz mono played ``speed`` times as fast: 0.5 takes twice as long."""
    if speed == 1.0 or len(pcm) < 4 * _WINDOW:
        return pcm
    import numpy as np

    sound = np.frombuffer(pcm, np.int16).astype(np.float32)
    wanted = int(len(sound) / speed)
    padded = np.concatenate([np.zeros(_REACH, np.float32), sound, np.zeros(_WINDOW * 2 + _REACH, np.float32)])
    window = np.hanning(_WINDOW + 1)[:-1].astype(np.float32)
    out = np.zeros(wanted + _WINDOW, np.float32)
    follows = padded[_REACH : _REACH + _WINDOW]  # what would come next if nothing were changed
    for place in range(0, wanted, _HOP):
        first = min(int(place * speed), len(sound))  # in padded: the place less the reach
        around = padded[first : first + _WINDOW + 2 * _REACH]
        fit = np.correlate(around[: len(around) - 1], follows, "valid") if follows.any() else np.zeros(1)
        begin = first + (int(np.argmax(fit)) if fit.any() else _REACH)
        piece = padded[begin : begin + _WINDOW]
        out[place : place + len(piece)] += piece * window[: len(piece)]
        follows = padded[begin + _HOP : begin + _HOP + _WINDOW]
        if len(follows) < _WINDOW:
            break
    return bytes(np.clip(out[:wanted], -32_768, 32_767).astype(np.int16).tobytes())
