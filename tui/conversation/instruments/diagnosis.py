"""The most likely cause of a problem, from measurements. Pure; each rule names its evidence.

The rules are tried in the order of ``RULES``: what explains the others comes first. A connection that is gone makes
answers late too, and a wrong sample rate makes speech that nobody can transcribe.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

from relay.conversation import ConversationState, Turn, percentile
from relay.measure.meters import suspected_rate
from tui.conversation.instruments.history import SignalHistory, since
from tui.conversation.instruments.turn_times import Exchange, Stage

Cause = Literal[
    "not_started",
    "ended",
    "given_up",
    "connection_lost",
    "wrong_rate",
    "line_lossy",
    "echo",
    "upstream_slow",
    "upstream_waiting",
    "source_silence",
    "microphone_silent",
    "microphone_quiet",
    "clipping",
    "muted",
    "well",
]

RATE_S = 2.0
"""How long a chunk rate must point to another sample rate."""
RECENT_S = 60.0
"""Events of the line and of the voices count for this long."""
SILENT_S = 5.0
"""How long a microphone must give nothing before that is said."""
LIVE_SOURCES = ("mic", "tcp:")
"""Specs of sources that should never be silent for long."""
SILENT_DBFS = -100.0
"""Nothing but zeros, or next to it: a switch or the wrong device."""
QUIET_DBFS = -55.0
"""Peak below which no VAD hears speech."""
CLIPPED_DBFS = -0.5
LATE_MS = 250.0
"""p99 of lateness: audio no longer reaches the socket as it is spoken."""
SLOW_MS = 2_500.0
"""Response latency at which a conversation stalls."""
WAITING_S = 4.0
FEW_TURNS = 5
"""The newest turns that the latency is judged by."""
COUNTED_BARGE_INS = 20
ECHO_LATEST_S = 1.0
"""Speech this short, or without words, was none."""
ECHO_LIKENESS = 0.6
"""Share of a turn's pairs of letters that stand in the answer that it interrupted."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The most likely cause, and the figures that it was found by."""

    cause: Cause
    figures: Mapping[str, float] = field(default_factory=dict)
    stage: Stage | None = None
    """upstream_slow: where the time goes."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the rules look at. ``now`` in seconds of the stream."""

    state: ConversationState
    history: SignalHistory
    now: float


def diagnose(state: ConversationState, history: SignalHistory, now: float) -> Finding:
    """What is wrong, or that all is well. Says nothing of what was not measured."""
    evidence = Evidence(state, history, now)
    for rule in RULES:
        finding = rule(evidence)
        if finding is not None:
            return finding
    return Finding("well")


def _over(on: Evidence) -> Finding | None:
    return Finding("ended") if on.state.ended or on.state.status in ("closing", "closed") else None


def _connection(on: Evidence) -> Finding | None:
    if on.state.status == "given_up":
        return Finding("given_up")
    if on.state.status in ("lost", "retrying"):
        return Finding(
            "connection_lost", {"attempt": on.state.connection.attempt if on.state.connection else 0}
        )
    return None if on.state.gate_open else Finding("not_started")


def _wrong_rate(on: Evidence) -> Finding | None:
    """Chunks come as often as sound of another sample rate gives that is labelled 24 kHz."""
    meters, started = on.state.meters, on.state.started
    if meters is None or started is None or meters.chunk_rate is None:
        return None
    suspect = suspected_rate(meters.chunk_rate, started.expected_chunk_rate)
    rates = [
        one.chunk_rate for one in since(on.history.samples, on.now - RATE_S) if one.chunk_rate is not None
    ]
    if suspect is None or any(suspected_rate(rate, started.expected_chunk_rate) != suspect for rate in rates):
        return None
    return Finding(
        "wrong_rate",
        {"rate": meters.chunk_rate, "expected": started.expected_chunk_rate, "khz": suspect[0] / 1_000},
    )


def _line(on: Evidence) -> Finding | None:
    """Two signs of an unsteady line, or one that is plain: audio that waits at the socket now."""
    start = on.now - RECENT_S
    marks = Counter(mark.kind for mark in since(on.history.marks, start))
    gaps = since(on.history.gaps, start)
    meters = on.state.meters
    late = meters.lateness_p99_ms if meters is not None else None
    waiting = late is not None and late > LATE_MS
    if not waiting and len(gaps) + marks["dropped"] + marks["lost"] < 2:
        return None
    figures = {"gaps": len(gaps), "dropped": marks["dropped"], "lost": marks["lost"]}
    return Finding("line_lossy", figures | ({"late": late} if late is not None else {}))


@dataclass(frozen=True, slots=True)
class BargeIns:
    """How often a voice has interrupted the customer, and how often that was nobody's."""

    false: int = 0
    all: int = 0


def barge_ins(state: ConversationState, history: SignalHistory, start: float) -> BargeIns:
    """Those since ``start`` (seconds of the stream), the newest ``COUNTED_BARGE_INS``."""
    exchanges = history.turns.exchanges
    interruptions = [
        (before, by)
        for before, by in pairwise(exchanges)
        if before.interrupted and before.by_voice and before.ended is not None and before.ended >= start
    ]
    counted = interruptions[-COUNTED_BARGE_INS:]
    return BargeIns(sum(_is_false(before, by, state.items) for before, by in counted), len(counted))


def _echo(on: Evidence) -> Finding | None:
    """The customer's own voice, picked up by the microphone, interrupts the customer."""
    changed = on.state.input_settings
    # What was done against the echo is judged by what came after it.
    start = max(on.now - RECENT_S, 0.0 if changed is None else changed.t)
    found = barge_ins(on.state, on.history, start)
    if found.false < 2 or found.false * 2 < found.all:
        return None
    return Finding("echo", {"false": found.false, "all": found.all})


def _is_false(before: Exchange, by: Exchange, items: Mapping[str, Turn]) -> bool:
    """Whether ``by`` interrupted the answer of ``before`` although nobody spoke."""
    turn = items.get(by.item_id or "")
    if turn is None:
        return False
    if turn.failure is not None or (turn.final and not turn.text.strip()):
        return True
    if turn.final:
        answer = items.get(before.answer_id or "")
        return answer is not None and likeness(turn.text, answer.text) >= ECHO_LIKENESS
    return False


def likeness(text: str, whole: str) -> float:
    """Share of the pairs of neighbouring letters in ``text`` that ``whole`` has too; 0 for less than two letters."""
    pairs = _pairs(text)
    return sum((pairs & _pairs(whole)).values()) / pairs.total() if pairs else 0.0


def _pairs(text: str) -> Counter[str]:
    letters = "".join(letter for letter in text.casefold() if letter.isalnum())
    return Counter(letters[place : place + 2] for place in range(len(letters) - 1))


def _upstream(on: Evidence) -> Finding | None:
    """Answers come late, or one is owed, while the line is not to blame (``_line`` was asked before)."""
    waiting = [at for one in on.history.turns.exchanges[-1:] if (at := one.waiting_since()) is not None]
    if waiting and on.now - waiting[0] >= WAITING_S:
        return Finding("upstream_waiting", {"seconds": on.now - waiting[0], **_trip(on)})
    newest = [
        one for one in on.history.turns.exchanges if one.latency_ms is not None and one.basis == "speech"
    ]
    newest = newest[-FEW_TURNS:]
    p50 = percentile([one.latency_ms or 0.0 for one in newest], 50)
    if p50 is None or p50 < SLOW_MS:
        return None
    stages = Counter(slow[0] for one in newest if (slow := one.slowest) is not None)
    stage = stages.most_common(1)[0][0] if stages else None
    return Finding("upstream_slow", {"p50": p50, "n": len(newest), **_trip(on)}, stage)


def _trip(on: Evidence) -> dict[str, float]:
    return {"trip": on.history.round_trips[-1].value} if on.history.round_trips else {}


def _source(on: Evidence) -> Finding | None:
    meters, source = on.state.meters, on.state.source
    if meters is not None and meters.muted:
        return Finding("muted")
    if source is None:
        return None
    if source.state != "opened" or source.spec == "silence":
        # After a file has ended, silence flows; while somebody is heard that is as it should be.
        return None if on.state.answering or on.state.speech_item_id else Finding("source_silence")
    if not source.spec.startswith(LIVE_SOURCES):
        return None
    samples = since(on.history.samples, on.now - SILENT_S)
    levels = [one.you_dbfs for one in samples if one.you_dbfs is not None]
    if not levels or samples[0].t > on.now - SILENT_S + 0.5 or len(levels) < len(samples):
        return None
    loudest = max(levels)
    if loudest <= SILENT_DBFS:
        return Finding("microphone_silent", {"seconds": SILENT_S})
    if loudest < QUIET_DBFS and not any(on.history.open("speech")):
        return Finding("microphone_quiet", {"dbfs": loudest, "seconds": SILENT_S})
    return None


def _clipping(on: Evidence) -> Finding | None:
    meters = on.state.meters
    peak = meters.mic_peak_dbfs if meters is not None and not meters.muted else None
    return Finding("clipping", {"dbfs": peak}) if peak is not None and peak > CLIPPED_DBFS else None


RULES: tuple[Callable[[Evidence], Finding | None], ...] = (
    _over,
    _connection,
    _wrong_rate,
    _line,
    _echo,
    _upstream,
    _source,
    _clipping,
)
