"""The stream of one conversation, examined afterwards, with wall-clock times."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from relay.codes import RelayCode
from relay.exit_codes import EXIT_INTERRUPTED
from relay.stream import (
    Connection,
    Problem,
    ProtocolEvent,
    RealtimeMode,
    Response,
    Started,
    StreamEvent,
    Summary,
)

Event = TypeVar("Event", bound=StreamEvent)

_OURS = frozenset({RelayCode.RELAY_CRASHED, RelayCode.RELAY_FAULT, RelayCode.BAD_CONFIGURATION})
"""Codes of failures in the conversation's own process, which say nothing about the server."""


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
    waited: bool | None = None
    """Of a window: it was left open until its time was up. None: the record is no window."""

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
    def completed_response(self) -> Response | None:
        """The first response that was completed; in a window, one that did not begin before it."""
        earlier = {event.response_id for event in self.events[: self.first] if isinstance(event, Response)}
        return self.one(
            Response,
            lambda event: (
                event.state == "done" and event.status == "completed" and event.response_id not in earlier
            ),
        )

    @property
    def summary(self) -> Summary | None:
        """The last line."""
        return self.one(Summary)

    @property
    def own_failure(self) -> Problem | None:
        """What went wrong on this side of the connection, if that ended the conversation."""
        return self.one(Problem, lambda problem: problem.code in _OURS)

    @property
    def complete(self) -> bool:
        """Whether it ended properly: only then does the absence of something prove anything.

        A conversation whose process was killed, or failed of itself, just stops.
        """
        if self.own_failure is not None:
            return False
        if self.waited is not None:
            return self.waited
        summary = self.summary
        return summary is not None and summary.exit_code != EXIT_INTERRUPTED

    def window(self, first: int, last: int | None = None) -> Record:
        """What came from the event number ``first`` on, up to (not including) ``last``."""
        waited = last is not None and last <= len(self.events)
        return Record(self.name, self.events[:last], first, waited)

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
