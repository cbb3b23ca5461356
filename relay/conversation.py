"""One conversation as a pure reducer over the relay's stream.

``fold(state, events)`` returns the next state: no I/O, no clock, no mutation. The live screen, the
headless commands, the acceptance checkpoints and the replayer all show what this module computes, so a
recorded run replays through the code that showed it live.

Containers are copied once per *batch*: a batch of two hundred events costs the copies of one event.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from relay.codes import RelayCode
from relay.conversation_state import (
    KEPT_REPORTS,
    ConnectionSteps,
    ConversationState,
    LatencyFigures,
    ModeReport,
    Turn,
    order_items,
    percentile,
)
from relay.stream import (
    Connection,
    InputSettings,
    Item,
    Latency,
    Meters,
    Playback,
    Problem,
    RealtimeMode,
    Recording,
    Response,
    Role,
    SinkState,
    SourceState,
    Speech,
    Started,
    Step,
    StreamEvent,
    Summary,
    Transcript,
    TranscriptFailed,
)

__all__ = [
    "ConnectionSteps",
    "ConversationState",
    "LatencyFigures",
    "ModeReport",
    "Turn",
    "fold",
    "percentile",
]


def fold(state: ConversationState, events: Iterable[StreamEvent]) -> ConversationState:
    """The state after ``events``; ``state`` is unchanged. Never raises, whatever their order."""
    batch = list(events)
    if not batch:
        return state
    draft = _Draft(state)
    for event in batch:
        draft.apply(event)
    return draft.freeze()


class _Draft:
    """The working copy that one batch is applied to. Containers are copied when first touched."""

    def __init__(self, state: ConversationState) -> None:
        self._state = state
        self._changes: dict[str, Any] = {}
        self._items: dict[str, Turn] | None = None
        self._reorder = False

    def apply(self, event: StreamEvent) -> None:
        """Apply one event. Kinds that are only for the log change nothing but ``now``."""
        self._changes["now"] = max(self._get("now"), event.t)
        handler = _HANDLERS.get(type(event))
        if handler is not None:
            handler(self, event)

    def freeze(self) -> ConversationState:
        """The finished state."""
        if self._items is not None:
            self._changes["items"] = self._items
            if self._reorder:
                self._changes["turns"] = order_items(self._items)
            else:
                self._changes["turns"] = tuple(self._items[turn.item_id] for turn in self._state.turns)
        return replace(self._state, **self._changes)

    def _get(self, name: str) -> Any:
        return self._changes[name] if name in self._changes else getattr(self._state, name)

    # --- turns ---------------------------------------------------------------------------------

    def _turn(self, item_id: str, role: Role, at: float) -> Turn:
        if self._items is None:
            self._items = dict(self._state.items)
        turn = self._items.get(item_id)
        if turn is None:
            spoken: tuple[str, float] | None = self._get("last_speech")
            since = spoken[1] if spoken is not None and spoken[0] == item_id else at
            turn = self._items[item_id] = Turn(item_id, role, since)
            self._reorder = True
        return turn

    def _put(self, turn: Turn) -> None:
        assert self._items is not None
        self._items[turn.item_id] = turn

    def item(self, event: Item) -> None:
        turn = self._turn(event.item_id, event.role, event.t)
        before = event.previous_item_id or turn.previous_item_id
        if before != turn.previous_item_id:
            self._reorder = True
        self._put(replace(turn, role=event.role, previous_item_id=before))

    def transcript(self, event: Transcript) -> None:
        turn = self._turn(event.item_id, event.role, event.t)
        if event.final:
            self._put(replace(turn, role=event.role, text=event.text, final=True, failure=None))
        elif not turn.final:
            self._put(replace(turn, text=turn.text + event.text))

    def transcript_failed(self, event: TranscriptFailed) -> None:
        turn = self._turn(event.item_id, "user", event.t)
        if not turn.final:
            self._put(replace(turn, failure=event.code))

    def playback(self, event: Playback) -> None:
        turn = self._turn(event.item_id, "assistant", event.t)
        interrupted = turn.interrupted or event.state == "interrupted"
        heard = max(turn.heard_ms or 0, event.heard_ms)
        received = max(turn.received_ms or 0, event.received_ms)
        self._put(replace(turn, heard_ms=heard, received_ms=received, interrupted=interrupted))
        if event.state == "started":
            self._changes["playing_item_id"] = event.item_id
        elif self._get("playing_item_id") == event.item_id:
            self._changes["playing_item_id"] = None

    def speech(self, event: Speech) -> None:
        if event.state == "started":
            self._changes["speech_item_id"] = event.item_id
            self._changes["last_speech"] = (event.item_id, event.t)
        else:
            self._end_speech()

    def _end_speech(self) -> None:
        self._changes["speech_item_id"] = None

    def response(self, event: Response) -> None:
        opened: frozenset[str] = self._get("open_responses")
        changed = {event.response_id}
        self._changes["open_responses"] = opened - changed if event.state == "done" else opened | changed
        if event.status == "failed":
            self._changes["failed_responses"] = self._get("failed_responses") + 1

    # --- connection ----------------------------------------------------------------------------

    def step(self, event: Step) -> None:
        connections: tuple[ConnectionSteps, ...] = self._get("connections")
        by_number = {steps.number: steps for steps in connections}
        steps = by_number.get(event.connection, ConnectionSteps(event.connection))
        times = dict(steps.times)
        times.setdefault(event.step, event.t)
        steps = replace(steps, times=times)
        if event.step == "created":
            steps = replace(steps, created=(*steps.created, event.detail))
        elif event.step == "update_sent":
            steps = replace(steps, updates_sent=steps.updates_sent + 1)
        elif event.step == "closed":
            steps = replace(steps, close_code=event.close_code, close_reason=event.detail)
            # What belongs to a socket ends with it: no VAD or response event will come for these.
            self._end_speech()
            self._changes["open_responses"] = frozenset()
        by_number[event.connection] = steps
        self._changes["connections"] = tuple(by_number[number] for number in sorted(by_number))

    def realtime_mode(self, event: RealtimeMode) -> None:
        mode: ModeReport = self._get("mode")
        if event.value is None:
            since = mode.unanswered_since if mode.unanswered_since is not None else event.t
            self._changes["mode"] = replace(mode, unanswered_since=since, error=event.error)
        else:
            self._changes["mode"] = ModeReport(value=event.value, at=event.t, phase=event.phase)

    # --- the rest ------------------------------------------------------------------------------

    def latency(self, event: Latency) -> None:
        # A typed turn waits for no words to be made out: beside spoken turns it says nothing.
        if event.basis == "speech":
            self._changes["latencies"] = {**self._get("latencies"), event.turn: event.response_latency_ms}

    def problem(self, event: Problem) -> None:
        self._changes["errors"] = (*self._get("errors"), event)[-KEPT_REPORTS:]
        self._changes["error_count"] = self._get("error_count") + 1
        if event.where == "relay" and event.code == RelayCode.RELAY_CRASHED:  # said by ``relay.client``
            self._changes["crashed"] = True
            self._end()

    def summary(self, event: Summary) -> None:
        self._changes["summary"] = event
        self._end()

    def _end(self) -> None:
        self._changes["playing_item_id"] = None
        self._changes["open_responses"] = frozenset()
        self._end_speech()

    def keep(self, event: StreamEvent) -> None:
        self._changes[_KEPT[type(event)]] = event


_KEPT: dict[type, str] = {
    Started: "started",
    Meters: "meters",
    Connection: "connection",
    SourceState: "source",
    SinkState: "sink",
    InputSettings: "input_settings",
    Recording: "recording",
}

_HANDLERS: dict[type, Callable[[_Draft, Any], None]] = {
    Item: _Draft.item,
    Transcript: _Draft.transcript,
    TranscriptFailed: _Draft.transcript_failed,
    Playback: _Draft.playback,
    Speech: _Draft.speech,
    Response: _Draft.response,
    Step: _Draft.step,
    RealtimeMode: _Draft.realtime_mode,
    Latency: _Draft.latency,
    Problem: _Draft.problem,
    Summary: _Draft.summary,
    **dict.fromkeys(_KEPT, _Draft.keep),
}
