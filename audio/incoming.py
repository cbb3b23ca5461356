"""What a TCP peer that should be a microphone really sends: nothing, silence, another rate, or sound.

A visitor sets up a microphone on a laptop and looks at the console for what is wrong. ``Incoming`` judges from
plain values; ``listen`` feeds it from a connection.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import StrEnum

from audio.pcm import DIGITAL_SILENCE_DBFS, level
from audio.ports import BYTES_PER_SAMPLE, SAMPLE_RATE
from audio.spec import TcpSpec

SETTLE_S = 1.0
"""Left out at the beginning: a sender may have collected sound while nobody was connected."""
WINDOW_S = 2.0
"""What the rate and the silence are judged by."""
TOLERANCE = 0.08
"""44 100, 48 000, 16 000 Hz and stereo are far outside; a sound card's clock and the jitter of a network are within."""
FAINT_DBFS = -55.0
"""The peak of a microphone into which somebody speaks is above this."""
TICK_S = 0.2
RETRY_S = 0.5


class Verdict(StrEnum):
    """What to tell the visitor."""

    NOBODY = "nobody"
    """Nothing listens at the port, or it hangs up at once."""
    NOTHING = "nothing"
    """Connected, and no bytes arrive."""
    LISTENING = "listening"
    """Bytes arrive; too early to say more."""
    WRONG_RATE = "wrong_rate"
    SILENT = "silent"
    """Digital silence: muted, or no permission."""
    FAINT = "faint"
    """Something, but nothing as loud as a voice."""
    GOOD = "good"


@dataclass(frozen=True, slots=True)
class Reading:
    """One look at the line. ``samples_per_s`` is 0 until it can be judged."""

    verdict: Verdict
    peak_dbfs: float = DIGITAL_SILENCE_DBFS
    """Of the last second."""
    samples_per_s: int = 0


class Incoming:
    """Judges what has arrived on one connection. ``now`` is any clock in seconds."""

    def __init__(self, now: float) -> None:
        self._began = now
        self._pieces: deque[tuple[float, int, float]] = deque()
        """(when, bytes, peak in dBFS), the last ``WINDOW_S``."""
        self._odd = b""
        self._last = now

    def feed(self, data: bytes, now: float) -> None:
        """``data`` has arrived."""
        data = self._odd + data
        whole = len(data) // BYTES_PER_SAMPLE * BYTES_PER_SAMPLE
        self._odd = data[whole:]
        self._last = now
        self._pieces.append((now, whole, level(data[:whole]).peak_dbfs))

    def reading(self, now: float) -> Reading:
        """What to say now."""
        while self._pieces and self._pieces[0][0] < now - WINDOW_S:
            self._pieces.popleft()
        if now - self._last >= WINDOW_S:
            return Reading(Verdict.NOTHING)
        peak = max((peak for at, _, peak in self._pieces if at > now - 1), default=DIGITAL_SILENCE_DBFS)
        if now - self._began < SETTLE_S + WINDOW_S:
            return Reading(Verdict.LISTENING, peak)
        rate = round(sum(count for _, count, _ in self._pieces) / WINDOW_S / BYTES_PER_SAMPLE)
        return Reading(self._judge(rate), peak, rate)

    def _judge(self, rate: int) -> Verdict:
        if abs(rate - SAMPLE_RATE) > TOLERANCE * SAMPLE_RATE:
            return Verdict.WRONG_RATE
        loudest = max((peak for _, _, peak in self._pieces), default=DIGITAL_SILENCE_DBFS)
        if loudest <= DIGITAL_SILENCE_DBFS:
            return Verdict.SILENT
        return Verdict.FAINT if loudest < FAINT_DBFS else Verdict.GOOD


async def listen(spec: TcpSpec) -> AsyncIterator[Reading]:
    """Readings, five a second, for as long as the caller likes; connects again when the peer hangs up."""
    while True:
        try:
            async with asyncio.timeout(2.0):
                reader, writer = await asyncio.open_connection(spec.host, spec.port)
        except (OSError, TimeoutError):
            yield Reading(Verdict.NOBODY)
            await asyncio.sleep(RETRY_S)
            continue
        try:
            async for reading in _readings(reader):
                yield reading
        finally:
            writer.close()
        yield Reading(Verdict.NOBODY)
        await asyncio.sleep(RETRY_S)


async def _readings(reader: asyncio.StreamReader) -> AsyncIterator[Reading]:
    """Until the peer hangs up."""
    incoming = Incoming(time.monotonic())
    due = time.monotonic() + TICK_S
    while True:
        try:
            async with asyncio.timeout(max(0.0, due - time.monotonic())):
                data = await reader.read(65_536)
                if not data:
                    return
                incoming.feed(data, time.monotonic())
        except TimeoutError:
            pass
        except OSError:
            return
        if time.monotonic() >= due:
            due += TICK_S
            yield incoming.reading(time.monotonic())
