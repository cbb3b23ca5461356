"""Rates, lateness, latency, round trip and gaps as small plots: each with its number, its window and n."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from relay.conversation import ConversationState, percentile
from tui.conversation.instruments.dots import Value, bars, bars_and_lines
from tui.conversation.instruments.history import Measured, Sample, SignalHistory, since
from tui.conversation.instruments.rows import RATE_TOLERANCE
from tui.conversation.instruments.signals import LABEL_WIDTH, Axis, Line, Piece, View, padded
from tui.i18n import _
from tui.wording.figures import NOTHING, number

WORDS_WIDTH = 48
LATE_MS = 50.0
"""A whole bar of lateness at least: more than a chunk of 40 ms late is what one hears."""
SLOW_MS = 2_000.0
"""A whole bar of response latency at least."""
FAR_MS = 200.0
"""A whole bar of round trip at least."""


def plot_lines(history: SignalHistory, state: ConversationState, now: float, view: View) -> list[Line]:
    """The panel's lower half: a line per measurement, where there is room three for the latency. ``now`` in seconds."""
    cells = max(8, view.width - LABEL_WIDTH - WORDS_WIDTH)
    rows = 3 if view.level_rows > 1 else 1
    view = View(view.window_s, cells, 1, view.plain)
    axis = Axis(int(now / (view.window_s / cells)) - cells + 1, cells, view.window_s / cells)
    samples = since(history.samples, axis.start)
    return [
        _chunk_rate(samples, state, axis, view),
        _lateness(samples, axis, view),
        *_latency(history, cells, rows, view),
        _round_trip(since(history.round_trips, axis.start), axis, view),
        _gaps(since(history.gaps, axis.start), samples, axis, view),
    ]


def _chunk_rate(samples: Sequence[Sample], state: ConversationState, axis: Axis, view: View) -> Line:
    """Half the height is what the geometry expects."""
    expected = state.started.expected_chunk_rate if state.started else None
    values = [Measured(one.t, one.chunk_rate) for one in samples if one.chunk_rate is not None]
    last = values[-1].value if values else None
    off = last is not None and expected is not None and abs(last / expected - 1) > RATE_TOLERANCE
    words = _("{rate}/s of {expected}/s").format(rate=number(last, 1), expected=number(expected, 1))
    whole = 2 * (expected or 1.0)
    return _line(
        _("Chunks sent"), values, whole, axis, view, words, "$warning" if off else "$success", len(values)
    )


def _lateness(samples: Sequence[Sample], axis: Axis, view: View) -> Line:
    values = [Measured(one.t, one.lateness_p99_ms) for one in samples if one.lateness_p99_ms is not None]
    worst = max((one.value for one in values), default=None)
    words = _("p99 {now} ms, worst {worst} ms").format(
        now=number(values[-1].value if values else None, 1), worst=number(worst, 1)
    )
    late = worst is not None and worst > LATE_MS
    whole = max(LATE_MS, worst or 0.0)
    return _line(
        _("Lateness"), values, whole, axis, view, words, "$warning" if late else "$primary", len(values)
    )


def _round_trip(values: Sequence[Measured], axis: Axis, view: View) -> Line:
    whole = max([FAR_MS, *(one.value for one in values)])
    words = f"{number(values[-1].value if values else None)} ms"
    return _line(_("Round trip"), values, whole, axis, view, words, "$primary", len(values), every_cell=False)


def _gaps(gaps: Sequence[Measured], samples: Sequence[Sample], axis: Axis, view: View) -> Line:
    """Nothing is claimed of a window in which no answer was heard."""
    answered = sum(one.customer_dbfs is not None for one in samples)
    longest = max((one.value for one in gaps), default=None)
    if not answered and not gaps:
        words = NOTHING
    elif longest is None:
        words = _("none")
    else:
        words = _("{n}, longest {longest} ms").format(n=len(gaps), longest=number(longest))
    whole = max(1_000.0, longest or 0.0)
    style = "$warning" if gaps else "$primary"
    return _line(_("Answer gaps"), gaps, whole, axis, view, words, style, answered, every_cell=False)


def _latency(history: SignalHistory, cells: int, rows: int, view: View) -> list[Line]:
    """A bar per turn, the newest at the right; dotted lines at p50 and p95 of all turns of the conversation."""
    values = [one.value for one in history.latencies]
    p50, p95 = percentile(values, 50), percentile(values, 95)
    whole = max([SLOW_MS, *values])
    levels = [level / whole for level in (p50, p95) if level is not None]
    drawn = bars_and_lines(
        [max(0.0, value / whole) for value in values], levels, cells, rows, plain=view.plain
    )
    said = [("p95", p95), ("p50", p50), (_("last"), values[-1] if values else None)]
    each = [f"{name} {number(value)} ms" for name, value in said]
    if rows == 1:
        each = [
            _("{last}, p50 {p50}, p95 {p95} ms").format(
                last=number(said[2][1]), p50=number(p50), p95=number(p95)
            )
        ]
    lines: list[Line] = []
    for row, (text, words) in enumerate(zip(drawn, each, strict=True), start=1):
        label, window = (_("Latency"), _("turns") + f"  n={len(values)}") if row == rows else ("", "")
        lines.append(
            (
                (padded(label, LABEL_WIDTH), "$dim"),
                (text, "$customer"),
                (f" {padded(words, 32)}", ""),
                (f" {window}", "$dim"),
            )
        )
    return lines


def _line(
    label: str,
    values: Sequence[Measured],
    whole: float,
    axis: Axis,
    view: View,
    words: str,
    style: str,
    n: int,
    *,
    every_cell: bool = True,
) -> Line:
    """``every_cell``: the meters report often enough that a cell without a value is a hole in what was measured."""
    found: list[Value] = [None] * (axis.cells * 2)
    fold: Callable[[float, float], float] = max
    for one in values:
        dot = int(one.t / (axis.cell_s / 2)) - axis.first * 2
        if 0 <= dot < len(found):
            found[dot] = fold(found[dot] or 0.0, min(1.0, one.value / whole))
    if every_cell:
        found = _held(found)
    window: Piece = (f" {view.window_s} s  n={n}", "$dim")
    return (
        (padded(label, LABEL_WIDTH), "$dim"),
        (bars(found, 1, plain=view.plain)[0], style),
        (f" {padded(words, 32)}", ""),
        window,
    )


def _held(values: list[Value]) -> list[Value]:
    """A dot that is shorter than the meters' interval shows the value before it."""
    held = list(values)
    for place in range(1, len(held)):
        if held[place] is None and values[place - 1] is not None:
            held[place] = values[place - 1]
    return held
