"""Changing the speed of audio without its pitch: WSOLA.

Frames of 40 ms are taken from the input every ``20 ms * speed`` and laid over each other every 20 ms. Each is taken
not exactly there but up to 10 ms to either side, where it continues best what was laid down before (Verhelst and
Roelands, "An overlap-add technique based on waveform similarity", ICASSP 1993).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from audio.ports import SAMPLE_RATE

Samples = NDArray[np.int16]
"""PCM16, shape (n,)."""
FRAME = SAMPLE_RATE * 40 // 1000
HOP = FRAME // 2
SEARCH = SAMPLE_RATE * 10 // 1000


def stretched(samples: Samples, speed: float) -> Samples:
    """``samples`` played ``speed`` times as fast: ``round(n / speed)`` samples."""
    stretcher = Stretcher(speed)
    wanted = round(len(samples) / speed)
    out = [stretcher.feed(samples)]
    while sum(map(len, out)) < wanted:
        out.append(stretcher.flush())
    return np.concatenate(out)[:wanted]


class Stretcher:
    """The same for a stream: feed it blocks of any length, get what they make. It holds some 60 ms back."""

    def __init__(self, speed: float) -> None:
        if speed <= 0:
            raise ValueError(f"a speed is above 0, not {speed}")
        self.speed = speed
        self._window = np.hanning(FRAME + 1)[:FRAME].astype(np.float32)
        self._input: NDArray[np.float32] = np.zeros(0, dtype=np.float32)
        self._input_at = 0
        """Where in the whole stream ``_input`` begins."""
        self._frames = 0
        self._natural: int | None = None
        """Where the frame laid down last would go on."""
        self._tail: NDArray[np.float32] = np.zeros(HOP, dtype=np.float32)

    def feed(self, samples: Samples) -> Samples:
        """The output available after ``samples``."""
        if self.speed == 1.0:
            return samples
        self._input = np.concatenate([self._input, samples.astype(np.float32)])
        made: list[NDArray[Any]] = []
        while (frame := self._next_frame()) is not None:
            made.append(self._tail + frame[:HOP])
            self._tail = frame[HOP:]
        if not made:
            return np.zeros(0, dtype=np.int16)
        rounded: Samples = np.clip(np.rint(np.concatenate(made)), -32_768, 32_767).astype(np.int16)
        return rounded

    def flush(self) -> Samples:
        """The held-back audio and a little silence, at the end of the stream."""
        return self.feed(np.zeros(SEARCH + FRAME + round(HOP * self.speed), dtype=np.int16))

    def _next_frame(self) -> NDArray[np.float32] | None:
        nominal = round(self._frames * HOP * self.speed)
        latest = max(nominal + SEARCH, self._natural or 0)
        if latest + FRAME > self._input_at + len(self._input):
            return None
        begin = nominal if self._natural is None else self._most_alike(nominal, self._natural)
        frame = self._piece(begin) * self._window
        if self._frames == 0:
            frame[:HOP] = self._piece(begin)[:HOP]  # nothing is faded out before it
        self._frames += 1
        self._natural = begin + HOP
        self._forget(min(self._natural, round(self._frames * HOP * self.speed) - SEARCH))
        return frame

    def _most_alike(self, nominal: int, natural: int) -> int:
        """The place near ``nominal`` whose frame is most like the one at ``natural``."""
        first = max(nominal - SEARCH, self._input_at)
        region = self._input[first - self._input_at : nominal + SEARCH + FRAME - self._input_at]
        wanted = self._piece(natural)
        likeness = np.correlate(region, wanted, "valid")
        energy = np.concatenate([[0.0], np.cumsum(region.astype(np.float64) ** 2)])
        norm = np.sqrt(energy[FRAME:] - energy[:-FRAME] + 1.0)
        return first + int(np.argmax(likeness / norm))

    def _piece(self, begin: int) -> NDArray[np.float32]:
        at = begin - self._input_at
        return self._input[at : at + FRAME]

    def _forget(self, before: int) -> None:
        cut = before - self._input_at
        if cut > 0:
            self._input = self._input[cut:]
            self._input_at = before
