"""Resampling with soxr: from anything to 24 000 Hz mono, and from there to what a device wants.

Two qualities: LQ for live sound, whose filter delays by 1.25 ms, and HQ for files, where its 32 ms do not
matter. Both suppress aliases by 86 dB (measured from 48 to 24 kHz). This module imports numpy and soxr.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import soxr
from numpy.typing import NDArray

from audio.pcm import from_float, mix_to_mono, to_float
from audio.ports import SAMPLE_RATE

LIVE_DELAY_MS = 1.25

Quality = Literal["live", "offline"]


class Resampler:
    """One mono stream of PCM16 from one rate to another. Keeps the filter's state between calls."""

    def __init__(self, from_hz: int, to_hz: int, quality: Quality) -> None:
        # Not "int16": soxr would add dither, and digital silence would no longer be silent.
        self._stream = soxr.ResampleStream(
            from_hz, to_hz, 1, dtype="float32", quality="LQ" if quality == "live" else "HQ"
        )

    def feed(self, pcm: bytes, *, last: bool = False) -> bytes:
        """What ``pcm`` brings out; ``last`` brings out the rest as well and ends the stream."""
        return from_float(self._stream.resample_chunk(to_float(pcm), last=last))


class ToRelayFormat:
    """Interleaved PCM16 of any rate and channel count to 24 000 Hz mono, live quality."""

    def __init__(self, rate_hz: int, channels: int) -> None:
        self._channels = channels
        self._resampler = None if rate_hz == SAMPLE_RATE else Resampler(rate_hz, SAMPLE_RATE, "live")

    def feed(self, pcm: bytes) -> bytes:
        """The mono samples that these frames bring out. Raises ``ValueError`` for a frame cut short."""
        mono = mix_to_mono(pcm, self._channels)
        return mono if self._resampler is None else self._resampler.feed(mono)


def floats_to_mono(frames: NDArray[np.float32]) -> NDArray[np.float32]:
    """Frames of shape (n, channels) to their mean, shape (n,)."""
    return np.asarray(frames.mean(axis=1), dtype=np.float32)
