"""Turns come one after another, each when the one before is answered."""

from __future__ import annotations

import pytest

from relay.commands import Say, Stop, UseSource
from relay.conversation import ConversationState, fold
from relay.stream import Item, Playback, Response, SourceState, Speech, Step, StreamEvent, Transcript
from tui.cli.turn_script import ANSWER_TIMEOUT_S, AnswerFailed, AnswerTimeout, RecordingFailed, TurnScript

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


def test_an_answer_that_failed_is_not_waited_for() -> None:
    script = TurnScript([Say(text="hi")], stop_after_last=True)
    state = fold(ConversationState(), [GATE])
    assert script.next(state) == Say(text="hi")
    failed = Response(t=1.0, response_id="r", state="done", status="failed", code="insufficient_quota")
    with pytest.raises(AnswerFailed):
        script.next(fold(state, [failed]))


def test_nothing_is_said_before_the_gate_is_open() -> None:
    assert TurnScript([Say(text="hi")], stop_after_last=True).next(ConversationState()) is None


def test_a_recording_is_over_when_it_ended_was_answered_and_the_answer_was_heard() -> None:
    script = TurnScript([B, Say(text="hi")], stop_after_last=True)
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
    script = TurnScript([Say(text="hi")], stop_after_last=False)
    state = fold(ConversationState(), [GATE])
    assert script.next(state) == Say(text="hi")
    state = fold(state, [*answer(1, 1.0), played(1, 2.0)])
    assert script.next(state) is None, "it goes on until told otherwise"


def test_no_answer_is_a_timeout_counted_from_the_end_of_the_recording() -> None:
    script = TurnScript([], stop_after_last=True)
    script.begin_with(A)
    state = fold(ConversationState(), [GATE, ended("wav:a", 100.0)])
    assert script.next(state) is None
    state = fold(state, [Item(t=100.0 + ANSWER_TIMEOUT_S, item_id="u", role="user")])
    assert script.next(state) is None
    state = fold(state, [Item(t=100.1 + ANSWER_TIMEOUT_S, item_id="u", role="user")])
    with pytest.raises(AnswerTimeout):
        script.next(state)


def test_a_recording_that_cannot_be_read_is_not_waited_for() -> None:
    failed = SourceState(t=0.05, state="failed", spec="wav:a", name="wav:a")
    script = TurnScript([Say(text="hi")], stop_after_last=True)
    script.begin_with(A)
    with pytest.raises(RecordingFailed):
        script.next(fold(ConversationState(), [failed]))
    until_told = TurnScript([], stop_after_last=False)
    until_told.begin_with(A)
    assert until_told.next(fold(ConversationState(), [failed, GATE])) is None


def test_an_endless_source_goes_on() -> None:
    script = TurnScript([], stop_after_last=True)
    state = fold(ConversationState(), [GATE, *answer(1, 1.0), played(1, 2.0)])
    assert script.next(state) is None
