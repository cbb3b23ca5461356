"""What the replay screen reads: a recording's events up to a place that moves, folded as the live screen folds them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from recordings.playhead import Playhead, Timeline, begins_a_turn, is_error
from relay.conversation import fold
from relay.recording.manifest import Manifest
from relay.recording.reader import RecordingReader
from relay.stream import Meters, StreamEvent
from tui.conversation.feed import Feed
from tui.conversation.instruments.event_lines import EventLine, EventLines
from tui.conversation.instruments.event_rows import EventRows
from tui.conversation.instruments.history import KEPT_S, SignalHistory
from tui.status import Status

LINES_SHOWN = 1_000
"""Lines of the event log that are written anew after a jump."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """A recording as it is replayed. Times are seconds on its clock."""

    directory: Path
    manifest: Manifest
    timeline: Timeline
    turns: tuple[float, ...]
    errors: tuple[float, ...]

    def wall_clock(self, t: float) -> str:
        """What a clock on the wall of this machine's zone showed at ``t``; empty where that is not known."""
        try:
            began = datetime.fromisoformat(self.manifest.started_at)
        except ValueError:
            return ""
        return (began + timedelta(seconds=t)).astimezone().strftime("%H:%M:%S")


def load(directory: Path) -> Replayed:
    """Read the recording in ``directory``; takes a while. Raises ``NoRecording`` and ``OSError``."""
    reader = RecordingReader(directory)
    timeline = Timeline(list(reader.events()))
    timeline.state_at(timeline.end)  # keeps states on the way, so that later jumps are short
    return Replayed(
        directory=directory,
        manifest=reader.described(),
        timeline=timeline,
        turns=tuple(timeline.times_of(begins_a_turn)),
        errors=tuple(timeline.times_of(is_error)),
    )


class ReplayFeed(Feed):
    """Moves by ``clock`` (seconds, monotonic) from ``at`` on. Call ``move``, then ``pull``."""

    def __init__(self, recording: Replayed, clock: Callable[[], float], at: float = 0.0) -> None:
        super().__init__()
        self.recording = recording
        self.timeline = recording.timeline
        self.head = Playhead(t=max(0.0, min(at, self.timeline.end)))
        self._clock = clock
        self._moved_at = clock()
        self._shown = -1.0
        """Up to where events are in ``state``."""
        self._jumped = True

    def put(self, head: Playhead) -> None:
        """Go elsewhere, or on in another way."""
        t = max(0.0, min(head.t, self.timeline.end))
        self._jumped = self._jumped or t != self.head.t
        self.head = replace(head, t=t)

    def move(self) -> bool:
        """Let the time pass that has passed; whether the place is another than playing on would have led to."""
        now = self._clock()
        before, self.head = self.head, self.head.advanced(now - self._moved_at, self.timeline.end)
        straight_on = before.t + (now - self._moved_at) * before.speed
        self._moved_at = now
        # A loop may begin again between two ticks, and the place be later than before all the same.
        begun_again = before.playing and before.loop is not None and straight_on >= before.loop[1]
        jumped = self._jumped or begun_again
        if jumped:
            self._jumped = False
            self.state = self.timeline.state_at(self.head.t)
            self._shown = self.head.t
            self.history = SignalHistory()
            self.history.take(self._for_instruments())
            self.rows = EventRows()
            self.rows.take(self.so_far())
        self.finished = self.head.t >= self.timeline.end
        return jumped

    def pull(self) -> list[StreamEvent]:
        """What has happened since the last call."""
        events = self.timeline.between(self._shown, self.head.t)
        self._shown = self.head.t
        self.state = fold(self.state, events)
        self.history.take(events)
        self.rows.take(events)
        return events

    def _for_instruments(self) -> list[StreamEvent]:
        """Everything up to the present place but for meters that are too old to be drawn: they are most of it."""
        oldest = self.head.t - KEPT_S
        return [event for event in self.so_far() if event.t >= oldest or not isinstance(event, Meters)]

    def so_far(self) -> list[StreamEvent]:
        """Everything up to the present place."""
        return self.timeline.between(-1.0, self.head.t)

    def lines_so_far(self) -> list[EventLine]:
        """The newest lines of the event log at the present place."""
        self._lines = EventLines()
        return self.lines(self.so_far())[-LINES_SHOWN:]

    @property
    def now(self) -> float:
        """The recording's clock at the present place, in seconds."""
        return max(self.state.now, self.head.t)

    def status(self, base: Status) -> Status:
        """As it was then; but nothing is being recorded now."""
        return replace(super().status(base), recording=False)
