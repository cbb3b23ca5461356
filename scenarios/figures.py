"""Figures over all conversations of a run, and the limits they are held to. Pure.

Percentiles are nearest-rank: always a value that was measured. Below the number of values that the percentile needs to
differ from the maximum there is no figure: a 95th percentile of six values would be the largest of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from acceptance.evidence import worded
from acceptance.record import Moment, Record
from acceptance.results import Answer, Figure, Verdict, Wording
from relay.conversation_state import percentile
from relay.stream import Latency


@dataclass(frozen=True, slots=True)
class Measured:
    """What one conversation contributes to the figures."""

    spoken_latency_ms: tuple[float, ...] = ()
    typed_latency_ms: tuple[float, ...] = ()
    chunk_rate_deviation: float | None = None
    """Per cent of the expected rate, without its sign. None: no second of audio was sent."""
    lateness_p99_ms: float | None = None
    reconnects: int | None = None
    """None, as for the errors: the conversation has no summary."""
    errors: int | None = None
    character_errors: int = 0
    characters: int = 0
    """Of the texts that transcripts were compared with."""


@dataclass(frozen=True, slots=True)
class FigureKind:
    """One figure. ``of`` gives the values that it is made from."""

    name: str
    unit: str
    ja: str
    en: str
    of: Callable[[Measured], Iterable[float]]
    percent: int | None = None
    """The percentile; None: the largest value."""
    noise: float = 0.0
    """Between two runs, a difference up to this says nothing."""

    @property
    def needs(self) -> int:
        """How many values it takes to say anything."""
        return 1 if self.percent is None else math.ceil(100 / (100 - self.percent))


def _known(value: float | None) -> tuple[float, ...]:
    return () if value is None else (value,)


def _cer(one: Measured) -> tuple[float, ...]:
    return (one.character_errors / one.characters,) if one.characters else ()


FIGURES: tuple[FigureKind, ...] = (
    FigureKind(
        "response_latency_p50", "ms", "応答時間(発話)の中央値", "Response latency of spoken turns, median",
        lambda one: one.spoken_latency_ms, 50, 50.0,
    ),
    FigureKind(
        "response_latency_p95", "ms", "応答時間(発話)の95パーセンタイル",
        "Response latency of spoken turns, 95th percentile", lambda one: one.spoken_latency_ms, 95, 50.0,
    ),
    FigureKind(
        "typed_latency_p50", "ms", "応答時間(入力)の中央値", "Response latency of typed turns, median",
        lambda one: one.typed_latency_ms, 50, 50.0,
    ),
    FigureKind(
        "typed_latency_p95", "ms", "応答時間(入力)の95パーセンタイル",
        "Response latency of typed turns, 95th percentile", lambda one: one.typed_latency_ms, 95, 50.0,
    ),
    FigureKind(
        "chunk_rate_deviation", "%", "送信レートの期待値からのずれ(最も大きい会話)",
        "Chunk rate off the expected one, worst conversation", lambda one: _known(one.chunk_rate_deviation),
        noise=2.0,
    ),
    FigureKind(
        "lateness_p99", "ms", "送信の遅れの99パーセンタイル(最も大きい会話)",
        "Lateness of sent chunks, 99th percentile of the worst conversation",
        lambda one: _known(one.lateness_p99_ms), noise=20.0,
    ),
    FigureKind(
        "cer", "", "文字誤り率(最も大きい会話)", "Character error rate, worst conversation", _cer,
        noise=0.02,
    ),
    FigureKind(
        "reconnects", "", "再接続の回数(最も多い会話)", "Reconnects, worst conversation",
        lambda one: _known(one.reconnects),
    ),
    FigureKind(
        "errors", "", "エラーの数(最も多い会話)", "Errors, worst conversation", lambda one: _known(one.errors),
    ),
)  # fmt: skip
NAMES = tuple(one.name for one in FIGURES)
LIMIT_WORDS: Mapping[str, tuple[str, str]] = {
    "limit": (
        "{name}: {value} {unit}(しきい値 {limit}, n={n})",
        "{name}: {value} {unit} (limit {limit}, n={n})",
    ),
    "not_enough": (
        "判定しません: {name} には {needs} 件の値が必要ですが、{n} 件しかありません。--repeat で増やせます",
        "Not judged: {name} needs {needs} values, there are {n}. --repeat gives more",
    ),
}


def measured(record: Record, *, character_errors: int = 0, characters: int = 0) -> Measured:
    """What the conversation on ``record`` contributes."""
    latencies = record.of(Latency)
    summary = record.summary
    rate = None if summary is None else summary.chunk_rate
    return Measured(
        spoken_latency_ms=tuple(one.response_latency_ms for one in latencies if one.basis == "speech"),
        typed_latency_ms=tuple(one.response_latency_ms for one in latencies if one.basis == "text"),
        chunk_rate_deviation=None
        if summary is None or rate is None
        else abs(rate / summary.expected_chunk_rate - 1) * 100,
        lateness_p99_ms=None if summary is None else summary.lateness_p99_ms,
        reconnects=None if summary is None else summary.reconnects,
        errors=None if summary is None else len(summary.errors),
        character_errors=character_errors,
        characters=characters,
    )


def figures(conversations: Sequence[Measured]) -> tuple[Figure, ...]:
    """Every figure of which at least one value was measured."""
    made = (_figure(kind, conversations) for kind in FIGURES)
    return tuple(figure for figure in made if figure.n)


def judge_limits(
    limits: Mapping[str, float], conversations: Sequence[Measured], prefix: str = "limits"
) -> tuple[Answer, ...]:
    """An answer for each limit, with the id ``PREFIX.FIGURE``; not run where there are too few values."""
    kinds = {kind.name: kind for kind in FIGURES}
    return tuple(
        _judged(kinds[name], limit, conversations, f"{prefix}.{name}") for name, limit in limits.items()
    )


def _judged(kind: FigureKind, limit: float, conversations: Sequence[Measured], id_: str) -> Answer:
    figure = _figure(kind, conversations)
    unit = f" {kind.unit}".rstrip()
    question = Wording(ja=f"{kind.ja}: {limit:g}{unit} 以下", en=f"{kind.en}: at most {limit:g}{unit}")
    if figure.value is None:
        why = worded(
            LIMIT_WORDS["not_enough"], "not_enough", "measurement", Moment(),
            name=kind.name, needs=kind.needs, n=figure.n,
        )  # fmt: skip
        return Answer(checkpoint=id_, verdict="not_run", evidence=(why,), question=question)
    found = worded(
        LIMIT_WORDS["limit"], "limit", "measurement", Moment(),
        name=kind.name, value=figure.value, unit=kind.unit, limit=limit, n=figure.n,
    )  # fmt: skip
    verdict: Verdict = "pass" if figure.value <= limit else "fail"
    return Answer(checkpoint=id_, verdict=verdict, evidence=(found,), question=question)


def _figure(kind: FigureKind, conversations: Sequence[Measured]) -> Figure:
    values = [value for one in conversations for value in kind.of(one)]
    value = None
    if len(values) >= kind.needs:
        value = max(values) if kind.percent is None else percentile(values, kind.percent)
    return Figure(
        name=kind.name,
        unit=kind.unit,
        value=None if value is None else round(value, 1 if kind.unit == "ms" else 3),
        n=len(values),
        needs=kind.needs,
        noise=kind.noise,
    )
