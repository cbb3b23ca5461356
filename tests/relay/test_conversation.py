"""The reducer: any order, any repetition, final text wins, the transcript in conversation order."""

from __future__ import annotations

import time
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relay.conversation import ConversationState, fold, percentile
from relay.stream import (
    Connection,
    Item,
    Latency,
    Meters,
    ModeReports,
    Playback,
    Problem,
    RealtimeMode,
    Response,
    Speech,
    Step,
    StepName,
    StreamEvent,
    Summary,
    Transcript,
    TranscriptFailed,
    decode,
    encode,
)

IDS = st.sampled_from(["a", "b", "c", "d", "e"])


def _strategy(kind: type[StreamEvent]) -> st.SearchStrategy[StreamEvent]:
    """Any event of one kind, with few ids so that events meet."""
    fields: dict[str, st.SearchStrategy[Any]] = {}
    for field in msgspec.structs.fields(kind):
        if field.name in ("item_id", "previous_item_id", "response_id"):
            nullable = type(None) in get_args(field.type)
            fields[field.name] = IDS | st.none() if nullable else IDS
        elif field.name == "t":
            fields[field.name] = st.floats(0, 1e6)
        elif field.name == "connection":
            fields[field.name] = st.integers(1, 3)
        elif field.name == "payload":
            fields[field.name] = st.none()
        elif field.name == "errors":
            fields[field.name] = st.just([])
        else:
            fields[field.name] = st.from_type(field.type)
    return st.builds(kind, **fields)


st.register_type_strategy(float, st.floats(-1e6, 1e6))
EVENTS = st.lists(st.one_of(*(_strategy(kind) for kind in get_args(StreamEvent))), max_size=30)


@settings(max_examples=500)
@given(EVENTS, st.integers(0, 30), st.randoms(use_true_random=False))
def test_no_order_and_no_repetition_raises(events: list[StreamEvent], cut: int, random: Any) -> None:
    shuffled = events + events[: len(events) // 2]
    random.shuffle(shuffled)
    whole = fold(ConversationState(), shuffled)
    in_two = fold(fold(ConversationState(), shuffled[:cut]), shuffled[cut:])
    assert whole == in_two
    assert {turn.item_id for turn in whole.turns} == set(whole.items)
    assert len(whole.turns) == len(whole.items)
    for name in ("status", "answering", "current", "latency", "ended", "gate_open"):
        getattr(whole, name)


@settings(max_examples=500)
@given(EVENTS)
def test_every_event_survives_its_line(events: list[StreamEvent]) -> None:
    assert [decode(encode(event)) for event in events] == events


@given(st.lists(st.text(max_size=5), max_size=6), st.text(max_size=20), st.randoms(use_true_random=False))
def test_final_text_wins_wherever_it_comes(parts: list[str], final: str, random: Any) -> None:
    events: list[StreamEvent] = [
        Transcript(t=1.0, item_id="a", role="user", text=part, final=False) for part in parts
    ]
    events.append(Transcript(t=2.0, item_id="a", role="user", text=final, final=True))
    random.shuffle(events)
    turn = fold(ConversationState(), events).items["a"]
    assert (turn.text, turn.final) == (final, True)


@given(st.permutations(["a", "b", "c", "d", "e"]))
def test_a_chain_is_in_order_however_it_arrives(arrival: list[str]) -> None:
    previous = {"a": None, "b": "a", "c": "b", "d": "c", "e": "d"}
    events = [
        Item(t=0.0, item_id=item_id, role="user", previous_item_id=previous[item_id]) for item_id in arrival
    ]
    turns = fold(ConversationState(), events).turns
    if arrival[0] == "a":
        assert [turn.item_id for turn in turns] == ["a", "b", "c", "d", "e"]
    for turn in turns:
        before = previous[turn.item_id]
        if before is not None:
            order = [other.item_id for other in turns]
            assert order.index(before) < order.index(turn.item_id)


def test_an_item_inserted_between_stands_between() -> None:
    events = [
        Item(t=0.0, item_id="a", role="user"),
        Item(t=1.0, item_id="c", role="assistant", previous_item_id="a"),
        Item(t=2.0, item_id="b", role="system", previous_item_id="a"),
        Item(t=3.0, item_id="a", role="user", previous_item_id=None),
    ]
    assert [turn.item_id for turn in fold(ConversationState(), events).turns] == ["a", "b", "c"]


def test_a_place_once_known_is_kept() -> None:
    events = [
        Item(t=0.0, item_id="a", role="user"),
        Item(t=0.0, item_id="z", role="user"),
        Item(t=1.0, item_id="b", role="assistant", previous_item_id="a"),
        Item(t=2.0, item_id="b", role="assistant", previous_item_id=None),  # as item.done often says
    ]
    assert [turn.item_id for turn in fold(ConversationState(), events).turns] == ["a", "b", "z"]


def test_the_state_before_is_unchanged() -> None:
    before = fold(ConversationState(), [Transcript(t=0.0, item_id="a", role="user", text="x", final=False)])
    after = fold(before, [Transcript(t=1.0, item_id="a", role="user", text="y", final=False)])
    assert before.items["a"].text == "x"
    assert after.items["a"].text == "xy"
    assert fold(after, []) is after


def test_steps_per_connection() -> None:
    steps: list[StepName] = [
        "connecting",
        "connected",
        "created",
        "created",
        "update_sent",
        "updated",
        "gate_open",
    ]
    events: list[StreamEvent] = [
        Step(t=float(n), step=step, connection=1, detail="relay" if n == 2 else None)
        for n, step in enumerate(steps)
    ]
    live = fold(ConversationState(), events)
    assert live.status == "live"
    assert live.current is not None
    assert live.current.updates_sent == 1
    assert live.current.created == ("relay", None)
    assert live.current.times["created"] == 2.0
    lost = fold(live, [Connection(t=8.0, state="lost", close_code=1006)])
    assert lost.status == "lost"
    closed = fold(lost, [Step(t=8.1, step="closed", connection=1, close_code=1006)])
    retrying = fold(closed, [Connection(t=8.2, state="retrying", attempt=1, delay_s=0.25)])
    assert retrying.status == "retrying"
    again = fold(retrying, [Step(t=9.0, step="connecting", connection=2)])
    assert again.status == "connecting"
    assert [steps.number for steps in again.connections] == [1, 2]
    assert fold(again, [Connection(t=9.5, state="given_up")]).status == "given_up"


def test_realtime_mode_keeps_the_last_answer_and_when() -> None:
    events = [
        RealtimeMode(t=0.1, value=False, phase="before"),
        RealtimeMode(t=1.0, value=True, phase="during"),
        RealtimeMode(t=2.0, value=True, phase="during"),
        RealtimeMode(t=3.0, value=None, phase="during", error="server_timeout"),
        RealtimeMode(t=4.0, value=None, phase="during", error="server_timeout"),
    ]
    state = fold(ConversationState(), events)
    assert (state.mode.value, state.mode.at) == (True, 2.0)
    assert (state.mode.unanswered_since, state.mode.error) == (3.0, "server_timeout")
    answered = fold(state, [RealtimeMode(t=5.0, value=False, phase="after")])
    assert (answered.mode.value, answered.mode.unanswered_since) == (False, None)


def test_latency_percentiles_are_measured_values_of_spoken_turns() -> None:
    assert fold(ConversationState(), []).latency.p50 is None
    events = [
        Latency(t=0.0, turn=turn, item_id=None, response_latency_ms=float(ms), basis="speech")
        for turn, ms in enumerate([500, 300, 900, 700])
    ]
    typed = Latency(t=0.0, turn=9, item_id=None, response_latency_ms=38.0, basis="text")
    figures = fold(ConversationState(), [*events, events[0], typed]).latency
    assert (figures.n, figures.last, figures.p50, figures.p95) == (4, 700.0, 500.0, 900.0)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1), st.floats(0, 100))
def test_a_percentile_is_nearest_rank(values: list[float], p: float) -> None:
    result = percentile(values, p)
    assert result in values
    assert sum(value <= result for value in values) / len(values) >= p / 100 - 1e-9
    assert percentile(values, 100) == max(values)


def test_what_was_heard() -> None:
    events: list[StreamEvent] = [
        Playback(t=1.0, item_id="a", state="started", heard_ms=0, received_ms=200),
        Response(t=1.0, response_id="r", state="created"),
    ]
    playing = fold(ConversationState(), events)
    assert playing.playing_item_id == "a"
    assert playing.answering
    cut = fold(playing, [Playback(t=2.0, item_id="a", state="interrupted", heard_ms=700, received_ms=2_000)])
    assert cut.playing_item_id is None
    assert (cut.items["a"].heard_ms, cut.items["a"].received_ms, cut.items["a"].interrupted) == (
        700,
        2_000,
        True,
    )


def test_speech_in_progress_ends_with_its_socket() -> None:
    speaking = fold(ConversationState(), [Speech(t=1.0, state="started", item_id="a", audio_ms=100)])
    assert speaking.speech_item_id == "a"
    assert fold(speaking, [Step(t=2.0, step="closed", connection=1)]).speech_item_id is None
    stopped = fold(speaking, [Speech(t=2.0, state="stopped", item_id="a", audio_ms=900)])
    assert stopped.speech_item_id is None


def test_a_failed_transcription_is_mended_by_a_later_one() -> None:
    failed = fold(ConversationState(), [TranscriptFailed(t=1.0, item_id="a", code="unclear", message="")])
    assert failed.items["a"].failure == "unclear"
    mended = fold(failed, [Transcript(t=2.0, item_id="a", role="user", text="はい", final=True)])
    assert mended.items["a"].failure is None


def test_errors_are_counted_even_when_they_are_no_longer_kept() -> None:
    problem = Problem(t=0.0, where="server", code="x", message="")
    state = fold(ConversationState(), [problem] * 500)
    assert state.error_count == 500
    assert len(state.errors) == 200


def test_the_summary_ends_it() -> None:
    summary = Summary(
        t=9.0, session_id=None, seconds=9.0, session_updates_sent=1, connections=1, chunks_sent=0, bytes_sent=0,
        chunk_bytes=1920, chunk_rate=None, expected_chunk_rate=25.0, user_transcripts=[],
        assistant_transcripts=[], audio_received_ms=0, response_latency_ms=[], realtime_mode=ModeReports(),
        reconnects=0, errors=[], close_code=1000,
    )  # fmt: skip
    state = fold(ConversationState(), [summary])
    assert state.ended
    assert state.status == "ended"


def test_a_crash_of_the_relay_ends_it_too() -> None:
    live = fold(
        ConversationState(),
        [
            Step(t=1.0, step="gate_open", connection=1),
            Response(t=2.0, response_id="r", state="created"),
            Playback(t=2.1, item_id="a", state="started", heard_ms=0, received_ms=100),
        ],
    )
    assert (live.status, live.answering, live.ended) == ("live", True, False)
    crash = Problem(t=3.0, where="relay", code="relay_crashed", message="gone", fatal=True)
    state = fold(live, [crash])
    assert (state.status, state.answering, state.ended) == ("ended", False, True)
    assert not state.gate_open


@pytest.mark.parametrize("turns", [2_000])
def test_a_long_conversation_stays_cheap(turns: int) -> None:
    events: list[StreamEvent] = []
    for n in range(turns):
        previous = f"i{n - 1}" if n else None
        events.append(Item(t=float(n), item_id=f"i{n}", role="user", previous_item_id=previous))
        events.append(Transcript(t=float(n), item_id=f"i{n}", role="user", text="はい", final=True))
    state = fold(ConversationState(), events)
    batch: list[StreamEvent] = [
        Transcript(t=1e6, item_id=f"i{turns - 1}", role="user", text="x", final=False) for _ in range(200)
    ]
    began = time.process_time()
    for _ in range(10):
        state = fold(state, batch)
    # One second's batches of the live screen. Generous by far: this guards against quadratic work.
    assert time.process_time() - began < 0.5
    assert len(state.turns) == turns
    assert not isinstance(state.meters, Meters)


def test_a_turn_is_as_old_as_its_speech() -> None:
    state = fold(
        ConversationState(),
        [
            Speech(t=1.0, state="started", item_id="u1", audio_ms=900),
            Speech(t=4.0, state="stopped", item_id="u1", audio_ms=3_900),
        ],
    )
    state = fold(
        state,
        [
            Item(t=4.1, item_id="u1", role="user"),
            Item(t=4.2, item_id="a1", role="assistant", previous_item_id="u1"),
            Item(t=9.0, item_id="typed", role="user", previous_item_id="a1"),
        ],
    )
    assert [(turn.item_id, turn.at) for turn in state.turns] == [("u1", 1.0), ("a1", 4.2), ("typed", 9.0)]
