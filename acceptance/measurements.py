"""Measurements from the run's own requests, as plain values for the judges."""

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
    """What test 3 measured of ``realtime_mode`` beside its conversation. None: not tried."""

    two_connections: TwoConnections | None = None
    killed: Killed | None = None
    restarted: Restarted | None = None


@dataclass(frozen=True, slots=True)
class ForeignWrite:
    """What another user said into the owner's session, and what the owner's session held before and after."""

    attempt: Attempt
    heard: str | None = None
    """The transcript that the other user was shown; None: nothing was said, or nothing came of it."""
    before: int = 0
    """Messages of the session."""
    after: int | None = None


@dataclass(frozen=True, slots=True)
class Revoked:
    """An account that was deactivated or revoked while a WebSocket of it was open."""

    at: str
    attempt: Attempt | None = None
    """A new WebSocket with its token."""
    rest_status: int | None = None
    """HTTP status of a request with its token."""
    closed_after_s: float | None = None
    """When the open WebSocket was closed; None: it stayed open."""
    close_code: int | None = None
    watched_s: float = 0.0
    refused: str | None = None
    """Code of why its WebSocket could not be opened in the first place."""


@dataclass(frozen=True, slots=True)
class AccessMeasurements:
    """What test 3 measured of who is let in where. None: not tried."""

    missing_token: Attempt | None = None
    wrong_token: Attempt | None = None
    malformed_session: Attempt | None = None
    unknown_session: Attempt | None = None
    foreign_session: Attempt | None = None
    foreign_read: ForeignRead | None = None
    foreign_write: ForeignWrite | None = None
    finished_session: Attempt | None = None
    revoked: Revoked | None = None


@dataclass(frozen=True, slots=True)
class StoredMessages:
    """The messages of a session as the server gives them, by role; None: it did not answer."""

    at: str
    salesperson: tuple[str, ...] | None = None
    customer: tuple[str, ...] | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class SocketReply:
    """What came over a WebSocket after something that it should not just take."""

    at: str
    error_code: str | None = None
    said: str | None = None
    close_code: int | None = None
    """None: it stayed open."""
    close_reason: str | None = None
    sent_s: float | None = None
    """Seconds of audio that were sent, in ``took_s``."""
    took_s: float | None = None
    refused: str | None = None
    """Code of why there was no WebSocket to try it on."""

    @property
    def explained(self) -> bool:
        """The server said why, by an error or in the close itself."""
        return self.error_code is not None or self.close_code == 1009 or bool(self.close_reason)


@dataclass(frozen=True, slots=True)
class HttpReply:
    """A request that asks for an error. ``status`` None: no answer."""

    at: str
    what: str
    status: int | None = None
    json: bool = False
    error: str | None = None


@dataclass(frozen=True, slots=True)
class WrongLogins:
    """Logins with a wrong password, one after the other: status and seconds of each."""

    at: str
    replies: tuple[tuple[int | None, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Vanished:
    """A client that vanished at ``gone_t`` without a close or a reset."""

    before: ModeReading | None = None
    connected: tuple[ModeReading, ...] = ()
    gone_t: float | None = None
    after: tuple[ModeReading, ...] = ()
    refused: str | None = None


@dataclass(frozen=True, slots=True)
class RobustnessMeasurements:
    """What test 4 measured beside its conversations. None: not tried."""

    oversized: SocketReply | None = None
    flood: SocketReply | None = None
    errors: tuple[HttpReply, ...] = ()
    wrong_logins: WrongLogins | None = None
    upstream_lost: SocketReply | None = None
    vanished: Vanished | None = None


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
    """Length of the track ``user``; None when it cannot be read."""
    customer_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class FaultMeasurements:
    """Everything that test 4 measured beside its conversations."""

    windows: dict[Fault, FaultWindow] = field(default_factory=dict)
    answers_typed_turns: bool = True
    """A typed turn was answered before any fault: without that, an answer proves nothing."""
    recording: RecordingFiles | None = None
