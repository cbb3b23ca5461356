"""Ten times a second: levels and counters, as one ``meters`` event."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from audio.pacing import next_on_grid
from audio.ports import BYTES_PER_MS
from relay.link.answers import Answers
from relay.link.gate import Gate
from relay.link.uplink import Uplink
from relay.output import Output
from relay.sound.loudness import loudness
from relay.sound.playback import PlaybackQueue
from relay.sound.source import CurrentSource
from relay.stream import Meters

INTERVAL_S = 0.1


class Gauges:
    """Reads the counters of a run's parts."""

    def __init__(
        self,
        output: Output,
        gate: Gate,
        uplink: Uplink,
        answers: Answers,
        source: CurrentSource,
        playback: PlaybackQueue,
    ) -> None:
        self._output = output
        self._gate = gate
        self._uplink = uplink
        self._answers = answers
        self._source = source
        self._playback = playback

    async def run(self, each_time: Callable[[], Awaitable[None]]) -> None:
        """Emit until cancelled, on a schedule that does not drift; ``each_time`` is awaited before."""
        due = time.monotonic()
        while True:
            await each_time()
            self._output.emit(self.read(time.monotonic()))
            due = max(due + INTERVAL_S, time.monotonic())
            # When the sound wakes the process anyway: 80 and 120 ms in turn.
            await asyncio.sleep(next_on_grid(due) - time.monotonic())

    def read(self, now: float) -> Meters:
        """The figures at ``now`` (``time.monotonic()``)."""
        uplink = self._uplink
        captured = uplink.recent() if self._gate.is_open or self._source.live else b""
        played = self._playback.recent()
        mic = loudness(captured) if captured else None
        speaker = loudness(played) if played else None
        lateness = uplink.lateness.window()
        return Meters(
            t=self._output.at(now),
            gate_open=self._gate.is_open,
            muted=uplink.muted,
            mic_rms_dbfs=mic.rms_dbfs if mic is not None else None,
            mic_peak_dbfs=mic.peak_dbfs if mic is not None else None,
            speaker_rms_dbfs=speaker.rms_dbfs if speaker is not None else None,
            speaker_peak_dbfs=speaker.peak_dbfs if speaker is not None else None,
            chunks_sent=uplink.chunks_sent,
            bytes_sent=uplink.bytes_sent,
            chunk_rate=uplink.rate.rate(now) if self._gate.is_open else None,
            window_s=uplink.rate.window_s,
            lateness_p99_ms=lateness.p99_ms,
            lateness_max_ms=lateness.max_ms,
            dropped_chunks=uplink.dropped_chunks,
            audio_received_ms=self._answers.audio_bytes // BYTES_PER_MS,
            received_ms_per_s=self._answers.audio_rate.amount(now),
            playback_buffer_ms=self._playback.buffered_ms,
        )
