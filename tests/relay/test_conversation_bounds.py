"""What a program that follows a conversation for hours forgets, and what that must not change."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay import conversation_bounds
from relay.conversation import ConversationState, fold
from relay.conversation_bounds import KEPT_CONNECTIONS, KEPT_TURNS, bounded
from relay.conversation_state import order_items
from relay.measure.spread import Spread
from relay.newest_ids import NewestIds
from relay.output import Output
from relay.stream import Item, Latency, Role, Step, StreamEvent, Transcript

NAMES = [f"i{n}" for n in range(12)]
ITEMS = st.builds(
    Item,
    t=st.just(0.0),
    item_id=st.sampled_from(NAMES),
    role=st.sampled_from(["user", "assistant"]),
    previous_item_id=st.sampled_from(NAMES) | st.none(),
)


def said(number: int, role: Role = "assistant") -> list[StreamEvent]:
    item_id = f"item_{number}"
    return [
        Item(t=number, item_id=item_id, role=role, previous_item_id=f"item_{number - 1}" if number else None),
        Transcript(t=number, item_id=item_id, role=role, text=f"turn {number}", final=True),
    ]


@given(st.lists(ITEMS, max_size=40), st.integers(1, 12))
def test_the_newest_turns_stay_in_their_order(events: list[StreamEvent], kept: int) -> None:
    whole = fold(ConversationState(), events)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(conversation_bounds, "KEPT_TURNS", kept)
        newest, dropped = bounded(whole)
    assert dropped + newest.turns == whole.turns
    assert len(newest.turns) <= kept
    assert order_items(newest.items) == newest.turns, "the next event must not move them"
    assert newest.earlier_turns == len(dropped)


def test_what_is_counted_stays_what_it_was() -> None:
    state, whole = ConversationState(), ConversationState()
    for number in range(KEPT_TURNS + 100):
        events = [
            *said(number, "user" if number % 3 else "assistant"),
            Latency(t=number, turn=number, item_id=None, response_latency_ms=number * 1.5, basis="speech"),
            Step(t=number, step="gate_open", connection=number),
        ]
        whole = fold(whole, events)
        state, _dropped = bounded(fold(state, events))
    assert (len(state.turns), state.earlier_turns) == (KEPT_TURNS, 100)
    assert state.turns == whole.turns[100:]
    assert state.earlier_answers == sum(turn.role == "assistant" for turn in whole.turns[:100])
    assert state.latency == whole.latency
    assert len(state.connections) == KEPT_CONNECTIONS
    assert (state.connections[0], state.current) == (whole.connections[0], whole.current)


def test_nothing_is_copied_while_there_is_nothing_to_forget() -> None:
    state = fold(ConversationState(), said(0))
    assert bounded(state) == (state, ())
    assert bounded(state)[0] is state


def test_the_summary_has_the_words_of_turns_that_are_forgotten() -> None:
    output = Output(lambda event: None)
    turns = KEPT_TURNS * 2
    for number in range(turns):
        for event in said(number):
            output.emit(event)
    assert output.words_of("assistant") == [f"turn {number}" for number in range(turns)]
    assert output.words_of("user") == []
    assert {f"item_{number}" for number in range(turns)} == output.taken_ids()


def test_turns_without_words_are_no_words() -> None:
    output = Output(lambda event: None)
    output.emit(Transcript(t=0.0, item_id="a", role="user", text="  ", final=True))
    output.emit(Transcript(t=0.0, item_id="b", role="user", text="not complete", final=False))
    assert output.words_of("user") == []


@given(st.lists(st.text(max_size=2)), st.integers(1, 5))
def test_the_newest_ids_are_known(added: list[str], kept: int) -> None:
    ids = NewestIds(kept)
    for each in added:
        ids.add(each)
    first_seen = list(dict.fromkeys(added))
    assert len(ids) == min(kept, len(first_seen))
    assert set(ids) <= set(added)


def test_an_id_that_is_there_keeps_its_place() -> None:
    ids = NewestIds(2)
    for each in ("a", "b", "a", "c"):
        ids.add(each)
    assert list(ids) == ["b", "c"]


@given(st.lists(st.floats(0, 1e5), min_size=1), st.sampled_from([50.0, 95.0, 99.0, 100.0]))
def test_percentiles_of_hours_are_right_to_three_digits(values: list[float], p: float) -> None:
    spread = Spread()
    for value in values:
        spread.add(value)
    ordered = sorted(values)
    exact = ordered[max(0, -int(-p * len(values) // 100) - 1)]
    assert spread.percentile(p) == pytest.approx(exact, rel=0.0051, abs=1e-300)
    assert spread.largest == max(values)


def test_no_values_have_no_percentile() -> None:
    assert Spread().percentile(50) is None
