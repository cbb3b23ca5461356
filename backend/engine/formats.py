"""Audio formats of the protocol: PCM16 at 24 kHz, which the engine works in, and G.711 at 8 kHz.

G.711 after ITU-T recommendation G.711 (11/88): 8 bits a sample, logarithmic, mu-law (``audio/pcmu``) and A-law
(``audio/pcma``). The tables are computed from the segments of the recommendation.
"""

from __future__ import annotations

from functools import cache
from typing import Any

PCM, MU_LAW, A_LAW = "audio/pcm", "audio/pcmu", "audio/pcma"
FORMATS = (PCM, MU_LAW, A_LAW)
SAMPLE_RATE, G711_RATE = 24_000, 8_000


def bytes_per_ms(audio_format: str) -> int:
    """48 of PCM16, 8 of G.711."""
    return 48 if audio_format == PCM else 8


@cache
def decoding_table(audio_format: str) -> Any:
    """The 256 PCM16 values of a G.711 format, (256,) int16."""
    import numpy as np

    code = np.arange(256) ^ (0xFF if audio_format == MU_LAW else 0x55)
    exponent, mantissa = code >> 4 & 7, code & 15
    if audio_format == MU_LAW:
        magnitude = 4 * (((2 * mantissa + 33) << exponent) - 33)  # 14 bits, in 16
        return np.where(code & 0x80, -magnitude, magnitude).astype(np.int16)
    magnitude = 8 * np.where(
        exponent, (2 * mantissa + 33) << np.maximum(exponent - 1, 0), 2 * mantissa + 1
    )  # 13
    return np.where(code & 0x80, magnitude, -magnitude).astype(np.int16)


@cache
def encoding_table(audio_format: str) -> Any:
    """For each PCM16 value, from -32768 up, the code of the nearest decoded value, (65536,) uint8."""
    import numpy as np

    values = decoding_table(audio_format).astype(np.int32)
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    middles = (ordered[1:] + ordered[:-1]) / 2
    return order[np.searchsorted(middles, np.arange(-32_768, 32_768))].astype(np.uint8)


class Decoder:
    """Audio of one format in, PCM16 24 kHz out; a stream, so that pieces join without a click."""

    def __init__(self, audio_format: str) -> None:
        self.audio_format = audio_format
        self._stream: Any = None
        if audio_format != PCM:
            import soxr

            self._stream = soxr.ResampleStream(G711_RATE, SAMPLE_RATE, 1, dtype="int16", quality="LQ")

    def decode(self, audio: bytes) -> bytes:
        """``audio`` as PCM16 24 kHz; PCM passes through untouched."""
        if self._stream is None:
            return audio
        import numpy as np

        samples = decoding_table(self.audio_format)[np.frombuffer(audio, np.uint8)]
        return bytes(self._stream.resample_chunk(samples).tobytes())


def decode(audio: bytes, audio_format: str) -> bytes:
    """A whole piece of ``audio`` as PCM16 24 kHz; of PCM that ends in half a sample without that half."""
    if audio_format == PCM:
        return audio[: len(audio) // 2 * 2]
    import numpy as np
    import soxr

    samples = decoding_table(audio_format)[np.frombuffer(audio, np.uint8)]
    return bytes(soxr.resample(samples, G711_RATE, SAMPLE_RATE).tobytes())


def encode(pcm: bytes, audio_format: str) -> bytes:
    """PCM16 24 kHz as ``audio_format``: as many ms as there were, to the nearest sample."""
    if audio_format == PCM or not pcm:
        return pcm
    import numpy as np
    import soxr

    samples = soxr.resample(np.frombuffer(pcm, np.int16), SAMPLE_RATE, G711_RATE)
    return bytes(encoding_table(audio_format)[samples.astype(np.int32) + 32_768].tobytes())
