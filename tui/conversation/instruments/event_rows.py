"""Events as rows for the inspector: repeated ones folded, filtered, searched, and each held against what it answers.

Pure. The meters come ten times a second and are never kept one by one, so an hour is some thousand rows.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from relay.stream import (
    Connection,
    InputSettings,
    Item,
    Latency,
    LogLine,
    Meters,
    Notice,
    Playback,
    Problem,
    ProtocolEvent,
    RealtimeMode,
    Recording,
    Response,
    SinkState,
    SourceState,
    Speech,
    Step,
    StreamEvent,
    Transcript,
    TranscriptFailed,
)
from tui.conversation.instruments.event_lines import RECEIVED, event_line
from tui.i18n import N_, _
from tui.wording.figures import number

KEPT_ROWS = 100_000
Kind = Literal["audio", "protocol", "turns", "connection", "devices", "trouble", "log"]
Direction = Literal["in", "out", "own"]
KINDS: dict[Kind, str] = {
    "audio": N_("audio"),
    "protocol": N_("protocol"),
    "turns": N_("turns"),
    "connection": N_("connection"),
    "devices": N_("devices"),
    "trouble": N_("trouble"),
    "log": N_("log"),
}
"""And their words."""
DIRECTIONS: tuple[Direction, ...] = ("in", "out", "own")
"""own: what the relay itself found, no message of the server's."""

_KIND_OF: dict[type, Kind] = {
    ProtocolEvent: "protocol",
    Speech: "turns",
    Item: "turns",
    Transcript: "turns",
    Response: "turns",
    Latency: "turns",
    Playback: "turns",
    Step: "connection",
    Connection: "connection",
    RealtimeMode: "connection",
    SourceState: "devices",
    SinkState: "devices",
    InputSettings: "devices",
    Recording: "devices",
    Problem: "trouble",
    Notice: "trouble",
    TranscriptFailed: "trouble",
    LogLine: "log",
}
FOLDED_S = 5.0
"""What repeats by the clock begins a new row after this long, if something else has happened meanwhile."""
LATELY = 16
"""Messages that a log line may repeat: several may come before it."""
STAMP = 10
"""Characters of the time in front of a line of ``event_lines``."""


@dataclass(slots=True)
class EventRow:
    """One event, or several that say the same. ``amount`` counts them; for received audio, milliseconds."""

    kind: Kind
    direction: Direction
    words: str
    first: StreamEvent
    last: StreamEvent
    amount: int = 1
    unit: Literal["times", "ms"] = "times"
    begun: float | None = None
    """What the meters count began with the report before; None: with ``first``."""

    @property
    def rate(self) -> float | None:
        """``amount`` per second; None for less than half a second."""
        lasted = self.last.t - (self.first.t if self.begun is None else self.begun)
        if lasted < 0.5 or self.amount <= 1:
            return None
        # Of single events the first begins what is measured, and is not counted.
        return (self.amount if self.begun is not None else self.amount - 1) / lasted

    def text(self) -> str:
        """The words, and how often."""
        rate = "" if self.rate is None else f", {number(self.rate, 0 if self.unit == 'ms' else 1)}"
        if self.unit == "ms":
            return f"{self.words} {number(self.amount)} ms{rate and rate + ' ms/s'}"
        return (
            self.words if self.amount == 1 else f"{self.words}  x {number(self.amount)}{rate and rate + '/s'}"
        )


@dataclass(frozen=True, slots=True)
class Filter:
    """Which rows are shown."""

    kinds: frozenset[Kind] = frozenset(KINDS)
    directions: frozenset[Direction] = frozenset(DIRECTIONS)

    def passes(self, row: EventRow) -> bool:
        """Whether ``row`` is shown."""
        return row.kind in self.kinds and row.direction in self.directions

    def without(self, name: str) -> Filter:
        """The kind or direction ``name`` the other way round."""
        return Filter(
            frozenset(kind for kind in KINDS if (kind in self.kinds) != (kind == name)),
            frozenset(one for one in DIRECTIONS if (one in self.directions) != (one == name)),
        )


@dataclass(slots=True)
class EventRows:
    """Takes events in, in order. Rows are numbered from 0 for as long as the conversation lasts."""

    kept: int = KEPT_ROWS
    _rows: list[EventRow] = field(default_factory=list)
    _dropped: int = 0
    _open: dict[str, EventRow] = field(default_factory=dict)
    """Rows that what repeats by the clock is folded into."""
    _last_single: float = float("-inf")
    """``t`` of the newest event that does not repeat by the clock."""
    _meters: Meters | None = None
    _received: deque[str] = field(default_factory=lambda: deque(maxlen=LATELY))

    @property
    def numbers(self) -> range:
        """The numbers of the kept rows."""
        return range(self._dropped, self._dropped + len(self._rows))

    def __getitem__(self, number: int) -> EventRow:
        return self._rows[max(0, number - self._dropped)]

    def take(self, events: Iterable[StreamEvent]) -> None:
        """Take ``events`` in."""
        for event in events:
            if isinstance(event, Meters):
                self._take_meters(event)
            elif isinstance(event, LogLine):
                # What only repeats a message that has its own row is no row.
                if event.text.removeprefix(RECEIVED) not in self._received:
                    self._fold(f"log {event.text}", event)
            elif isinstance(event, RealtimeMode):
                self._fold(f"mode {event.value} {event.phase} {event.error}", event)
            elif type(event) in _KIND_OF:
                self._take_single(event)
        excess = len(self._rows) - self.kept
        if excess > self.kept // 10:
            del self._rows[:excess]
            self._dropped += excess

    def _take_single(self, event: StreamEvent) -> None:
        row = _row(event)
        if row is None:
            return
        self._last_single = event.t
        if isinstance(event, ProtocolEvent):
            self._received.append(event.type)
        last = self._rows[-1] if self._rows else None
        if last is not None and (last.words, last.direction) == (row.words, row.direction):
            last.last, last.amount = event, last.amount + 1
            return
        self._rows.append(row)

    def _fold(self, key: str, event: StreamEvent, row: EventRow | None = None, amount: int = 1) -> None:
        opened = self._open.get(key)
        happened = opened is not None and self._last_single >= opened.first.t
        if opened is not None and not (happened and event.t - opened.first.t >= FOLDED_S):
            opened.last, opened.amount = event, opened.amount + amount
            return
        row = row or _row(event)
        if row is not None:
            self._open[key] = row
            self._rows.append(row)

    def _take_meters(self, event: Meters) -> None:
        before, self._meters = self._meters, event
        if before is None:
            return
        sent = event.chunks_sent - before.chunks_sent
        received = event.audio_received_ms - before.audio_received_ms
        if sent > 0:
            self._fold(
                "sent",
                event,
                EventRow("audio", "out", _("audio sent"), event, event, sent, begun=before.t),
                sent,
            )
        if received > 0:
            row = EventRow("audio", "in", _("audio received"), event, event, received, "ms", before.t)
            self._fold("received", event, row, received)


class ShownRows:
    """The rows of ``rows`` that pass a filter; what has come since is added, nothing is gone through twice."""

    def __init__(self, rows: EventRows) -> None:
        self._rows = rows
        self._filter = Filter()
        self._numbers: list[int] = []
        self._next = 0

    @property
    def filter(self) -> Filter:
        """Which rows are shown."""
        return self._filter

    def set_filter(self, chosen: Filter) -> None:
        """Show others."""
        self._filter, self._numbers, self._next = chosen, [], 0
        self.catch_up()

    def catch_up(self) -> None:
        """Take in what has come, and let go of what is kept no longer."""
        numbers = self._rows.numbers
        for at in range(max(self._next, numbers.start), numbers.stop):
            if self._filter.passes(self._rows[at]):
                self._numbers.append(at)
        self._next = numbers.stop
        if self._numbers and self._numbers[0] < numbers.start:
            self._numbers = [at for at in self._numbers if at >= numbers.start]

    def __len__(self) -> int:
        return len(self._numbers)

    def __getitem__(self, index: int) -> EventRow:
        return self._rows[self._numbers[index]]

    def __iter__(self) -> Iterator[EventRow]:
        return (self._rows[at] for at in self._numbers)

    def number(self, index: int) -> int:
        """Of the row at ``index``, for ``answered``."""
        return self._numbers[index]

    def index_near(self, number: int) -> int:
        """The index of row ``number``, or of the one before it."""
        from bisect import bisect_right

        return max(0, bisect_right(self._numbers, number) - 1)

    def found(self, text: str, index: int, step: int) -> int | None:
        """The next row (``step`` 1) or the one before (-1) that holds ``text``, round the ends; None: no row does."""
        wanted = text.casefold()
        count = len(self._numbers)
        for offset in range(1, count + 1):
            at = (index + step * offset) % count
            if wanted in self[at].words.casefold():
                return at
        return None


# --- what an event answers -------------------------------------------------------------------------

Match = Callable[[StreamEvent], bool]
LOOK_BACK = 2_000
"""Rows that are gone through for what an event answers."""

_MESSAGES: dict[str, tuple[tuple[str, str], ...]] = {
    "session.updated": (("out", "session.update"),),
    "conversation.item.created": (
        ("out", "conversation.item.create"),
        ("in", "input_audio_buffer.committed"),
    ),
    "conversation.item.added": (("out", "conversation.item.create"), ("in", "input_audio_buffer.committed")),
    "conversation.item.done": (("in", "conversation.item.added"),),
    "conversation.item.truncated": (("out", "conversation.item.truncate"),),
    "conversation.item.deleted": (("out", "conversation.item.delete"),),
    "conversation.item.retrieved": (("out", "conversation.item.retrieve"),),
    "input_audio_buffer.speech_stopped": (("in", "input_audio_buffer.speech_started"),),
    "input_audio_buffer.committed": (
        ("out", "input_audio_buffer.commit"),
        ("in", "input_audio_buffer.speech_stopped"),
    ),
    "input_audio_buffer.cleared": (("out", "input_audio_buffer.clear"),),
    "response.created": (("out", "response.create"), ("in", "input_audio_buffer.committed")),
    "response.done": (("in", "response.created"),),
    "conversation.item.input_audio_transcription.completed": (("in", "input_audio_buffer.committed"),),
    "conversation.item.input_audio_transcription.failed": (("in", "input_audio_buffer.committed"),),
}
"""Server messages, and the messages that each answers (realtime-protocol, section 5): the nearest one counts."""


def answered(rows: EventRows, number: int) -> tuple[int, float] | None:
    """What the row of ``number`` answers: its number, and the seconds between the two. None: nothing that is known."""
    event = rows[number].first
    match = _answers(event)
    if match is None:
        return None
    for at in range(number - 1, max(rows.numbers.start, number - LOOK_BACK) - 1, -1):
        if match(rows[at].first):
            return at, event.t - rows[at].last.t
    return None


def _answers(event: StreamEvent) -> Match | None:
    match event:
        case ProtocolEvent(type="error"):
            return lambda other: isinstance(other, ProtocolEvent) and other.direction == "out"
        case ProtocolEvent(direction="in") if event.type in _MESSAGES:
            return _message(event, _MESSAGES[event.type])
        case Speech(state="stopped"):
            return lambda other: (
                isinstance(other, Speech) and other.state == "started" and other.item_id == event.item_id
            )
        case Transcript(role="user") | TranscriptFailed():
            return lambda other: (
                isinstance(other, Speech) and other.state == "stopped" and other.item_id == event.item_id
            )
        case Response(state="done"):
            return lambda other: (
                isinstance(other, Response)
                and other.state == "created"
                and other.response_id == event.response_id
            )
        case Latency(basis="speech"):
            return lambda other: isinstance(other, Speech) and other.state == "stopped"
        case Playback(state="finished" | "interrupted"):
            return lambda other: (
                isinstance(other, Playback) and other.state == "started" and other.item_id == event.item_id
            )
        case Connection(state="restored" | "retrying" | "given_up"):
            return lambda other: isinstance(other, Connection) and other.state == "lost"
        case _:
            return None


def _message(event: ProtocolEvent, wanted: Sequence[tuple[str, str]]) -> Match:
    def is_it(other: StreamEvent) -> bool:
        if not isinstance(other, ProtocolEvent) or (other.direction, other.type) not in wanted:
            return False
        if other.connection != event.connection:
            return False
        if event.type == "response.done":
            return other.response_id in (None, event.response_id)
        same = event.item_id is None or other.item_id is None or event.item_id == other.item_id
        return same or event.type == "response.created"

    return is_it


def _row(event: StreamEvent) -> EventRow | None:
    line = event_line(event)
    if line is None:
        return None
    direction: Direction = event.direction if isinstance(event, ProtocolEvent) else "own"
    return EventRow(_KIND_OF[type(event)], direction, line[STAMP:], event, event)
