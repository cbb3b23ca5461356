"""Where turns begin and end: the gate by itself, and with real speech."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.engine.vad import (
    FRAME_MS,
    ONSET_FRAMES,
    PAUSE_MS,
    SpeechPaused,
    SpeechResumed,
    SpeechScorer,
    SpeechStarted,
    SpeechStopped,
    TurnGate,
    TurnSettings,
    turn_settings,
)

SETTINGS = TurnSettings(threshold=0.5, prefix_padding_ms=300, silence_duration_ms=480)


def test_a_turn_opens_within_60_ms_and_closes_after_the_silence() -> None:
    gate = TurnGate(SETTINGS)
    changes = list(gate.feed([0.0] * 40 + [1.0] * 30 + [0.0] * 40))
    assert changes == [
        SpeechStarted(40 * FRAME_MS - 300),
        SpeechPaused(70 * FRAME_MS + PAUSE_MS),
        SpeechStopped(70 * FRAME_MS + 480),
    ]
    assert ONSET_FRAMES * FRAME_MS <= 60


def test_a_pause_within_a_turn_is_told_and_taken_back() -> None:
    changes = list(TurnGate(SETTINGS).feed([1.0] * 10 + [0.0] * 15 + [1.0] * 5 + [0.0] * 30))
    assert [type(change) for change in changes] == [
        SpeechStarted,
        SpeechPaused,
        SpeechResumed,
        SpeechPaused,
        SpeechStopped,
    ]


def test_a_click_opens_nothing() -> None:
    assert list(TurnGate(SETTINGS).feed([0.0, 1.0, 0.0] * 20)) == []


def test_the_prefix_does_not_reach_back_into_the_turn_before() -> None:
    gate = TurnGate(SETTINGS)
    first = list(gate.feed([1.0] * 10 + [0.0] * 30))
    second = list(gate.feed([1.0] * 3))
    assert isinstance(first[-1], SpeechStopped)
    assert second == [SpeechStarted(first[-1].end_ms)]


def test_a_gate_that_is_switched_on_late_counts_from_where_it_is() -> None:
    assert list(TurnGate(SETTINGS, now_ms=10_000).feed([1.0] * 3)) == [SpeechStarted(10_000)]


@given(st.lists(st.floats(0, 1), max_size=400))
def test_starts_and_stops_alternate_and_go_forward(scores: list[float]) -> None:
    changes = list(TurnGate(SETTINGS).feed(scores))
    letters = {SpeechStarted: "a", SpeechPaused: "p", SpeechResumed: "r", SpeechStopped: "z"}
    told = "".join(letters[type(change)] for change in changes)
    assert re.fullmatch(r"(a(pr)*pz)*(a(pr)*p?)?", told)
    times = [
        change.start_ms if isinstance(change, SpeechStarted) else change.end_ms
        for change in changes
        if isinstance(change, SpeechStarted | SpeechStopped)
    ]
    assert times == sorted(times)
    assert all(0 <= time <= len(scores) * FRAME_MS for time in times)


@pytest.mark.parametrize(
    ("eagerness", "finished", "waits_ms"),
    [
        ("high", True, 400), ("high", None, 800), ("high", False, 2_000),
        ("medium", True, 600), ("medium", None, 1_200), ("medium", False, 4_000),
        ("auto", False, 4_000),
        ("low", True, 1_000), ("low", None, 2_500), ("low", False, 8_000),
    ],
)  # fmt: skip
def test_semantic_vad_waits_by_eagerness_and_sentence(
    eagerness: str, finished: bool | None, waits_ms: int
) -> None:
    gate = TurnGate(turn_settings({"type": "semantic_vad", "eagerness": eagerness}))
    list(gate.feed([1.0] * 10))
    waited = 0
    while True:
        waited += FRAME_MS
        changes = list(gate.feed([0.0]))
        if SpeechStopped in map(type, changes):
            break
        if SpeechPaused in map(type, changes) and finished is not None:
            gate.judge(finished)
    assert waits_ms <= waited < waits_ms + FRAME_MS


def test_a_judgement_holds_for_its_own_pause_only() -> None:
    gate = TurnGate(turn_settings({"type": "semantic_vad", "eagerness": "high"}))
    list(gate.feed([1.0] * 10 + [0.0] * 12))
    gate.judge(finished=False)
    changes = list(gate.feed([1.0] * 5 + [0.0] * (800 // FRAME_MS)))
    assert [type(change) for change in changes] == [SpeechResumed, SpeechPaused, SpeechStopped]


def test_server_vad_waits_for_nothing_but_silence() -> None:
    gate = TurnGate(SETTINGS)
    list(gate.feed([1.0] * 10 + [0.0] * 12))
    gate.judge(finished=False)
    assert SpeechStopped in map(type, gate.feed([0.0] * 20))


def test_real_speech_is_heard_where_it_is(spoken: bytes) -> None:
    """The recording has 200 ms of silence before the words and a second after them."""
    scores: list[float] = []
    scorer = SpeechScorer()
    for start in range(0, len(spoken), 1_920):
        scores.extend(scorer.scores(spoken[start : start + 1_920]))
    changes = list(TurnGate(SETTINGS).feed(scores))
    turns = [change for change in changes if isinstance(change, SpeechStarted | SpeechStopped)]
    assert [type(change) for change in turns] == [SpeechStarted, SpeechStopped]
    length_ms = len(spoken) / 48
    assert isinstance(turns[1], SpeechStopped)
    assert length_ms - 1_000 + 480 - 200 < turns[1].end_ms < length_ms


def test_silence_is_no_speech() -> None:
    assert max(SpeechScorer().scores(bytes(48_000))) < 0.5
