"""The log-mel spectrogram that Whisper listens to, in numpy.

As in "Robust Speech Recognition via Large-Scale Weak Supervision" (Radford et al., 2022), section 2.2: 16 kHz,
80 mel bands (128 from large-v3 on) on Slaney's scale, windows of 25 ms every 10 ms, scaled to the loudest 8 decades.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

SAMPLE_RATE = 16_000
HOP = 160
FRAMES_PER_SECOND = SAMPLE_RATE // HOP
_WINDOW = 400
_MEL_BREAK_HZ = 1_000.0
_MEL_PER_HZ = 3 / 200
_LOG_STEP = np.log(6.4) / 27

Floats = npt.NDArray[np.float32]


def log_mel(audio: Floats, frames: int, bands: int = 80) -> Floats:
    """``audio`` (float32, 16 kHz) as (``bands``, ``frames``), padded with silence or cut to that length."""
    wanted = frames * HOP
    audio = np.pad(audio[:wanted], (0, max(0, wanted - len(audio))))
    padded = np.pad(audio, _WINDOW // 2, mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::HOP][:frames]
    power = np.abs(np.fft.rfft(windows * _hann())) ** 2
    mel = np.log10(np.maximum(power @ _filters(bands), 1e-10))
    mel = np.maximum(mel, mel.max() - 8.0)
    return np.ascontiguousarray(((mel + 4.0) / 4.0).T, dtype=np.float32)


@cache
def _hann() -> npt.NDArray[np.float64]:
    return np.hanning(_WINDOW + 1)[:-1]  # periodic


@cache
def _filters(bands: int) -> npt.NDArray[Any]:
    """Triangular filters of equal area, (201, ``bands``)."""
    bins = np.linspace(0, SAMPLE_RATE / 2, _WINDOW // 2 + 1)
    edges = _hz(np.linspace(0.0, _mel(SAMPLE_RATE / 2), bands + 2))
    width = np.diff(edges)
    distance = edges[:, None] - bins[None, :]
    rising = -distance[:-2] / width[:-1, None]
    falling = distance[2:] / width[1:, None]
    triangles = np.maximum(0, np.minimum(rising, falling))
    return (triangles * (2.0 / (edges[2:] - edges[:-2]))[:, None]).T


def _mel(hz: float) -> float:
    """Slaney's scale: linear up to 1 kHz, logarithmic above."""
    if hz < _MEL_BREAK_HZ:
        return hz * _MEL_PER_HZ
    return _MEL_BREAK_HZ * _MEL_PER_HZ + float(np.log(hz / _MEL_BREAK_HZ) / _LOG_STEP)


def _hz(mel: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    linear = mel / _MEL_PER_HZ
    break_mel = _MEL_BREAK_HZ * _MEL_PER_HZ
    return np.where(mel < break_mel, linear, _MEL_BREAK_HZ * np.exp(_LOG_STEP * (mel - break_mel)))
