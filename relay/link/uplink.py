"""From the source to the socket: chunks go out while the gate is open, and are counted and timed."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import Protocol

from api_client.errors import ApiError
from audio.ports import BYTES_PER_SAMPLE, Chunk
from relay.config import RelayConfig
from relay.measure.latency import LatencyTracker
from relay.measure.meters import LatenessMeter, RateMeter, RateWatch, expected_chunk_rate
from relay.output import Output
from relay.sound.loudness import peak_dbfs
from relay.sound.playback import PlaybackQueue
from relay.sound.source import Microphone

AUDIBLE_DBFS = -40.0
"""Peak of the quietest sound that may be speech; a quiet room stays below."""
_LEVEL_BYTES = 4_800
"""100 ms."""


class AudioSocket(Protocol):
    """What the uplink needs of a connection."""

    async def send_audio(self, pcm: bytes) -> None:
        """Hand one binary message to the socket. Raises ``ApiError`` when the connection is gone."""


class EchoCancelling(Protocol):
    """What the uplink needs of an echo canceller."""

    def clean(self, pcm: bytes) -> bytes:
        """What was captured, without the echo; same length."""


class Uplink:
    """Reads the microphone for as long as the run lasts; sends while a connection's gate is open.

    A file is not read while the gate is closed, so that none of it is lost; a device is, so that what
    is sent is what is being said.
    """

    def __init__(
        self,
        config: RelayConfig,
        output: Output,
        microphone: Microphone,
        playback: PlaybackQueue,
        latency: LatencyTracker,
    ) -> None:
        self._config = config
        self._output = output
        self._microphone = microphone
        self._playback = playback
        self._latency = latency
        self._socket: AudioSocket | None = None
        self._opened_at = 0.0
        self._wake = asyncio.Event()
        microphone.on_change = self._wake.set
        self._silence = bytes(config.chunk_bytes)
        self._recent: deque[bytes] = deque()
        self._recent_bytes = 0
        self._watch = RateWatch(expected_chunk_rate(config.chunk_bytes))
        self._watched_source = 0
        self._next_log = 0.0
        self.muted = False
        self.echo: EchoCancelling | None = None
        self.rate = RateMeter()
        self.lateness = LatenessMeter()
        self.chunks_sent = 0
        self.bytes_sent = 0
        self.last_sent_at: float | None = None
        self.last_audible_at: float | None = None
        """When something that could be speech was last sent."""
        self._open_seconds = 0.0

    @property
    def gate_open(self) -> bool:
        """Audio is going out."""
        return self._socket is not None

    def open_gate(self, socket: AudioSocket) -> None:
        """``session.updated`` has come: audio goes to ``socket`` from now on."""
        now = time.monotonic()
        self._socket = socket
        self._opened_at = now
        self._next_log = now + 1.0
        self.rate.open(now)
        self._wake.set()

    def close_gate(self) -> None:
        """No more audio to this socket."""
        if self._socket is not None:
            self._open_seconds += time.monotonic() - self._opened_at
        self._socket = None
        self._wake.clear()

    def mean_rate(self) -> float | None:
        """Chunks per second over all the time the gate was open; None if it was for less than a second."""
        seconds = self._open_seconds
        if self._socket is not None:
            seconds += time.monotonic() - self._opened_at
        return self.chunks_sent / seconds if seconds >= 1.0 else None

    def recent(self) -> bytes:
        """The last 100 ms of input, at least one chunk; empty before any."""
        return b"".join(self._recent)

    async def run(self) -> None:
        """Pump until cancelled."""
        while True:
            if self._socket is None and not self._microphone.live:
                await self._wake.wait()
                if self._socket is None:
                    self._wake.clear()
                    continue
            chunk = await self._microphone.read()
            self._remember(chunk.pcm)
            if self._socket is not None:
                await self._send(self._socket, chunk)

    async def _send(self, socket: AudioSocket, chunk: Chunk) -> None:
        pcm = self._outgoing(chunk.pcm)
        if self._output.recorder is not None:
            # Before it is sent: the message that carries it refers to its place.
            self._output.recorder.user_audio(pcm, chunk.due)
        try:
            await socket.send_audio(pcm)
        except ApiError:
            # The reader of the connection learns of the loss as well, and says so once.
            if self._socket is socket:
                self.close_gate()
            return
        handed = time.monotonic()
        self.last_sent_at = handed
        if peak_dbfs(pcm) > AUDIBLE_DBFS:
            self.last_audible_at = handed
        self.chunks_sent += 1
        self.bytes_sent += len(pcm)
        self.rate.add(handed)
        # What was due while the gate was closed was not late: it was not to be sent before.
        self.lateness.add(max(chunk.due, self._opened_at), handed)
        self._latency.clock.sent(len(pcm) // BYTES_PER_SAMPLE, handed)
        if handed >= self._next_log:
            self._report(handed)

    def _outgoing(self, pcm: bytes) -> bytes:
        if self.echo is not None:
            # Fed even when muted: it must go on hearing both ends to stay adapted.
            pcm = self.echo.clean(pcm)
        if self.muted or (self._config.echo == "half-duplex" and self._playback.sounding):
            return self._silence
        return pcm

    def _remember(self, pcm: bytes) -> None:
        self._recent.append(pcm)
        self._recent_bytes += len(pcm)
        while self._recent_bytes - len(self._recent[0]) >= _LEVEL_BYTES:
            self._recent_bytes -= len(self._recent.popleft())

    def _report(self, now: float) -> None:
        self._next_log = max(self._next_log + 1.0, now)
        rate = self.rate.rate(now)
        if rate is None:
            return
        size = self._config.chunk_bytes
        self._output.say(f"🎤 音声送信中: {round(rate)} chunks/sec ({size} bytes/chunk)")
        if self._watched_source != self._microphone.changes:
            self._watched_source = self._microphone.changes
            self._watch.source_changed()
        suspect = self._watch.observe(rate, now)
        if suspect is not None:
            rate_hz, code = suspect
            self._output.notice(
                code,
                f"{rate:.2f} chunks/s of {size} bytes is what {rate_hz} Hz sound labelled as 24000 Hz gives. "
                "Check the sample rate of the source.",
                rate=f"{rate:.2f}",
                expected=f"{expected_chunk_rate(size):.2f}",
                rate_hz=str(rate_hz),
            )
