"""The last minutes of a conversation as the instruments draw them. Bounded; kept beside the feed, not in widgets."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeVar

from relay.stream import (
    Connection,
    Latency,
    Meters,
    Playback,
    Problem,
    RealtimeMode,
    Response,
    Speech,
    Step,
    StreamEvent,
    Summary,
)
from tui.conversation.instruments.turn_times import TurnTimes

KEPT_S = 300.0
"""How far back the longest view looks."""
KEPT_SAMPLES = 3_600
"""Meters come ten times a second."""
KEPT_MARKS = 500
SHORTEST_GAP_MS = 200
"""Two meters in a row: one alone may fall between two messages."""

SpanKind = Literal["speech", "answer", "heard"]
MarkKind = Literal["barge_in", "stopped", "gap", "dropped", "lost", "restored", "error"]


@dataclass(frozen=True, slots=True)
class Sample:
    """One report of the meters."""

    t: float
    you_dbfs: float | None
    customer_dbfs: float | None
    """None while nothing plays, and before anything has."""
    chunk_rate: float | None
    lateness_p99_ms: float | None
    received_ms_per_s: float | None


@dataclass(slots=True)
class Span:
    """From ``start`` to ``end`` (None: still open), in seconds of the stream.

    speech: the server's VAD heard the user; answer: a response was being generated; heard: one was played.
    """

    kind: SpanKind
    key: str
    start: float
    end: float | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened at one moment."""

    t: float
    kind: MarkKind


@dataclass(frozen=True, slots=True)
class Measured:
    """One value at one moment."""

    t: float
    value: float


Timed = TypeVar("Timed", Sample, Mark, Measured)


def since(kept: Iterable[Timed], start: float) -> list[Timed]:
    """What is not older than ``start``, oldest first."""
    return [one for one in kept if one.t >= start]


class SignalHistory:
    """Takes the events of one conversation in, in order."""

    def __init__(self) -> None:
        self.samples: deque[Sample] = deque(maxlen=KEPT_SAMPLES)
        self.spans: deque[Span] = deque(maxlen=KEPT_MARKS)
        self.marks: deque[Mark] = deque(maxlen=KEPT_MARKS)
        self.round_trips: deque[Measured] = deque(maxlen=KEPT_MARKS)
        """Of the requests for ``realtime_mode``, in ms."""
        self.gaps: deque[Measured] = deque(maxlen=KEPT_MARKS)
        """Holes in an answer: how long (ms) nothing was left to play before more of it came."""
        self.latencies: deque[Measured] = deque(maxlen=KEPT_MARKS)
        """Response latency of spoken turns, in ms."""
        self.turns = TurnTimes()
        self._meters: Meters | None = None
        self._playing: str | None = None
        self._empty_since: float | None = None

    def take(self, events: Iterable[StreamEvent]) -> None:
        """Take ``events`` in."""
        taken = list(events)
        self.turns.take(taken)
        for event in taken:
            self._take(event)

    def open(self, kind: SpanKind) -> Iterator[Span]:
        """The spans of ``kind`` that go on."""
        return (span for span in self.spans if span.kind == kind and span.end is None)

    def _take(self, event: StreamEvent) -> None:
        match event:
            case Meters():
                self._take_meters(event)
            case Speech(state="started"):
                self._begin("speech", event.item_id, event.t)
            case Speech():
                self._end("speech", event.t)
            case Response(state="created"):
                self._begin("answer", event.response_id, event.t)
            case Response():
                self._end("answer", event.t, event.response_id)
            case Playback():
                self._playback(event)
            case Latency(basis="speech"):
                self.latencies.append(Measured(event.t, event.response_latency_ms))
            case RealtimeMode() if event.round_trip_ms is not None:
                self.round_trips.append(Measured(event.t, event.round_trip_ms))
            case Connection(state="lost" | "restored" as state):
                self.marks.append(Mark(event.t, state))
            case Problem():
                self.marks.append(Mark(event.t, "error"))
            case Step(step="closed") | Summary():
                self._all_over(event.t)
            case _:
                pass

    def _take_meters(self, event: Meters) -> None:
        before, self._meters = self._meters, event
        self.samples.append(
            Sample(
                event.t,
                None if event.muted else event.mic_rms_dbfs,
                event.speaker_rms_dbfs if self._playing else None,
                event.chunk_rate,
                event.lateness_p99_ms,
                event.received_ms_per_s,
            )
        )
        if before is not None:
            if event.dropped_chunks > before.dropped_chunks:
                self.marks.append(Mark(event.t, "dropped"))
            self._look_for_gap(event, event.audio_received_ms > before.audio_received_ms)

    def _look_for_gap(self, event: Meters, received: bool) -> None:
        """A gap counts once more of the same answer has come: what is only the end of an answer is none."""
        if self._playing is None:
            self._empty_since = None
        elif received:
            if self._empty_since is not None:
                gap_ms = (event.t - self._empty_since) * 1_000
                if gap_ms >= SHORTEST_GAP_MS:
                    self.gaps.append(Measured(event.t, gap_ms))
                    self.marks.append(Mark(event.t, "gap"))
            self._empty_since = None
        elif event.playback_buffer_ms == 0 and self._empty_since is None:
            self._empty_since = event.t

    def _playback(self, event: Playback) -> None:
        self._empty_since = None
        if event.state == "started":
            self._playing = event.item_id
            self._begin("heard", event.item_id, event.t)
            return
        self._playing = None
        self._end("heard", event.t, event.item_id)
        if event.state == "interrupted":
            voice = any(self.open("speech"))
            self.marks.append(Mark(event.t, "barge_in" if voice else "stopped"))

    def _begin(self, kind: SpanKind, key: str, at: float) -> None:
        self.spans.append(Span(kind, key, at))

    def _end(self, kind: SpanKind, at: float, key: str | None = None) -> None:
        for span in self.open(kind):
            if key in (None, span.key):
                span.end = at

    def _all_over(self, at: float) -> None:
        self._playing = None
        for span in self.spans:
            if span.end is None:
                span.end = at
