"""A moving position in a recording: play, pause, speed, seek, loop. Pure: the clock is passed in."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from relay.conversation import fold
from relay.conversation_state import ConversationState
from relay.stream import Problem, Response, Speech, StreamEvent

SPEEDS = (0.5, 0.75, 1.0, 1.5, 2.0, 4.0, 8.0)
_KEEP_EVERY = 2_000
"""Events between two saved states: seeking back refolds at most this many."""


@dataclass(frozen=True, slots=True)
class Playhead:
    """Where it is. Times in seconds on the recording's clock."""

    t: float = 0.0
    playing: bool = True
    speed: float = 1.0
    loop: tuple[float, float] | None = None
    """Loop from A to B."""

    def advanced(self, seconds: float, end: float) -> Playhead:
        """After ``seconds`` of real time; stops at ``end``."""
        if not self.playing:
            return self
        t = self.t + seconds * self.speed
        if self.loop is not None:
            begin, stop = self.loop
            if t >= stop:
                t = begin + (t - begin) % max(stop - begin, 0.01)
            return replace(self, t=t)
        return replace(self, t=min(t, end), playing=t < end)

    def faster(self, steps: int) -> Playhead:
        """``steps`` speeds up (or down, when negative)."""
        at = min(range(len(SPEEDS)), key=lambda n: abs(SPEEDS[n] - self.speed)) + steps
        return replace(self, speed=SPEEDS[max(0, min(at, len(SPEEDS) - 1))])


class Timeline:
    """The events of a recording, to be looked at from any moment."""

    def __init__(self, events: Sequence[StreamEvent]) -> None:
        self.events = list(events)
        # In the order in which they were told, which the reducer depends on: one that is told a little late (``t`` is
        # when its bytes arrived) comes with those before it, so the last state is that of the live screen.
        self._times = list(accumulate((event.t for event in self.events), max))
        self._kept: dict[int, ConversationState] = {0: ConversationState()}

    @property
    def end(self) -> float:
        """When the last event came, in seconds."""
        return self._times[-1] if self._times else 0.0

    def between(self, after: float, until: float) -> list[StreamEvent]:
        """Events later than ``after``, up to and with ``until``."""
        return self.events[bisect_right(self._times, after) : bisect_right(self._times, until)]

    def state_at(self, t: float) -> ConversationState:
        """The conversation as it was at ``t``, by the reducer that showed it live."""
        count = bisect_right(self._times, t)
        start = count // _KEEP_EVERY * _KEEP_EVERY
        known = max(place for place in self._kept if place <= start)
        state = self._kept[known]
        for place in range(known, start, _KEEP_EVERY):
            state = fold(state, self.events[place : place + _KEEP_EVERY])
            self._kept[place + _KEEP_EVERY] = state
        return fold(state, self.events[start:count])

    def next_of(self, wanted: Callable[[StreamEvent], bool], t: float, direction: int) -> float | None:
        """When the nearest event after ``t`` (``direction`` 1) or before it (-1) came that is ``wanted``."""
        if direction > 0:
            places: Iterable[int] = range(bisect_right(self._times, t), len(self.events))
        else:
            places = reversed(range(bisect_right(self._times, t - 0.05)))
        return next((self._times[place] for place in places if wanted(self.events[place])), None)

    def times_of(self, wanted: Callable[[StreamEvent], bool]) -> list[float]:
        """When every event came that is ``wanted``, in order."""
        return [t for t, event in zip(self._times, self.events, strict=True) if wanted(event)]


def begins_a_turn(event: StreamEvent) -> bool:
    """Whether the event starts a turn or an answer."""
    match event:
        case Speech(state="started") | Response(state="created"):
            return True
        case _:
            return False


def is_error(event: StreamEvent) -> bool:
    """Whether the event is an error."""
    return isinstance(event, Problem)
