"""What the run measured by requests of its own, as plain values for the judges."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class ModeReading:
    """``GET /api/session/{id}/`` was answered at wall time ``at``; ``t`` counts from the run's start.

    ``value`` is null when the server did not answer (see ``error``) or does not report the field.
    """

    at: str
    t: float
    value: bool | None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class TwoConnections:
    """Two WebSockets on one session, of which one was closed."""

    before: ModeReading
    both: tuple[ModeReading, ...] = ()
    """While both were open."""
    one_closed: tuple[ModeReading, ...] = ()
    """After one was closed and while the other was open."""
    refused: str | None = None
    """Code of why a connection could not be made."""


@dataclass(frozen=True, slots=True)
class Killed:
    """A WebSocket that was reset without a close frame at ``killed_t``."""

    before: ModeReading
    connected: tuple[ModeReading, ...] = ()
    killed_t: float | None = None
    after: tuple[ModeReading, ...] = ()
    refused: str | None = None


@dataclass(frozen=True, slots=True)
class Restarted:
    """The server was killed with a WebSocket open, and started again; it answered again at ``up_t``."""

    connected: tuple[ModeReading, ...] = ()
    up_t: float | None = None
    after: tuple[ModeReading, ...] = ()
    refused: str | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """A WebSocket that the server should refuse, and what it did."""

    at: str
    outcome: Literal["refused_http", "closed", "served", "left_open", "no_answer"]
    """refused_http: before the upgrade; closed: after it; served: ``session.created`` came; left_open: nothing
    came; no_answer: no server."""
    http_status: int | None = None
    close_code: int | None = None
    error_code: str | None = None
    """Of the server's ``error`` event."""
    detail: str | None = None
    said: str | None = None
    """The server's own words, in that event or in its close frame."""

    @property
    def refused(self) -> bool:
        """The server turned it away."""
        return self.outcome in ("refused_http", "closed")


@dataclass(frozen=True, slots=True)
class ForeignRead:
    """Another user's session asked for over REST."""

    at: str
    status: int | None
    readable: bool
    error: str | None = None


@dataclass(frozen=True, slots=True)
class ModeMeasurements:
    """Everything that test 3 measured beside its conversation. None: not tried."""

    two_connections: TwoConnections | None = None
    killed: Killed | None = None
    missing_token: Attempt | None = None
    wrong_token: Attempt | None = None
    unknown_session: Attempt | None = None
    foreign_session: Attempt | None = None
    foreign_read: ForeignRead | None = None
    restarted: Restarted | None = None


Fault = Literal["api_error", "pause", "slow", "reset", "corrupt", "half_open"]


@dataclass(frozen=True, slots=True)
class FaultWindow:
    """A fault of test 4: its events are those from number ``first`` up to ``last`` of the stream."""

    fault: Fault
    at: str
    """ISO-8601, UTC: when it was injected."""
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class RecordingFiles:
    """What a recording holds, read after its conversation ended."""

    events: tuple[bytes, ...] = ()
    """Lines of events.jsonl."""
    user_seconds: float | None = None
    """Length of user.wav; None when it cannot be read."""
    customer_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class FaultMeasurements:
    """Everything that test 4 measured beside its conversations."""

    windows: dict[Fault, FaultWindow] = field(default_factory=dict)
    answers_typed_turns: bool = True
    """A typed turn was answered before any fault: without that, an answer proves nothing."""
    recording: RecordingFiles | None = None
