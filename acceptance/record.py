"""The stream of one conversation, looked at afterwards: what was said when, on the wall's clock too."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from relay.stream import (
    Connection,
    ProtocolEvent,
    RealtimeMode,
    Started,
    Step,
    StreamEvent,
    Summary,
)

Event = TypeVar("Event", bound=StreamEvent)


@dataclass(frozen=True, slots=True)
class Moment:
    """When something happened: wall time (ISO-8601, UTC), and ``t`` on the stream of a conversation."""

    at: str | None = None
    conversation: str | None = None
    t: float | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """The events of a conversation from its start, in order; ``first`` is where a window of it begins."""

    name: str
    events: Sequence[StreamEvent]
    first: int = 0

    def of(self, kind: type[Event], wanted: Callable[[Event], bool] | None = None) -> list[Event]:
        """Events of ``kind`` within the window, in order."""
        return [
            event
            for event in self.events[self.first :]
            if isinstance(event, kind) and (wanted is None or wanted(event))
        ]

    def one(self, kind: type[Event], wanted: Callable[[Event], bool] | None = None) -> Event | None:
        """The first of them; None if there is none."""
        found = self.of(kind, wanted)
        return found[0] if found else None

    def step(self, name: str) -> Step | None:
        """The first time that a connection reached the step ``name``."""
        return self.one(Step, lambda step: step.step == name)

    def sent(self, kind: str) -> list[ProtocolEvent]:
        """Messages of that type that went out."""
        return self.of(ProtocolEvent, lambda event: event.direction == "out" and event.type == kind)

    def received(self, kind: str) -> list[ProtocolEvent]:
        """Messages of that type that came in."""
        return self.of(ProtocolEvent, lambda event: event.direction == "in" and event.type == kind)

    def modes(self, phase: str) -> list[RealtimeMode]:
        """What the server reported of ``realtime_mode`` in that phase."""
        return self.of(RealtimeMode, lambda report: report.phase == phase)

    @property
    def lost(self) -> Connection | None:
        """The first loss of the connection."""
        return self.one(Connection, lambda event: event.state == "lost")

    @property
    def summary(self) -> Summary | None:
        """The last line."""
        return self.one(Summary)

    def window(self, first: int, last: int | None = None) -> Record:
        """What came from the event number ``first`` on, up to (not including) ``last``."""
        return Record(self.name, self.events[:last], first)

    def moment(self, event: StreamEvent | None) -> Moment:
        """When ``event`` happened, on both clocks; of None: nothing but the conversation's name."""
        if event is None:
            return Moment(conversation=self.name)
        started = next((event for event in self.events if isinstance(event, Started)), None)
        at = None
        if started is not None:
            wall = datetime.fromisoformat(started.wall_time) + timedelta(seconds=event.t - started.t)
            at = wall.isoformat(timespec="milliseconds")
        return Moment(at, self.name, round(event.t, 3))
