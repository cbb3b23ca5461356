"""Arithmetic on PCM16: little-endian samples of 16 bits, mono unless said otherwise.

Levels and re-blocking use only the standard library, so that a relay whose audio is already
24 kHz mono never loads numpy; the functions that handle arrays import it when called.
"""

from __future__ import annotations

import math
import sys
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from operator import mul
from typing import TYPE_CHECKING

from audio.ports import BYTES_PER_SAMPLE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FULL_SCALE = 32_768
DIGITAL_SILENCE_DBFS = -120.0
"""The floor of every level, and the level of exact zeros. One step of one sample has a peak of -90 dBFS."""


@dataclass(frozen=True, slots=True)
class Level:
    """Level of a block of audio, in dB of full scale (a full-scale square wave has 0 dBFS RMS)."""

    rms_dbfs: float
    peak_dbfs: float


def samples(pcm: bytes) -> array[int]:
    """The samples of ``pcm`` as an array of native integers. Raises ``ValueError`` for half a sample."""
    values = array("h")
    values.frombytes(pcm)
    if sys.byteorder == "big":  # pragma: no cover - no such machine at hand
        values.byteswap()
    return values


def level(pcm: bytes) -> Level:
    """RMS and peak of ``pcm``; both are -120 for exact zeros and for empty input."""
    values = samples(pcm)
    if not values:
        return Level(DIGITAL_SILENCE_DBFS, DIGITAL_SILENCE_DBFS)
    square_mean = sum(map(mul, values, values)) / len(values)
    peak = max(max(values), -min(values))
    return Level(_dbfs(math.sqrt(square_mean)), _dbfs(peak))


def rms_dbfs(pcm: bytes) -> float:
    """The RMS part of ``level``."""
    return level(pcm).rms_dbfs


def peak_dbfs(pcm: bytes) -> float:
    """The peak part of ``level``."""
    return level(pcm).peak_dbfs


def _dbfs(amplitude: float) -> float:
    if amplitude <= 0:
        return DIGITAL_SILENCE_DBFS
    return max(DIGITAL_SILENCE_DBFS, 20 * math.log10(amplitude / FULL_SCALE))


def is_digital_silence(pcm: bytes) -> bool:
    """Whether every byte is zero."""
    return pcm == bytes(len(pcm))


def to_float(pcm: bytes) -> NDArray[np.float32]:
    """Samples as float32 of shape (n,), within -1.0 up to, not including, 1.0."""
    import numpy as np

    return np.frombuffer(pcm, dtype="<i2").astype(np.float32) / np.float32(FULL_SCALE)


def from_float(values: NDArray[np.floating]) -> bytes:
    """PCM16 of floats of shape (n,), rounded; values beyond full scale are clipped, NaN becomes silence."""
    import numpy as np

    scaled = np.nan_to_num(values, nan=0.0, posinf=1.0, neginf=-1.0) * FULL_SCALE
    pcm: bytes = np.clip(np.rint(scaled), -FULL_SCALE, FULL_SCALE - 1).astype("<i2").tobytes()
    return pcm


class SampleAligner:
    """Holds back the odd byte of a stream cut at arbitrary points, so that only whole samples pass."""

    def __init__(self) -> None:
        self._odd = b""

    def feed(self, data: bytes) -> bytes:
        """All whole samples so far; a trailing byte waits for the next call."""
        joined = self._odd + data
        whole = len(joined) - len(joined) % BYTES_PER_SAMPLE
        self._odd = joined[whole:]
        return joined[:whole]


class Chunker:
    """Cuts a stream of any block sizes into chunks of ``chunk_bytes``."""

    def __init__(self, chunk_bytes: int) -> None:
        if chunk_bytes <= 0:
            raise ValueError("a chunk has at least one byte")
        self.chunk_bytes = chunk_bytes
        self._pending = bytearray()

    @property
    def pending_bytes(self) -> int:
        """Bytes that wait for their chunk to become whole."""
        return len(self._pending)

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Every chunk that ``data`` completes."""
        self._pending += data
        whole = len(self._pending) // self.chunk_bytes * self.chunk_bytes
        complete = bytes(self._pending[:whole])
        del self._pending[:whole]
        return (complete[at : at + self.chunk_bytes] for at in range(0, whole, self.chunk_bytes))

    def flush(self) -> bytes:
        """The rest, padded with silence to a whole chunk; empty if there is none."""
        rest = bytes(self._pending)
        self._pending.clear()
        return rest.ljust(self.chunk_bytes, b"\0") if rest else b""
