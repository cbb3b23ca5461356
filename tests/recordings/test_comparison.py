"""Two recordings, aligned by turns."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from recordings.comparison import Pair, Spoken, aligned, run_of
from recordings.lines import Line
from relay.stream import Latency, Role
from tests.recordings.scripted_conversation import conversation


def turns(*said: str, latency_ms: float | None = None) -> list[Spoken]:
    """``u:`` begins what the salesperson says, anything else the customer's words."""
    spoken = []
    for n, text in enumerate(said):
        role: Role = "user" if text.startswith("u:") else "assistant"
        line = Line(f"item{n}", role, float(n), n + 0.5, text.removeprefix("u:"))
        spoken.append(Spoken(line, latency_ms if role == "assistant" else None))
    return spoken


def words(pair: Pair) -> tuple[str | None, str | None]:
    first, second = pair.first, pair.second
    return first.line.text if first else None, second.line.text if second else None


def test_the_same_conversation_differs_nowhere() -> None:
    both = turns("u:Hello", "Good morning", "u:How are you", "Well")
    pairs = aligned(both, turns("u:hello.", "Good  morning!", "u:How are you?", "Well"))
    assert [pair.verdict for pair in pairs] == ["same"] * 4


def test_a_turn_more_shifts_nothing_behind_it() -> None:
    pairs = aligned(
        turns("u:Hello", "Hi", "u:The price?", "Ten"),
        turns("u:Hello", "Hi", "u:And the weather?", "Fine", "u:The price?", "Twelve"),
    )
    assert [pair.verdict for pair in pairs] == ["same", "same", "only_second", "only_second", "same", "words"]
    assert words(pairs[-1]) == ("Ten", "Twelve")


def test_a_missing_answer_stands_beside_nothing() -> None:
    pairs = aligned(turns("u:Hello", "Hi", "u:The price?", "Ten"), turns("u:Hello", "u:The price?", "Ten"))
    assert [words(pair) for pair in pairs] == [
        ("Hello", "Hello"), ("Hi", None), ("The price?", "The price?"), ("Ten", "Ten"),
    ]  # fmt: skip
    assert pairs[1].verdict == "only_first"


def test_what_was_misheard_is_still_beside_what_it_was() -> None:
    pairs = aligned(
        turns("u:Hello", "Hi", "u:The price?", "Ten"), turns("u:Hello", "Hi", "u:The prize?", "Ten")
    )
    assert [pair.verdict for pair in pairs] == ["same", "same", "words", "same"]


def test_how_much_later_it_was_answered() -> None:
    [_, answer] = aligned(turns("u:Hello", "Hi", latency_ms=700), turns("u:Hello", "Hi", latency_ms=950))
    assert answer.later_ms == 250
    assert aligned(turns("u:Hello", "Hi"), turns("u:Hello", "Hi", latency_ms=950))[1].later_ms is None


def test_figures_of_a_recording() -> None:
    latency = Latency(t=3.0, turn=1, item_id="a1", response_latency_ms=812.0, basis="speech")
    run = run_of([*conversation(), latency])
    assert [(turn.line.role, turn.latency_ms) for turn in run.turns] == [("user", None), ("assistant", 812.0)]
    assert (run.seconds, run.latency_p50_ms, run.reconnects) == (5.0, 812.0, 0)
    assert run.errors == ("server_error",)


SAID = st.lists(st.sampled_from(["u:a", "u:b", "u:c", "x", "y"]), max_size=12)


@given(SAID, SAID)
def test_every_turn_of_both_is_there_once_and_in_order(first: list[str], second: list[str]) -> None:
    ours, theirs = turns(*first), turns(*second)
    pairs = aligned(ours, theirs)
    assert [pair.first for pair in pairs if pair.first] == ours
    assert [pair.second for pair in pairs if pair.second] == theirs
    assert all(pair.first.line.role == pair.second.line.role for pair in pairs if pair.first and pair.second)
