"""When a recording begins to be heard."""

from __future__ import annotations

from pathlib import Path

from audio.decode import open_decoder
from audio.pcm import rms_dbfs

QUIET_DBFS = -45.0
"""What is quieter is taken for the silence before the words."""
_STEP_MS = 10


def leading_silence_s(path: Path) -> float:
    """Seconds of silence at its beginning, to 10 ms; all of it if nothing in it is louder. Raises ``AudioError``."""
    decoder = open_decoder(path)
    try:
        step = decoder.rate_hz * _STEP_MS // 1_000 * 2
        quiet, rest = 0, b""
        while block := decoder.read():
            rest += block
            while len(rest) >= step:
                if rms_dbfs(rest[:step]) > QUIET_DBFS:
                    return quiet * _STEP_MS / 1_000
                quiet, rest = quiet + 1, rest[step:]
        return quiet * _STEP_MS / 1_000
    finally:
        decoder.close()
