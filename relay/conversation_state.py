"""The state of one conversation at one moment: immutable values, built by ``relay.conversation.fold``."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import msgspec

from relay.stream import (
    Connection,
    Echo,
    InputSettings,
    Meters,
    ModePhase,
    Problem,
    Recording,
    Role,
    SinkState,
    SourceState,
    Started,
    Summary,
)

Status = Literal["idle", "connecting", "live", "lost", "retrying", "given_up", "closing", "closed", "ended"]

KEPT_REPORTS = 200
"""Errors kept in the state; the event log and the recording keep all of them."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of either side, keyed by the server's item id."""

    item_id: str
    role: Role
    at: float
    """``t`` at which its speech began; for an item that was not spoken, ``t`` of the first event that named it."""
    text: str = ""
    final: bool = False
    previous_item_id: str | None = None
    heard_ms: int | None = None
    """Answer audio the operator heard; None until playback reported something."""
    received_ms: int | None = None
    interrupted: bool = False
    failure: str | None = None
    """Code of a transcription failure."""


@dataclass(frozen=True, slots=True)
class ConnectionSteps:
    """One socket's progress. Times are ``t`` of the first occurrence of each step, in seconds."""

    number: int
    times: Mapping[str, float] = field(default_factory=dict)
    created: tuple[str | None, ...] = ()
    """Detail of every ``session.created``: ``relay`` or the model's name."""
    updates_sent: int = 0
    close_code: int | None = None
    close_reason: str | None = None


@dataclass(frozen=True, slots=True)
class LatencyFigures:
    """Response latency in ms. Percentiles are nearest-rank: always a latency that actually occurred."""

    n: int = 0
    last: float | None = None
    p50: float | None = None
    p95: float | None = None


@dataclass(frozen=True, slots=True)
class ModeReport:
    """The server's last report of ``realtime_mode``, and since when it has not answered."""

    value: bool | None = None
    at: float | None = None
    """``t`` of the last answer; its age is what the screen shows beside the value."""
    phase: ModePhase | None = None
    unanswered_since: float | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class ConversationState:
    """Everything known of a conversation at one moment. Start with ``ConversationState()``."""

    now: float = 0.0
    """Largest ``t`` seen."""
    started: Started | None = None
    turns: tuple[Turn, ...] = ()
    """In conversation order (``previous_item_id``), not in order of arrival."""
    items: Mapping[str, Turn] = field(default_factory=dict)
    """The same turns by item id, in order of arrival."""
    earlier_turns: int = 0
    """How many turns came before these and are not kept any more (``relay.conversation_bounds``)."""
    earlier_answers: int = 0
    """How many of those were complete answers of the customer's."""
    speech_item_id: str | None = None
    """Item of the user's speech in progress, as the server's VAD hears it."""
    last_speech: tuple[str, float] | None = None
    """Item of the speech that the VAD heard last, and ``t`` of its start; the item itself follows when the speech
    ends."""
    open_responses: frozenset[str] = frozenset()
    failed_responses: int = 0
    """Failed answers: each is an error, and ends the wait for that answer."""
    playing_item_id: str | None = None
    connections: tuple[ConnectionSteps, ...] = ()
    connection: Connection | None = None
    """The last loss, retry or recovery, if any."""
    mode: ModeReport = ModeReport()
    meters: Meters | None = None
    latencies: Mapping[int, float] = field(default_factory=dict)
    """Response latency of spoken turns, in ms by turn number."""
    errors: tuple[Problem, ...] = ()
    error_count: int = 0
    source: SourceState | None = None
    sink: SinkState | None = None
    input_settings: InputSettings | None = None
    """What was changed since the start; see ``echo`` and ``gain_db``."""
    recording: Recording | None = None
    summary: Summary | None = None
    crashed: bool = False
    """The relay process ended without a summary."""

    @property
    def echo(self) -> Echo:
        """How loudspeaker echo is handled now."""
        says = self.input_settings or self.started
        return "off" if says is None else says.echo

    @property
    def gain_db(self) -> float:
        """How much louder than captured the user's voice is sent now, in dB."""
        says = self.input_settings or self.started
        return 0.0 if says is None else says.gain_db

    @property
    def ended(self) -> bool:
        """Whether the summary has arrived, or never will: nothing follows."""
        return self.summary is not None or self.crashed

    @property
    def current(self) -> ConnectionSteps | None:
        """The latest connection."""
        return self.connections[-1] if self.connections else None

    @property
    def gate_open(self) -> bool:
        """Whether audio is (or may be) sent on the latest connection."""
        return self.status == "live"

    @property
    def answering(self) -> bool:
        """Whether a response is being generated or played."""
        return bool(self.open_responses) or self.playing_item_id is not None

    @property
    def status(self) -> Status:
        """One word for the whole connection."""
        if self.ended:
            return "ended"
        steps = self.current
        lost = self.connection
        if lost is not None and lost.state == "given_up":
            return "given_up"
        if steps is None:
            return "idle"
        waiting = lost is not None and lost.t >= max(steps.times.values())
        if lost is not None and waiting and lost.state in ("lost", "retrying"):
            return "retrying" if lost.state == "retrying" else "lost"
        if "closed" in steps.times:
            return "closed"
        if "closing" in steps.times:
            return "closing"
        return "live" if "gate_open" in steps.times else "connecting"

    @property
    def latency(self) -> LatencyFigures:
        """Last, p50 and p95 of response latency with n."""
        values = list(self.latencies.values())
        if not values:
            return LatencyFigures()
        last = self.latencies[max(self.latencies)]
        return LatencyFigures(len(values), last, percentile(values, 50), percentile(values, 95))


def percentile(values: Sequence[float], p: float) -> float | None:
    """Nearest-rank percentile: the smallest value with at least ``p`` % of all values at or below it.

    It does not interpolate, so the figure is one that was measured. None for no values.
    """
    if not values:
        return None
    ordered = sorted(values)
    return ordered[max(0, math.ceil(p / 100 * len(ordered)) - 1)]


def order_items(items: Mapping[str, Turn]) -> tuple[Turn, ...]:
    """Turns in conversation order.

    Each item stands after its ``previous_item_id``; of two with the same predecessor the later arrival
    was inserted between, so it comes first. Items whose predecessor is unknown keep their order of
    arrival. Ids come from outside: a cycle is broken at the first item to arrive.
    """
    followers: dict[str, list[str]] = {}
    roots: list[str] = []
    for turn in items.values():
        before = turn.previous_item_id
        if before is None or before == turn.item_id or before not in items:
            roots.append(turn.item_id)
        else:
            followers.setdefault(before, []).append(turn.item_id)
    ordered: list[Turn] = []
    seen: set[str] = set()
    for root in [*roots, *items]:
        stack = [root]
        while stack:
            item_id = stack.pop()
            if item_id in seen:
                continue
            seen.add(item_id)
            ordered.append(items[item_id])
            stack.extend(followers.get(item_id, ()))
    return tuple(ordered)


def state_json(state: ConversationState) -> bytes:
    """The state as JSON, the same bytes for equal states: whether a replay ends as the conversation did."""
    plain = msgspec.to_builtins(state, str_keys=True, order="deterministic")
    return msgspec.json.encode(plain, order="deterministic")
