"""Playback audio: prepared slightly ahead on the event loop, pulled by the sink from any thread."""

from __future__ import annotations

import asyncio
import threading

from audio.ports import BYTES_PER_SAMPLE, SAMPLE_RATE
from recordings.player.mixed_tracks import MixedTracks
from recordings.player.stretch import Stretcher

AHEAD_SAMPLES = SAMPLE_RATE * 300 // 1000
"""Sound that is kept ready. A change of place or speed drops it, so it delays nothing."""
BLOCK_SAMPLES = SAMPLE_RATE // 10
FILL_EVERY_S = 0.05


class Playback:
    """The current position in ``tracks`` and its speed; silent until ``play``."""

    def __init__(self, tracks: MixedTracks) -> None:
        self._tracks = tracks
        self._stretcher = Stretcher(1.0)
        self._ready = bytearray()
        self._lock = threading.Lock()
        self._playing = asyncio.Event()

    def play(self, t: float, speed: float) -> None:
        """Play on from ``t`` seconds, ``speed`` times as fast."""
        self._stretcher = Stretcher(speed)
        self._go_to(t)
        self._playing.set()

    def pause(self) -> None:
        """Be silent from the next block on."""
        self._playing.clear()
        with self._lock:
            self._ready.clear()

    def seek(self, t: float) -> None:
        """Go to ``t`` seconds, playing or not as before."""
        self._stretcher = Stretcher(self._stretcher.speed)
        self._go_to(t)

    def _go_to(self, t: float) -> None:
        self._tracks.seek(t)
        with self._lock:
            self._ready.clear()
        if self._playing.is_set():
            self.fill()

    async def keep_filling(self) -> None:
        """Prepare audio as needed, until cancelled. Raises what reading the tracks raises."""
        while True:
            await self._playing.wait()
            self.fill()
            await asyncio.sleep(FILL_EVERY_S)

    def fill(self) -> None:
        """Make what is missing to ``AHEAD_SAMPLES``."""
        while len(self._ready) < AHEAD_SAMPLES * BYTES_PER_SAMPLE:
            read = self._tracks.read(round(BLOCK_SAMPLES * self._stretcher.speed))
            made = self._stretcher.feed(read) if len(read) else self._stretcher.flush()
            with self._lock:
                self._ready += made.astype("<i2").tobytes()
            if not len(read):
                self._playing.clear()
                return

    def pull(self, samples: int) -> bytes:
        """For the sink: exactly ``2 * samples`` bytes, padded with silence. Any thread."""
        wanted = samples * BYTES_PER_SAMPLE
        with self._lock:
            taken = bytes(self._ready[:wanted])
            del self._ready[:wanted]
        return taken.ljust(wanted, b"\0")
