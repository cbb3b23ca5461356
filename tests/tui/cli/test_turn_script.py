"""Turns come one after another, each when the one before is answered."""

from __future__ import annotations

import pytest

from relay.commands import Say, Stop, UseSource
from relay.conversation import ConversationState, fold
from relay.stream import (
    Item,
    Playback,
    Response,
    SinkState,
    SourceState,
    Speech,
    Step,
    StreamEvent,
    Transcript,
)
from tui.cli.turn_script import ANSWER_TIMEOUT_S, AnswerTimeout, SoundFailed, TurnScript, TurnsLeft

A, B = UseSource(spec="wav:a"), UseSource(spec="wav:b")
GATE = Step(t=0.1, step="gate_open", connection=1)


def ended(spec: str, t: float) -> SourceState:
    return SourceState(t=t, state="ended", spec=spec, name=spec)


def answer(number: int, t: float) -> list[StreamEvent]:
    item, response = f"item_{number}", f"resp_{number}"
    return [
        Response(t=t, response_id=response, state="created"),
        Item(t=t, item_id=item, role="assistant"),
        Playback(t=t, item_id=item, state="started", heard_ms=0, received_ms=200),
        Transcript(t=t, item_id=item, role="assistant", text="はい。", final=True),
        Response(t=t, response_id=response, state="done", status="completed"),
    ]


def played(number: int, t: float) -> Playback:
    return Playback(t=t, item_id=f"item_{number}", state="finished", heard_ms=200, received_ms=200)


def test_nothing_is_said_before_the_gate_is_open() -> None:
    assert TurnScript([Say(text="hi")], seconds=None).next(ConversationState()) is None


def test_a_recording_is_over_when_it_ended_was_answered_and_the_answer_was_heard() -> None:
    script = TurnScript([B, Say(text="hi")], seconds=None)
    script.begin_with(A)
    state = fold(ConversationState(), [GATE])
    assert script.next(state) is None
    state = fold(state, answer(1, 1.0))
    assert script.next(state) is None, "the recording goes on"
    state = fold(state, [ended("wav:a", 2.0)])
    assert script.next(state) is None, "the answer is still being heard"
    state = fold(state, [played(1, 3.0)])
    assert script.next(state) == B
    assert script.next(state) is None
    state = fold(state, [ended("wav:b", 4.0), Speech(t=4.0, state="started", item_id="u", audio_ms=1)])
    state = fold(state, [*answer(2, 5.0), played(2, 6.0)])
    assert script.next(state) is None, "the user is still speaking, as the server hears it"
    state = fold(state, [Speech(t=6.5, state="stopped", item_id="u", audio_ms=2)])
    assert script.next(state) == Say(text="hi")
    state = fold(state, [*answer(3, 7.0), played(3, 8.0)])
    assert script.next(state) == Stop()


def test_a_typed_turn_needs_no_recording() -> None:
    script = TurnScript([Say(text="hi")], seconds=60.0)
    state = fold(ConversationState(), [GATE])
    assert script.next(state) == Say(text="hi")
    state = fold(state, [*answer(1, 1.0), played(1, 2.0)])
    assert script.next(state) is None, "it goes on until told otherwise"


def test_no_answer_is_a_timeout_counted_from_the_end_of_the_recording() -> None:
    script = TurnScript([], seconds=None)
    script.begin_with(A)
    state = fold(ConversationState(), [GATE, ended("wav:a", 100.0)])
    assert script.next(state) is None
    state = fold(state, [Item(t=100.0 + ANSWER_TIMEOUT_S, item_id="u", role="user")])
    assert script.next(state) is None
    state = fold(state, [Item(t=100.1 + ANSWER_TIMEOUT_S, item_id="u", role="user")])
    with pytest.raises(AnswerTimeout):
        script.next(state)


def test_what_cannot_be_opened_or_read_is_not_waited_for() -> None:
    failed = SourceState(t=0.05, state="failed", spec="wav:a", name="wav:a")
    for seconds in (None, 5.0):
        script = TurnScript([Say(text="hi")], seconds=seconds)
        script.begin_with(A)
        script.take(failed)
        with pytest.raises(SoundFailed):
            script.next(fold(ConversationState(), [failed]))


def test_a_device_that_went_away_is_waited_for() -> None:
    for state in (SourceState, SinkState):
        script = TurnScript([], seconds=5.0)
        script.take(state(t=0.05, state="opened", spec="mic", name="Mic"))
        script.take(state(t=1.0, state="failed", spec="mic", name="Mic"))
        assert script.next(fold(ConversationState(), [GATE])) is None
        script.take(state(t=2.0, state="failed", spec="mic:other", name="other"))
        with pytest.raises(SoundFailed):
            script.next(fold(ConversationState(), [GATE]))


def test_a_response_that_failed_is_an_answer_and_an_error() -> None:
    script = TurnScript([Say(text="hi")], seconds=None)
    state = fold(ConversationState(), [GATE])
    assert script.next(state) == Say(text="hi")
    script.take(Response(t=1.0, response_id="r", state="done", status="failed", code="insufficient_quota"))
    assert script.next(state) == Stop(exit_code=3)


def test_turns_that_the_time_left_unsaid_are_told() -> None:
    script = TurnScript([Say(text="one"), Say(text="two")], seconds=5.0)
    state = fold(ConversationState(), [GATE])
    assert script.has_more
    assert script.next(state) == Say(text="one")
    state = fold(state, [Item(t=5.0, item_id="u", role="user")])
    assert script.next(state) is None
    state = fold(state, [Item(t=5.2, item_id="u", role="user")])
    with pytest.raises(TurnsLeft) as caught:
        script.next(state)
    assert list(caught.value.turns) == [Say(text="two")]


def test_the_time_ends_a_conversation_in_which_all_was_said() -> None:
    script = TurnScript([Say(text="one")], seconds=5.0)
    state = fold(ConversationState(), [GATE])
    assert script.next(state) == Say(text="one")
    assert script.next(fold(state, [Item(t=6.0, item_id="u", role="user")])) == Stop()


def test_with_nothing_to_say_it_ends_once_connected() -> None:
    script = TurnScript([], seconds=None, silent=True)
    assert script.next(ConversationState()) is None
    assert script.next(fold(ConversationState(), [GATE])) == Stop()
    waiting = TurnScript([], seconds=5.0, silent=True)
    assert waiting.next(fold(ConversationState(), [GATE])) is None


def test_an_endless_source_goes_on() -> None:
    script = TurnScript([], seconds=None)
    state = fold(ConversationState(), [GATE, *answer(1, 1.0), played(1, 2.0)])
    assert script.next(state) is None
