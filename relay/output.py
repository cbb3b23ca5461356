"""Where every event of a run goes: to the reader of the stream, and into the recording."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from audio.errors import AudioErrorCode
from relay.codes import RelayCode
from relay.conversation import ConversationState, Turn, fold
from relay.conversation_bounds import bounded
from relay.newest_ids import NewestIds
from relay.recording.recorder import Recorder
from relay.recording.wire import Direction
from relay.stream import (
    Item,
    Latency,
    LogLine,
    Notice,
    Playback,
    Problem,
    Role,
    StreamEvent,
    Transcript,
)

Emit = Callable[[StreamEvent], None]

_FOLD_AFTER = 500
"""Most events waiting to be folded, for callers who read ``conversation`` rarely."""

_TAKEN_IDS = 10_000
"""Of turns that are not kept any more: a server may count its items anew on each connection."""

log = logging.getLogger(__name__)


def _remembered(event: StreamEvent) -> bool:
    """Whether the summary or a replay needs the event."""
    match event:
        case Playback(state=state):
            return state == "interrupted"
        case Transcript() | Item() | Latency() | Problem():
            return True
        case _:
            return False


class Output:
    """Stamps, emits, records, and remembers what the summary and a reconnect need."""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self.started_at = time.monotonic()
        self.recorder: Recorder | None = None
        self._unfolded: list[StreamEvent] = []
        self._folded = ConversationState()
        self._earlier_words: dict[Role, list[str]] = {"user": [], "assistant": [], "system": []}
        self._earlier_ids = NewestIds(_TAKEN_IDS)

    def now(self) -> float:
        """Seconds since the relay started, to the microsecond."""
        return self.at(time.monotonic())

    def at(self, monotonic: float) -> float:
        """``t`` of a ``time.monotonic()`` reading."""
        return round(monotonic - self.started_at, 6)

    def emit(self, event: StreamEvent) -> None:
        """Emit one event."""
        if _remembered(event):
            self._unfolded.append(event)
            if len(self._unfolded) >= _FOLD_AFTER:
                self._fold()
        if self.recorder is not None:
            self.recorder.event(event)
        self._emit(event)

    def message(self, direction: Direction, message: str | bytes, at: float, connection: int) -> None:
        """Record a message as it was on the wire, at monotonic ``at``; the stream has its typed event."""
        if self.recorder is not None:
            self.recorder.message(direction, message, at, connection)

    def say(self, text: str) -> None:
        """A client-side log line, in the stream and in the process's own log."""
        log.info("%s", text)
        self.emit(LogLine(t=self.now(), text=text))

    def problem(self, problem: Problem) -> None:
        """Emit a problem."""
        log.warning("%s/%s: %s", problem.where, problem.code, problem.message)
        self.emit(problem)

    def notice(self, code: RelayCode | AudioErrorCode, message: str, **params: str) -> None:
        """Emit a notice."""
        log.info("%s: %s", code, message)
        self.emit(Notice(t=self.now(), code=code, message=message, params=params))

    @property
    def conversation(self) -> ConversationState:
        """The newest turns, latencies and errors, by the same reducer that every reader uses."""
        if self._unfolded:
            self._fold()
        return self._folded

    def words_of(self, role: Role) -> list[str]:
        """All that one side has said since the start, turn by turn, without the turns in which no words were found."""
        newest = self.conversation.turns
        return self._earlier_words[role] + [
            turn.text for turn in newest if turn.role == role and _has_words(turn)
        ]

    def taken_ids(self) -> frozenset[str]:
        """The ids of all turns so far, as far back as they are remembered."""
        return frozenset((*self.conversation.items, *self._earlier_ids))

    def _fold(self) -> None:
        self._folded, dropped = bounded(fold(self._folded, self._unfolded))
        self._unfolded.clear()
        for turn in dropped:
            self._earlier_ids.add(turn.item_id)
            if _has_words(turn):
                self._earlier_words[turn.role].append(turn.text)


def _has_words(turn: Turn) -> bool:
    """Whether it is complete and something was said in it."""
    return turn.final and bool(turn.text.strip())
