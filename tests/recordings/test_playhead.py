"""Moving through a recording shows what the live screen showed."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from recordings.playhead import SPEEDS, Playhead, Timeline, begins_a_turn, is_error
from relay.conversation import fold
from relay.conversation_state import ConversationState
from relay.stream import LogLine, StreamEvent
from tests.recordings.scripted_conversation import conversation

EVENTS = conversation()


def many(count: int) -> list[StreamEvent]:
    return [*EVENTS, *(LogLine(t=6 + n / 100, text=str(n)) for n in range(count))]


@given(st.lists(st.floats(-1, 60), max_size=6))
def test_the_state_at_any_moment_is_that_of_the_live_reducer(moments: list[float]) -> None:
    events = many(5_000)
    timeline = Timeline(events)
    for t in moments:
        live = fold(ConversationState(), [event for event in events if event.t <= t])
        assert msgspec.json.encode(msgspec.to_builtins(timeline.state_at(t))) == msgspec.json.encode(
            msgspec.to_builtins(live)
        )


@given(st.lists(st.floats(0.001, 3), min_size=1, max_size=30), st.sampled_from(SPEEDS))
def test_playing_gives_each_event_once(steps: list[float], speed: float) -> None:
    timeline, head = Timeline(EVENTS), Playhead(t=-1.0, speed=speed)
    given_out: list[StreamEvent] = []
    for seconds in steps:
        before, head = head, head.advanced(seconds, timeline.end)
        given_out += timeline.between(before.t, head.t)
    assert given_out == [event for event in EVENTS if event.t <= head.t]
    assert head.t <= timeline.end


def test_it_stops_at_the_end_pauses_and_changes_speed() -> None:
    head = Playhead().advanced(99, 5.0)
    assert (head.t, head.playing) == (5.0, False)
    assert Playhead(playing=False).advanced(1, 5.0) == Playhead(playing=False)
    assert Playhead(speed=2.0).advanced(1, 5.0).t == 2.0
    assert Playhead().faster(1).speed == 1.5
    assert Playhead().faster(-99).speed == 0.5
    assert Playhead().faster(99).speed == 8.0


@given(st.lists(st.floats(0.01, 5), max_size=40))
def test_a_loop_is_never_left(steps: list[float]) -> None:
    head = Playhead(t=2.0, loop=(2.0, 3.0))
    for seconds in steps:
        head = head.advanced(seconds, 10.0)
        assert 2.0 <= head.t <= 3.0


def test_the_next_and_the_last_of_a_kind() -> None:
    timeline = Timeline(EVENTS)
    assert timeline.next_of(begins_a_turn, 0.0, 1) == 1.0
    assert timeline.next_of(begins_a_turn, 5.0, -1) == 1.0
    assert timeline.next_of(is_error, 0.0, 1) == 4.5
    assert timeline.next_of(is_error, 4.5, 1) is None
    assert Timeline([]).end == 0.0
