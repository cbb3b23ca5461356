"""Speech whose every block has a number, so that what reached a server is known to the sample."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections import Counter
from collections.abc import Callable

import numpy as np

from relay.stream import Step, StreamEvent
from tests.relay.fake_salesmind import FakeSalesMind
from tests.relay.held_conversation import Run

ALL_ROWS = "SALESMIND_RELIABILITY" in os.environ
"""``make reliability`` takes minutes; ``make test`` tries the quick ones."""
BLOCK = 960
"""Samples of numbered speech under one number: 40 ms."""
FIRST = 4_000
"""The sample value of block 0: loud, so that it counts as speech."""
DIFFERENT = 28_000
"""Numbers there are: after 18 minutes they begin again."""
WITHIN_S = 60.0


class NumberedSpeech:
    """A live microphone on TCP, in real time: every sample of block n has the value FIRST + n."""

    def __init__(self) -> None:
        self.said = 0
        self.blocks = 0
        """Written, silent ones too."""
        self._tasks: list[asyncio.Task[None]] = []
        self._listener: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self.quiet = False

    async def start(self) -> str:
        self._listener = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        return f"tcp:127.0.0.1:{self._listener.sockets[0].getsockname()[1]}"

    async def _connected(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        began, blocks = time.monotonic(), 0
        with contextlib.suppress(OSError):
            while True:
                value = 0 if self.quiet else FIRST + self.said % DIFFERENT
                self.said += not self.quiet
                writer.write(np.full(BLOCK, value, "<i2").tobytes())
                await writer.drain()
                blocks += 1
                self.blocks += 1
                await asyncio.sleep(max(0.0, began + blocks * 0.04 - time.monotonic()))

    def drop(self) -> None:
        """Cut whoever listens; they may connect again."""
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    def close(self) -> None:
        if self._listener is not None:
            self._listener.close()


def lost_s(salesmind: FakeSalesMind, said: int) -> float:
    """Seconds of the first ``said`` blocks that no connection brought to the server, from the one on that came first:
    what is said before there has been a connection is not promised to anybody."""
    heard: Counter[int] = Counter()
    for socket in salesmind.sockets:
        whole = bytes(socket.audio[: len(socket.audio) // 2 * 2])
        values, counts = np.unique(np.frombuffer(whole, "<i2"), return_counts=True)
        heard.update(dict(zip(values.tolist(), counts.tolist(), strict=True)))
    first = min((value for value in heard if value >= FIRST), default=FIRST) + 1
    missing = sum(max(0, BLOCK - heard[value]) for value in range(first, FIRST + said))
    return missing / 24_000


async def until(ready: Callable[[], bool], within_s: float = WITHIN_S) -> float:
    """Wait for it; ``time.monotonic()`` when it was seen, to 10 ms."""
    async with asyncio.timeout(within_s):
        while not ready():  # noqa: ASYNC110  what is waited for are values of several programs
            await asyncio.sleep(0.01)
    return time.monotonic()


def gates(run: Run) -> int:
    return len(run.of(Step, step="gate_open"))


async def all_heard(salesmind: FakeSalesMind, speech: NumberedSpeech) -> str:
    """Fall silent, and wait until the server has heard everything, or nothing more comes."""
    speech.quiet = True
    said, before = speech.said, -1.0
    while (missing := lost_s(salesmind, said)) and missing != before:
        before = missing
        with contextlib.suppress(TimeoutError):
            await until(lambda: lost_s(salesmind, said) == 0, 3.0)
    return f"{missing:.1f} s of {said * BLOCK / 24_000:.1f} s of speech" if missing else "nothing"


def run_time(event: StreamEvent, run: Run, began: float) -> float:
    """Seconds from ``began`` (monotonic) to ``event``."""
    return float(run.began + event.t - began)
