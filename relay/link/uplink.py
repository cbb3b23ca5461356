"""From the source to the socket: chunks go out while the gate is open, and are counted and timed."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol

from api_client.errors import ApiError
from audio.ports import BYTES_PER_MS, BYTES_PER_SAMPLE
from relay.codes import RelayCode
from relay.config import BYTES_PER_SECOND, RelayConfig
from relay.link.gate import AudioSocket, Gate
from relay.link.kept_speech import KeptSpeech
from relay.link.line_watch import LineWatch
from relay.link.out_chunk import OutChunk
from relay.link.send_queue import SendQueue
from relay.measure.latency import LatencyTracker
from relay.measure.meters import LatenessMeter, RateMeter, RateWatch, expected_chunk_rate
from relay.output import Output
from relay.sound.gain import amplified
from relay.sound.loudness import peak_dbfs
from relay.sound.playback import PlaybackQueue
from relay.sound.recent import RecentAudio
from relay.sound.source import CurrentSource

AUDIBLE_DBFS = -40.0
"""Peak level of the quietest possible speech; a quiet room stays below."""
_SETTLES_S = 1.0
"""By then a stalled source has caught up."""
_WORTH_TELLING_S = 0.3
"""Anything shorter is a click, not speech."""


class EchoCancelling(Protocol):
    """The part of an echo canceller that the uplink needs."""

    def clean(self, pcm: bytes) -> bytes:
        """The captured audio without the echo; same length."""


class Uplink:
    """Reads the source for the whole run; sends while the gate is open.

    A file is not read while the gate is closed, so that none of it is lost; a device is, so that what
    is sent is what is being said.
    """

    def __init__(
        self,
        config: RelayConfig,
        output: Output,
        gate: Gate,
        source: CurrentSource,
        playback: PlaybackQueue,
        latency: LatencyTracker,
        kept: KeptSpeech,
    ) -> None:
        self._config = config
        self._output = output
        self._gate = gate
        self._source = source
        self._playback = playback
        self._latency = latency
        self._kept = kept
        self._queue = SendQueue()
        self._stalled = False
        self._catching_up = False
        self._wake = asyncio.Event()
        source.on_change = self._wake.set
        gate.on_open(self._gate_opened)
        self._silence = bytes(config.chunk_bytes)
        self._stalled_after_s = max(1.0, 3 * config.chunk_bytes / BYTES_PER_SECOND)
        self._recent = RecentAudio()
        self._watch = RateWatch(expected_chunk_rate(config.chunk_bytes))
        self._watched_source = 0
        self._line = LineWatch(output, config.chunk_bytes)
        self._watched_line = (0, 0)
        self._next_log = 0.0
        self.muted = False
        self.echo: EchoCancelling | None = None
        self.half_duplex = False
        """Send silence while an answer is played."""
        self.gain_db = 0.0
        self.rate = RateMeter()
        self.lateness = LatenessMeter()
        self.chunks_sent = 0
        self.bytes_sent = 0
        self.last_sent_at: float | None = None
        self.last_audible_at: float | None = None
        """When something that could be speech was last sent."""

    def mean_rate(self) -> float | None:
        """Chunks per second over all the time the gate was open; None if it was for less than a second."""
        seconds = self._gate.open_seconds()
        return self.chunks_sent / seconds if seconds >= 1.0 else None

    def recent(self) -> bytes:
        """The last 100 ms of input, at least one chunk; empty before any."""
        return self._recent.pcm()

    async def run(self) -> None:
        """Pump until cancelled."""
        while True:
            if not self._gate.is_open and not self._source.live:
                await self._wake.wait()
                self._wake.clear()
                continue
            chunk = await self._source.read()
            amplified_pcm = amplified(chunk.pcm, self.gain_db)
            self._recent.add(amplified_pcm)
            pcm = self._outgoing(amplified_pcm)
            captured = OutChunk(pcm, chunk.due, peak_dbfs(pcm) > AUDIBLE_DBFS)
            if self._output.recorder is not None and self._gate.openings > 0:
                # Before it is sent: the message that carries it refers to its place.
                self._output.recorder.user_audio(pcm, chunk.due)
            if self._gate.socket is not None:
                await self._send(self._gate.socket, captured)
            elif self._gate.openings > 0:
                self._keep_waiting()
                self._kept.missed(captured)

    @property
    def dropped_chunks(self) -> int:
        """Captured but never sent, because neither we nor the line could keep up."""
        return self._source.dropped_chunks + self._queue.dropped_chunks

    def say_what_was_not_sent(self) -> None:
        """At the end, report speech that was never sent for want of a connection."""
        self._keep_waiting()
        seconds = self._kept.missed_seconds()
        if seconds >= _WORTH_TELLING_S:
            self._output.notice(
                RelayCode.SPEECH_NOT_SENT,
                f"{seconds:.1f} s of speech were said while there was no connection, and were not sent.",
                seconds=f"{seconds:.1f}",
            )

    def _gate_opened(self) -> None:
        self._keep_waiting()
        pause = bytes((self._config.turn_detection.silence_duration_ms + 300) * BYTES_PER_MS)
        missed_s = self._kept.missed_seconds()
        self._queue.begin(self._gate.opened_at, self._kept.take(pause))
        self._stalled = False
        self._catching_up = self._queue.behind
        if self._queue.behind:
            seconds = f"{self._queue.seconds:.1f}"
            self._output.notice(
                RelayCode.SPEECH_SENT_LATE,
                f"{seconds} s of speech that the server may not have heard are sent now "
                f"({missed_s:.1f} s of it said while there was no connection).",
                seconds=seconds,
                missed=f"{missed_s:.1f}",
            )
        self._next_log = self._gate.opened_at + 1.0
        self.rate.open(self._gate.opened_at)
        self._wake.set()

    def _keep_waiting(self) -> None:
        """What waited for a connection that is gone is kept for the next one."""
        for chunk in self._queue.take_rest():
            self._kept.missed(chunk)

    async def _send(self, socket: AudioSocket, captured: OutChunk) -> None:
        live = self._source.live
        self._queue.add(captured, time.monotonic())
        sent = False
        # A file waits for the line. A device goes on whether or not it is read, so its sound waits in the queue.
        while not (live and socket.line_full):
            now = time.monotonic()
            still_s = self._queue.stalled_s(now)
            chunk = self._queue.next(now, live=live)
            if chunk is None:
                break
            self._say_line_goes_on(still_s)
            if chunk is not captured and self._output.recorder is not None:
                self._output.recorder.sending_late(chunk.due)
            self._kept.sent(chunk)
            try:
                await socket.send_audio(chunk.pcm)
            except ApiError:
                # The reader of the connection learns of the loss as well, and says so once.
                if self._gate.socket is socket:
                    self._gate.close()
                return
            self._sent(chunk)
            sent = True
        now = time.monotonic()
        if sent:
            # What waited goes out in a burst; what is captured keeps its rate.
            self.rate.add(now)
        self._say_line_stalled(now)
        self._catching_up = self._catching_up and self._queue.behind
        self._watch_line(captured.due or now, now)
        if now >= self._next_log:
            self._report(now)

    def _sent(self, chunk: OutChunk) -> None:
        handed = time.monotonic()
        self.chunks_sent += 1
        self.bytes_sent += len(chunk.pcm)
        self._latency.clock.sent(len(chunk.pcm) // BYTES_PER_SAMPLE, handed)
        if self.last_sent_at is not None and handed - self.last_sent_at >= self._stalled_after_s:
            # Suspended, or the line took nothing: what is caught up now is no rate.
            self.rate.open(handed + _SETTLES_S)
        self.last_sent_at = handed
        if chunk.audible:
            self.last_audible_at = handed
        # What was due while the gate was closed was not late: it was not to be sent before.
        if chunk.due is not None and not self._catching_up:
            self.lateness.add(max(chunk.due, self._gate.opened_at), handed)

    def _say_line_stalled(self, now: float) -> None:
        if self._stalled or not self._queue.stalled_s(now):
            return
        self._stalled = True
        self._output.notice(
            RelayCode.LINE_STALLED,
            "The network takes nothing. What is said now waits, up to 30 s of it, and is sent when it does.",
        )

    def _say_line_goes_on(self, still_s: float) -> None:
        if not self._stalled:
            return
        self._stalled = False
        seconds = f"{still_s:.1f}"
        self._output.notice(
            RelayCode.LINE_GOES_ON,
            f"The network took nothing for {seconds} s. What was said meanwhile is sent now.",
            seconds=seconds,
        )

    def _watch_line(self, due: float, handed: float) -> None:
        if self._watched_line != (self._source.changes, self._gate.openings):
            self._watched_line = (self._source.changes, self._gate.openings)
            self._line.restart()
        live, dropped = self._source.live, self.dropped_chunks
        self._line.sent(due, handed, live=live, dropped_chunks=dropped)

    def _outgoing(self, pcm: bytes) -> bytes:
        if self.echo is not None:
            # Fed even when muted: it must go on hearing both ends to stay adapted.
            pcm = self.echo.clean(pcm)
        if self.muted or (self.half_duplex and self._playback.sounding):
            return self._silence
        return pcm

    def _report(self, now: float) -> None:
        self._next_log = max(self._next_log + 1.0, now)
        rate = self.rate.rate(now)
        if rate is None:
            return
        size = self._config.chunk_bytes
        self._output.say(f"🎤 音声送信中: {round(rate)} chunks/sec ({size} bytes/chunk)")
        if self._watched_source != self._source.changes:
            self._watched_source = self._source.changes
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
