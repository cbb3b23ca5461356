"""This machine's microphone and loudspeaker for a console elsewhere: two TCP listeners of raw PCM16.

The console connects through an ssh tunnel (``tcp:`` source and sink). The device is open only while a connection
is, so no stale sound waits for it, and connection follows connection.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from audio.errors import AudioError
from audio.open import make_sink, make_source
from audio.pcm import SampleAligner, peak_dbfs
from audio.ports import BYTES_PER_MS, BYTES_PER_SAMPLE, Source, SourceEnded

CHUNK_BYTES = 40 * BYTES_PER_MS
LATE_BYTES = 500 * BYTES_PER_MS
"""How much sound may wait, on its way out or for the loudspeaker. The rest is dropped."""

OnLevel = Callable[[float], object]
"""Gets the peak (dBFS) of every 40 ms sent."""
OnProblem = Callable[[AudioError], None]


async def share_microphone(port: int, spec: str, told: OnLevel, problem: OnProblem) -> asyncio.Server:
    """Send what ``spec`` hears to whoever connects to ``port`` of 127.0.0.1. Raises ``OSError``, ``AudioError``."""
    make_source(spec, chunk_bytes=CHUNK_BYTES)  # a mistake in it is said before anybody connects

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        source = make_source(spec, chunk_bytes=CHUNK_BYTES, on_warning=problem)
        sending = asyncio.create_task(_send(source, writer, told))
        gone = asyncio.create_task(_drain(reader))
        try:
            await asyncio.wait((sending, gone), return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                sending.result()
        except AudioError as error:
            problem(error)
        finally:
            sending.cancel()
            gone.cancel()
            await source.close()
            writer.close()

    return await asyncio.start_server(connected, "127.0.0.1", port)


async def share_loudspeaker(port: int, spec: str, problem: OnProblem) -> asyncio.Server:
    """Play on ``spec`` what whoever connects to ``port`` of 127.0.0.1 sends. Raises ``OSError``, ``AudioError``."""
    make_sink(spec)

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        waiting = bytearray()

        def pull(samples: int) -> bytes:
            wanted = samples * BYTES_PER_SAMPLE
            taken = bytes(waiting[:wanted])
            del waiting[:wanted]
            return taken.ljust(wanted, b"\0")

        sink = make_sink(spec)
        aligner = SampleAligner()
        try:
            await sink.open(pull)
            while data := await reader.read(65_536):
                waiting.extend(aligner.feed(data))
                late = len(waiting) - LATE_BYTES
                if late > 0:
                    del waiting[: late + late % BYTES_PER_SAMPLE]
                if isinstance(sink.lost, AudioError):
                    raise sink.lost
        except AudioError as error:
            problem(error)
        except OSError:
            pass  # the tunnel was cut
        finally:
            await sink.close()
            writer.close()

    return await asyncio.start_server(connected, "127.0.0.1", port)


async def _send(source: Source, writer: asyncio.StreamWriter, told: OnLevel) -> None:
    await source.open()
    with contextlib.suppress(SourceEnded):
        while True:
            pcm = (await source.read()).pcm
            told(peak_dbfs(pcm))
            if writer.transport.get_write_buffer_size() <= LATE_BYTES:
                writer.write(pcm)


async def _drain(reader: asyncio.StreamReader) -> None:
    """Return when the other side has hung up."""
    with contextlib.suppress(OSError):
        while await reader.read(4_096):
            pass
