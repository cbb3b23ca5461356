"""Where turns begin and end: the gate by itself, and with real speech."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.engine.onset import HOP_MS, Hop
from backend.engine.vad import (
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


def scored(*scores: float) -> list[Hop]:
    """Hops of these scores, loud or faint as they are."""
    return [Hop(score, -90 + 70 * score) for score in scores]


def speech(ms: int) -> list[Hop]:
    return scored(*[1.0] * (ms // HOP_MS))


def silence(ms: int) -> list[Hop]:
    return scored(*[0.0] * (ms // HOP_MS))


def tone(hz: int, ms: int) -> bytes:
    """A sine at half of full scale, as PCM16 24 kHz."""
    wave = np.sin(2 * np.pi * hz * np.arange(24 * ms) / 24_000)
    return bytes(np.rint(16_384 * wave).astype("<i2").tobytes())


def test_a_turn_opens_with_speech_and_closes_after_the_silence() -> None:
    gate = TurnGate(SETTINGS)
    changes = list(gate.feed(silence(640) + speech(480) + silence(640)))
    assert changes == [
        SpeechStarted(640 - HOP_MS - 300),  # the first score covers the hop before it too
        SpeechPaused(1_120 + PAUSE_MS),
        SpeechStopped(1_120 + 480),
    ]


def test_a_pause_within_a_turn_is_told_and_taken_back() -> None:
    changes = list(TurnGate(SETTINGS).feed(speech(160) + silence(240) + speech(80) + silence(480)))
    assert [type(change) for change in changes] == [
        SpeechStarted,
        SpeechPaused,
        SpeechResumed,
        SpeechPaused,
        SpeechStopped,
    ]


def test_a_click_opens_nothing() -> None:
    assert list(TurnGate(SETTINGS).feed(scored(*[0.0, 1.0, 1.0, 0.0] * 20))) == []


def test_the_prefix_does_not_reach_back_into_the_turn_before() -> None:
    gate = TurnGate(SETTINGS)
    first = list(gate.feed(speech(160) + silence(480)))
    second = list(gate.feed(speech(24)))
    assert isinstance(first[-1], SpeechStopped)
    assert second == [SpeechStarted(first[-1].end_ms)]


def test_a_gate_that_is_switched_on_late_counts_from_where_it_is() -> None:
    assert list(TurnGate(SETTINGS, now_ms=10_000).feed(speech(24))) == [SpeechStarted(10_000)]


@given(st.lists(st.floats(0, 1), max_size=800))
def test_starts_and_stops_alternate_and_go_forward(scores: list[float]) -> None:
    changes = list(TurnGate(SETTINGS).feed(scored(*scores)))
    letters = {SpeechStarted: "a", SpeechPaused: "p", SpeechResumed: "r", SpeechStopped: "z"}
    told = "".join(letters[type(change)] for change in changes)
    assert re.fullmatch(r"(a(pr)*pz)*(a(pr)*p?)?", told)
    times = [
        change.start_ms if isinstance(change, SpeechStarted) else change.end_ms
        for change in changes
        if isinstance(change, SpeechStarted | SpeechStopped)
    ]
    assert times == sorted(times)
    assert all(0 <= time <= len(scores) * HOP_MS for time in times)


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
    list(gate.feed(speech(160)))
    waited = 0
    while True:
        waited += HOP_MS
        changes = list(gate.feed(silence(HOP_MS)))
        if SpeechStopped in map(type, changes):
            break
        if SpeechPaused in map(type, changes) and finished is not None:
            gate.judge(finished)
    assert waits_ms <= waited < waits_ms + HOP_MS


def test_a_judgement_holds_for_its_own_pause_only() -> None:
    gate = TurnGate(turn_settings({"type": "semantic_vad", "eagerness": "high"}))
    list(gate.feed(speech(160) + silence(192)))
    gate.judge(finished=False)
    changes = list(gate.feed(speech(80) + silence(800)))
    assert [type(change) for change in changes] == [SpeechResumed, SpeechPaused, SpeechStopped]


def test_server_vad_waits_for_nothing_but_silence() -> None:
    gate = TurnGate(SETTINGS)
    list(gate.feed(speech(160) + silence(192)))
    gate.judge(finished=False)
    assert SpeechStopped in map(type, gate.feed(silence(320)))


def test_real_speech_is_heard_where_it_is(spoken: bytes) -> None:
    """The recording has 200 ms of silence before the words and a second after them."""
    hops: list[Hop] = []
    scorer = SpeechScorer()
    for start in range(0, len(spoken), 1_920):
        hops.extend(scorer.hops(spoken[start : start + 1_920]))
    changes = list(TurnGate(SETTINGS).feed(hops))
    turns = [change for change in changes if isinstance(change, SpeechStarted | SpeechStopped)]
    assert [type(change) for change in turns] == [SpeechStarted, SpeechStopped]
    length_ms = len(spoken) / 48
    assert isinstance(turns[1], SpeechStopped)
    assert length_ms - 1_000 + 480 - 200 < turns[1].end_ms < length_ms


def test_silence_is_no_speech() -> None:
    assert max(hop.score for hop in SpeechScorer().hops(bytes(48_000))) < 0.5


@given(st.lists(st.integers(0, 700), max_size=60))
def test_however_audio_is_cut_the_hops_are_the_same(cuts: list[int]) -> None:
    pcm = tone(200, 300)
    whole = list(SpeechScorer().hops(pcm))
    scorer, start = SpeechScorer(), 0
    pieces: list[Hop] = []
    for samples in cuts:
        pieces += scorer.hops(pcm[start : start + 2 * samples])
        start += 2 * samples
    pieces += scorer.hops(pcm[start:])
    assert [hop.level_dbfs for hop in pieces] == [hop.level_dbfs for hop in whole]
    assert [hop.score for hop in pieces] == pytest.approx([hop.score for hop in whole], abs=0.1)  # dither
    assert len(whole) == 300 // HOP_MS
