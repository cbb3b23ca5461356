"""When each turn reached its stages, from the relay's events: where a slow answer lost its time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from relay.stream import Item, Latency, Playback, Response, Speech, Step, StreamEvent, Transcript

KEPT_EXCHANGES = 200
"""Turns whose times are kept; the recording has all of them."""

Stage = Literal[
    "speech_started",
    "speech_ended",
    "vad_stopped",
    "transcript",
    "response_created",
    "first_audio",
    "heard",
    "ended",
]
STAGES: tuple[Stage, ...] = (
    "speech_started",
    "speech_ended",
    "vad_stopped",
    "transcript",
    "response_created",
    "first_audio",
    "heard",
    "ended",
)

WAITED_FOR: tuple[Stage, ...] = ("vad_stopped", "transcript", "response_created", "first_audio", "heard")


@dataclass(frozen=True, slots=True)
class Exchange:
    """A turn of the user's and the answer to it. Times are the stream's ``t`` in seconds; None: never came."""

    number: int
    """Counted from 1, in the order in which the turns began."""
    basis: Literal["speech", "text", "greeting"]
    """How the turn was said; greeting: the customer spoke first."""
    item_id: str | None = None
    answer_id: str | None = None
    response_id: str | None = None
    speech_started: float | None = None
    speech_ended: float | None = None
    """Known only with the latency, whose beginning it is; a typed turn: when the answer was asked for."""
    vad_stopped: float | None = None
    transcript: float | None = None
    response_created: float | None = None
    first_audio: float | None = None
    heard: float | None = None
    """The first sample was played."""
    ended: float | None = None
    """The last sample was played, or the answer was stopped."""
    interrupted: bool = False
    by_voice: bool = False
    """The user's voice stopped the answer (barge-in), not a key."""
    latency_ms: float | None = None
    heard_ms: int | None = None
    received_ms: int | None = None

    def at(self, stage: Stage) -> float | None:
        """``t`` of ``stage``."""
        value: float | None = getattr(self, stage)
        return value

    @property
    def reached(self) -> tuple[tuple[Stage, float], ...]:
        """The stages that were reached, in order of time."""
        known = [(stage, at) for stage in STAGES if (at := self.at(stage)) is not None]
        return tuple(sorted(known, key=lambda pair: pair[1]))

    @property
    def zero(self) -> float:
        """What the times of a turn are counted from: the end of speech, or the first stage that is known."""
        if self.speech_ended is not None:
            return self.speech_ended
        reached = self.reached
        known = [at for stage, at in reached if stage != "speech_started"]
        return known[0] if known else reached[0][1] if reached else 0.0

    @property
    def waits(self) -> tuple[tuple[Stage, float, float], ...]:
        """What an answer waits for: each stage after the end of speech, from when and until when it was waited for."""
        zero = self.zero
        return tuple(
            (stage, max(before, zero), at)
            for (_, before), (stage, at) in pairwise(self.reached)
            if stage in WAITED_FOR and at >= zero
        )

    @property
    def slowest(self) -> tuple[Stage, float] | None:
        """The stage before the first audio that took longest to reach, and its seconds; None without two stages."""
        ways = [(stage, at - before) for stage, before, at in self.waits if stage != "heard"]
        return max(ways, key=lambda pair: pair[1], default=None)

    def waiting_since(self) -> float | None:
        """Since when an answer is owed: the user has finished, and no audio of it has come."""
        asked = self.vad_stopped if self.basis == "speech" else self.response_created
        return None if self.first_audio is not None or self.ended is not None else asked


class TurnTimes:
    """Takes the events of one conversation in, in order."""

    def __init__(self) -> None:
        self._exchanges: list[Exchange] = []
        self._count = 0

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """Every kept turn, oldest first."""
        return tuple(self._exchanges)

    @property
    def latencies(self) -> dict[str, float]:
        """Response latency in ms by the item of the answer."""
        return {
            one.answer_id: one.latency_ms
            for one in self._exchanges
            if one.answer_id is not None and one.latency_ms is not None
        }

    def take(self, events: Iterable[StreamEvent]) -> None:
        """Take ``events`` in."""
        for event in events:
            match event:
                case Speech():
                    self._speech(event)
                case Item(role="user") if self._index(item_id=event.item_id) is None:
                    self._add(Exchange(0, "text", event.item_id))
                case Transcript(role="user", final=True):
                    self._change(self._index(item_id=event.item_id), transcript=event.t)
                case Response():
                    self._response(event)
                case Latency():
                    self._latency(event)
                case Playback():
                    self._playback(event)
                case Step(step="closed"):
                    self._owe_nothing(event.t)
                case _:
                    pass

    def _speech(self, event: Speech) -> None:
        index = self._index(item_id=event.item_id)
        if event.state == "started":
            if index is None:
                self._add(Exchange(0, "speech", event.item_id, speech_started=event.t))
        elif index is None:
            self._add(Exchange(0, "speech", event.item_id, vad_stopped=event.t))
        else:
            self._change(index, vad_stopped=event.t)

    def _response(self, event: Response) -> None:
        if event.state == "done":
            index = self._index(response_id=event.response_id)
            if (
                index is not None
                and self._exchanges[index].first_audio is None
                and event.status != "completed"
            ):
                self._change(index, ended=event.t)
            return
        waiting = [
            place
            for place, one in enumerate(self._exchanges)
            if one.response_created is None and (one.basis == "text" or one.vad_stopped is not None)
        ]
        if not waiting:
            self._add(Exchange(0, "greeting"))
            waiting = [len(self._exchanges) - 1]
        # Turns that were spoken one right after the other are answered together, with the last.
        self._change(waiting[-1], response_id=event.response_id, response_created=event.t)

    def _latency(self, event: Latency) -> None:
        index = next(
            (
                place
                for place in range(len(self._exchanges) - 1, -1, -1)
                if self._exchanges[place].response_created is not None
                and self._exchanges[place].first_audio is None
            ),
            None,
        )
        self._change(
            index,
            answer_id=event.item_id,
            first_audio=event.t,
            latency_ms=event.response_latency_ms,
            speech_ended=event.t - event.response_latency_ms / 1_000,
            basis=event.basis,
        )

    def _playback(self, event: Playback) -> None:
        index = self._index(answer_id=event.item_id)
        if index is None and event.state == "started":
            index = self._last_with_response()
            self._change(index, answer_id=event.item_id)
        if event.state == "started":
            if index is not None and self._exchanges[index].heard is None:
                self._change(index, heard=event.t)
            return
        voice = event.state == "interrupted" and any(
            one.speech_started is not None and one.vad_stopped is None for one in self._exchanges
        )
        self._change(
            index,
            ended=event.t,
            heard_ms=event.heard_ms,
            received_ms=event.received_ms,
            interrupted=event.state == "interrupted",
            by_voice=voice,
        )

    def _owe_nothing(self, at: float) -> None:
        """The connection is gone, and with it what was being answered on it."""
        for place, one in enumerate(self._exchanges):
            if one.waiting_since() is not None:
                self._change(place, ended=at)

    def _last_with_response(self) -> int | None:
        for place in range(len(self._exchanges) - 1, -1, -1):
            one = self._exchanges[place]
            if one.response_created is not None and one.answer_id is None:
                return place
        return None

    def _index(self, **wanted: str) -> int | None:
        ((name, value),) = wanted.items()
        for place in range(len(self._exchanges) - 1, -1, -1):
            if getattr(self._exchanges[place], name) == value:
                return place
        return None

    def _add(self, exchange: Exchange) -> None:
        self._count += 1
        self._exchanges.append(replace(exchange, number=self._count))
        del self._exchanges[:-KEPT_EXCHANGES]

    def _change(self, index: int | None, **values: object) -> None:
        if index is not None:
            self._exchanges[index] = replace(self._exchanges[index], **values)  # type: ignore[arg-type]
