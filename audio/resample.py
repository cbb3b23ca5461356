"""Resampling with soxr: from any format to 24 000 Hz mono, and from there to a device's format.

Two qualities: LQ for live sound, whose filter delays by 1.25 ms, and HQ for files, where its 32 ms do not
matter. Both suppress aliases by 86 dB (measured from 48 to 24 kHz). This module imports numpy and soxr.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import soxr
from numpy.typing import NDArray

from audio.pcm import from_float, to_float
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
        """The output for ``pcm``; ``last`` also flushes the rest and ends the stream."""
        return from_float(self._stream.resample_chunk(to_float(pcm), last=last))


class ToRelayFormat:
    """Interleaved PCM16 of any rate and channel count to 24 000 Hz mono, live quality."""

    def __init__(self, rate_hz: int, channels: int) -> None:
        self._channels = channels
        self._mixer = Mixer(rate_hz)
        self._resampler = None if rate_hz == SAMPLE_RATE else Resampler(rate_hz, SAMPLE_RATE, "live")

    def feed(self, pcm: bytes) -> bytes:
        """The mono output for these frames. Raises ``ValueError`` for a partial frame."""
        if self._channels > 1:
            # ``reshape`` refuses frames that are cut short.
            pcm = from_float(self._mixer.mix(to_float(pcm).reshape(-1, self._channels)))
        return pcm if self._resampler is None else self._resampler.feed(pcm)

    @property
    def channels_cancel(self) -> bool:
        """Whether the channels so far are in antiphase."""
        return self._mixer.cancels


class Mixer:
    """Mixes channels to mono, and notices when they are in antiphase and cancel out.

    Examples are a stereo file with one channel's polarity reversed, and a balanced microphone on a stereo socket.
    """

    AUDIBLE = 10 ** (-50 / 20)
    """RMS relative to full scale. Anything quieter says nothing about the channels."""

    def __init__(self, rate_hz: int) -> None:
        self._needed = rate_hz // 2
        self._frames = 0
        self._mixed = 0.0
        self._separate = 0.0

    def mix(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        """Frames of shape (n, channels) to their mean, shape (n,)."""
        mono = np.asarray(frames.mean(axis=1), dtype=np.float32)
        channels = frames.shape[1]
        if channels > 1 and len(frames):
            separate = float(np.mean(np.square(frames), dtype=np.float64))
            if separate > self.AUDIBLE**2:
                self._frames += len(frames)
                # Channels that have nothing to do with each other leave 1/n of their power.
                self._separate += separate * len(frames) / channels
                self._mixed += float(np.sum(np.square(mono), dtype=np.float64))
        return mono

    @property
    def cancels(self) -> bool:
        """Whether the mean has less than a twentieth of the power that independent channels would leave."""
        return self._frames >= self._needed and self._mixed < self._separate / 20
