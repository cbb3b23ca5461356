"""Inputs that are listened to at the same time: their levels, and what they hear while somebody records."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from audio.errors import AudioError, AudioErrorCode
from audio.open import make_source
from audio.pcm import level
from audio.ports import BYTES_PER_MS, Source
from tui.host.soundcheck.protocol import Failed, Levels, Opened, Said, SoundcheckCode

CHUNK_MS = 100
"""The length of a chunk, and with it the time between two levels."""


class Input:
    """One input: opened, read and released by its own task."""

    def __init__(self, device: str, say: Callable[[Said], None], others: Callable[[], bool]) -> None:
        self.device = device
        self.heard: tuple[float, float] | None = None
        """RMS and peak of the latest chunk in dBFS; taken by whoever reports it."""
        self.opened = asyncio.Event()
        self.failure: AudioError | None = None
        self._say = say
        self._others = others
        self._kept: bytearray | None = None
        self._wanted_bytes = 0
        self._complete = asyncio.Event()
        self._task = asyncio.create_task(self._run(), name=f"input {device}")

    async def record(self, seconds: float) -> bytes:
        """PCM16 of the next ``seconds``. Raises ``AudioError`` if the input fails before."""
        await self.opened.wait()
        self._wanted_bytes = round(seconds * 1000) * BYTES_PER_MS
        self._kept = bytearray()
        self._complete.clear()
        try:
            while len(self._kept) < self._wanted_bytes:
                if self.failure is not None:
                    raise self.failure
                self._complete.clear()
                await self._complete.wait()
            return bytes(self._kept[: self._wanted_bytes])
        finally:
            self._kept = None

    async def close(self) -> None:
        """Stop listening and release the device."""
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _run(self) -> None:
        source = make_source(f"mic:{self.device}", chunk_bytes=CHUNK_MS * BYTES_PER_MS)
        try:
            info = await source.open()
            self._say(Opened(device=self.device, rate_hz=info.rate_hz))
            self.opened.set()
            await self._read(source)
        except AudioError as error:
            self._fail(error)
        finally:
            await source.close()

    async def _read(self, source: Source) -> None:
        while True:
            try:
                pcm = (await source.read()).pcm
            except AudioError as error:
                if error.code is not AudioErrorCode.NO_FRAMES:
                    raise
                self._fail(error)  # it may come back: reading goes on
                continue
            self.failure = None
            found = level(pcm)
            self.heard = (found.rms_dbfs, found.peak_dbfs)
            if self._kept is not None:
                self._kept += pcm
                if len(self._kept) >= self._wanted_bytes:
                    self._complete.set()

    def _fail(self, error: AudioError) -> None:
        self.failure = error
        code: str = error.code
        if error.code is AudioErrorCode.DEVICE_BUSY and self._others():
            code = SoundcheckCode.HELD_HERE
        self._say(Failed(device=self.device, direction="input", code=str(code), params=error.params))
        self.opened.set()
        self._complete.set()


class Inputs:
    """Those listened to now, by their ids."""

    def __init__(self, say: Callable[[Said], None]) -> None:
        self._say = say
        self._open: dict[str, Input] = {}

    async def listen(self, devices: tuple[str, ...]) -> None:
        """Listen to ``devices`` and to nothing else. One that failed is tried again."""
        gone = [one for device, one in self._open.items() if device not in devices or one.failure is not None]
        for one in gone:
            del self._open[one.device]
        await asyncio.gather(*(one.close() for one in gone))
        for device in devices:
            if device not in self._open:
                self._open[device] = Input(device, self._say, lambda: self._listening > 0)

    @property
    def _listening(self) -> int:
        return sum(one.opened.is_set() and one.failure is None for one in self._open.values())

    async def of(self, device: str) -> Input:
        """The input ``device``, listened to if it was not."""
        if device not in self._open or self._open[device].failure is not None:
            await self.listen((*(other for other in self._open if other != device), device))
        return self._open[device]

    def report(self) -> None:
        """Say the levels that came since the last call."""
        levels = {device: one.heard for device, one in self._open.items() if one.heard is not None}
        for device in levels:
            self._open[device].heard = None
        if levels:
            self._say(Levels(levels=levels))
