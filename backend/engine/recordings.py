"""The customers' voices: Opus recordings, decoded to PCM16 24 kHz when they are first needed."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

_KEPT = 64  # decoded lines in memory, about 250 kB each


@lru_cache(maxsize=_KEPT)
def pcm_of(path: Path) -> bytes:
    """PCM16 24 kHz mono of one answer; empty when it has no recording. Blocks for some 10 ms."""
    if not path.exists():
        return b""
    import soundfile as sf

    samples, rate = sf.read(path, dtype="int16")
    if rate != 24_000 or samples.ndim != 1:
        raise ValueError(f"{path.name}: a recording is 24 kHz mono, this one has {rate} Hz")
    return bytes(samples.tobytes())
