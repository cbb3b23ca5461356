"""Response latency: from the end of the user's speech to the first byte of answer audio.

The server names the end of speech as an offset in the audio it was sent; this module records when each
sample was handed to the socket, so both ends of the figure are on the relay's one clock. Times are
passed in, in seconds.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from dataclasses import dataclass
from typing import Literal

from audio.ports import BYTES_PER_MS, BYTES_PER_SAMPLE

SAMPLES_PER_MS = BYTES_PER_MS // BYTES_PER_SAMPLE
KEPT_CHUNKS = 4_096
"""Chunks whose time is kept: 80 s of 20 ms, 11 minutes of 171 ms. Speech ends within seconds."""

Basis = Literal["speech", "text"]


@dataclass(frozen=True, slots=True)
class ResponseLatency:
    """One turn's latency in ms; negative if the answer started before the user had finished."""

    turn: int
    response_latency_ms: float
    basis: Basis


@dataclass(slots=True)
class _Turn:
    number: int
    ended_at: float
    basis: Basis
    response_id: str | None = None


class SentClock:
    """When each sample of one connection was handed to the socket."""

    def __init__(self, kept_chunks: int = KEPT_CHUNKS) -> None:
        self._ends: deque[int] = deque(maxlen=kept_chunks)
        self._times: deque[float] = deque(maxlen=kept_chunks)
        self.samples_sent = 0

    def sent(self, samples: int, at: float) -> None:
        """``samples`` more samples were handed over at ``at``."""
        self.samples_sent += samples
        self._ends.append(self.samples_sent)
        self._times.append(at)

    def time_of(self, audio_ms: float) -> float | None:
        """When the sample at ``audio_ms`` from this connection's first byte was handed over.

        None if nothing was sent or it is too long ago; the last time for an offset that was never sent.
        """
        sample = max(0, audio_ms) * SAMPLES_PER_MS
        if not self._ends or self.samples_sent == 0:
            return None
        index = bisect_left(self._ends, sample)
        if index == 0 and len(self._ends) == self._ends.maxlen:
            return None
        return self._times[min(index, len(self._times) - 1)]


class LatencyTracker:
    """Pairs the end of each turn with the first audio of the answer to it."""

    def __init__(self) -> None:
        self.clock = SentClock()
        self._turns = 0
        self._open: _Turn | None = None

    def connected(self) -> None:
        """A new socket: the server counts audio from zero again, and owes no answer."""
        self.clock = SentClock()
        self._open = None

    def speech_stopped(self, audio_end_ms: float, silence_duration_ms: float) -> None:
        """The server's VAD reported the end of speech; its offset includes the silence it waited for."""
        ended_at = self.clock.time_of(audio_end_ms - silence_duration_ms)
        if ended_at is not None:
            self._begin(ended_at, "speech")

    def response_requested(self, at: float) -> None:
        """A typed turn: ``response.create`` was handed to the socket at ``at``."""
        self._begin(at, "text")

    def response_created(self, response_id: str) -> None:
        """The server started a response: it answers the open turn unless that already has a response."""
        if self._open is not None and self._open.response_id is None:
            self._open.response_id = response_id

    def response_done(self, response_id: str) -> None:
        """A response that ended without audio leaves its turn without a latency."""
        if self._open is not None and self._open.response_id == response_id:
            self._open = None

    def audio_received(self, response_id: str | None, at: float) -> ResponseLatency | None:
        """The latency, at the first audio of the response that answers the open turn; None otherwise."""
        turn = self._open
        if turn is None or turn.response_id is None or turn.response_id != response_id:
            return None
        self._open = None
        return ResponseLatency(turn.number, (at - turn.ended_at) * 1_000, turn.basis)

    def _begin(self, ended_at: float, basis: Basis) -> None:
        self._turns += 1
        self._open = _Turn(self._turns, ended_at, basis)
