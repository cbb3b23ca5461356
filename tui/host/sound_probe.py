"""``python -m tui.host.sound_probe mic[:DEVICE]|speaker[:DEVICE]``: open it briefly and print the result as JSON.

A separate process, like the device listing. A microphone is listened to for half a second; a loudspeaker is
given as much silence.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import Any

PROBE_S = 0.5
CHUNK_BYTES = 1_920
CHUNK_S = 0.04


async def listen(spec: str) -> dict[str, Any]:
    """``name``, ``rate_hz`` and ``rms_dbfs`` of a microphone (-120: exact zeros). Raises ``AudioError``."""
    from audio.open import make_source
    from audio.pcm import rms_dbfs

    source = make_source(spec, chunk_bytes=CHUNK_BYTES)
    try:
        info = await source.open()
        pcm = b"".join([(await source.read()).pcm for _ in range(round(PROBE_S / CHUNK_S))])
        return {"name": info.name, "rate_hz": info.rate_hz, "rms_dbfs": rms_dbfs(pcm)}
    finally:
        await source.close()


async def play(spec: str) -> dict[str, Any]:
    """``name``, ``rate_hz`` and ``pulled_samples`` of a loudspeaker. Raises ``AudioError``."""
    from audio.open import make_sink

    pulled = 0

    def silence(samples: int) -> bytes:
        nonlocal pulled
        pulled += samples
        return bytes(2 * samples)

    sink = make_sink(spec)
    try:
        info = await sink.open(silence)
        await asyncio.sleep(PROBE_S)
        if sink.lost is not None:
            raise sink.lost
        return {"name": info.name, "rate_hz": info.rate_hz, "pulled_samples": pulled}
    finally:
        await sink.close()


def main() -> None:
    """Print the result, or ``error`` (code and params), as one JSON object."""
    from audio.errors import AudioError

    output = os.dup(1)
    os.dup2(2, 1)  # what native libraries print goes where their errors go
    spec = sys.argv[1]
    try:
        result = asyncio.run(listen(spec) if spec.startswith("mic") else play(spec))
    except AudioError as error:
        result = {"error": {"code": str(error.code), "params": error.params}}
    with os.fdopen(output, "wb") as file:
        file.write(json.dumps(result).encode())
    os._exit(0)  # a library that hangs at its clean-up has nothing more to say


if __name__ == "__main__":
    main()
