"""Measured figures over the time of a conversation: chunk rate, response latency, lateness of sending."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from acceptance.reports.chart import (
    LEFT,
    RIGHT,
    TimeAxis,
    drawing,
    grid,
    round_step,
    time_labels,
)
from acceptance.reports.markup import Markup, element, join
from acceptance.reports.recorded import COLUMNS, RecordedConversation
from relay.stream import Latency, Meters

RATE_TOLERANCE = 0.1
"""As ``acceptance.request.Limits.rate_tolerance``: the band that is drawn around the expected rate."""
_TOP = 8.0
_BOTTOM = 98.0
_HALF_LABEL = 24.0
"""Half the width of a figure beside its mark."""

Point = tuple[float, float | None]
"""``t`` and a value; None where nothing was measured."""


@dataclass(frozen=True, slots=True)
class ValueAxis:
    """From 0 to ``largest``, upwards."""

    largest: float

    def y(self, value: float) -> float:
        """Where ``value`` stands; what is larger stands at the top."""
        share = min(1.0, max(0.0, value / self.largest))
        return _BOTTOM - share * (_BOTTOM - _TOP)

    def labels(self) -> Markup:
        """Round values with their lines."""
        step = round_step(self.largest / 3)
        values = [n * step for n in range(int(self.largest / step + 1e-9) + 1)]
        return join(
            join(
                element("line", x1=LEFT, x2=RIGHT, y1=self.y(value), y2=self.y(value), class_="grid"),
                element(
                    "text", f"{value:g}", x=LEFT - 6, y=self.y(value) + 4, class_="tick", text_anchor="end"
                ),
            )
            for value in values
        )


def chunk_rate_plot(
    recorded: RecordedConversation, expected: float, axis: TimeAxis, title: str
) -> Markup | None:
    """Chunks per second as measured, and ``expected`` of the geometry. None if nothing was measured."""
    points: list[Point] = [(meters.t, meters.chunk_rate) for meters in recorded.of(Meters)]
    known = [value for _, value in points if value is not None]
    if not known:
        return None
    scale = ValueAxis(max([*known, expected * 1.25]) * 1.05)
    high, low = scale.y(expected * (1 + RATE_TOLERANCE)), scale.y(expected * (1 - RATE_TOLERANCE))
    middle = scale.y(expected)
    band = join(
        element("rect", x=LEFT, y=high, width=RIGHT - LEFT, height=low - high, class_="band"),
        element("line", x1=LEFT, x2=RIGHT, y1=middle, y2=middle, class_="expected"),
    )
    line = element("path", d=_line(points, axis, scale), class_="line user")
    return _plot(title, axis, scale, band, line)


def latency_plot(recorded: RecordedConversation, axis: TimeAxis, title: str) -> Markup | None:
    """Response latency of each turn, in ms. None if there was none."""
    found = recorded.of(Latency)
    if not found:
        return None
    scale = ValueAxis(max([*(latency.response_latency_ms for latency in found), 1.0]) * 1.3)
    marks = [_stem(latency, axis, scale) for latency in found]
    return _plot(title, axis, scale, *marks)


def lateness_plot(recorded: RecordedConversation, axis: TimeAxis, title: str) -> Markup | None:
    """How late chunks went out against their schedule (p99), in ms. None if nothing was measured."""
    points: list[Point] = [(meters.t, meters.lateness_p99_ms) for meters in recorded.of(Meters)]
    known = [value for _, value in points if value is not None]
    if not known:
        return None
    scale = ValueAxis(max([*known, 1.0]) * 1.2)
    line = element("path", d=_line(points, axis, scale), class_="line late")
    return _plot(title, axis, scale, line)


def _plot(title: str, axis: TimeAxis, scale: ValueAxis, *marks: Markup) -> Markup:
    return drawing(
        _BOTTOM + 20,
        title,
        grid(axis, _TOP, _BOTTOM),
        scale.labels(),
        *marks,
        time_labels(axis, _BOTTOM + 15),
    )


def _stem(latency: Latency, axis: TimeAxis, scale: ValueAxis) -> Markup:
    x, y = axis.x(latency.t), scale.y(latency.response_latency_ms)
    figure = f"{latency.response_latency_ms:.0f} ms"
    # At an edge it would run into the labels of the axis, or out of the drawing.
    anchor = "start" if x - LEFT < _HALF_LABEL else "end" if RIGHT - x < _HALF_LABEL else "middle"
    return join(
        element("line", x1=x, x2=x, y1=_BOTTOM, y2=y, class_="stem"),
        element(
            "circle",
            element("title", f"{latency.turn}: {figure} ({latency.basis}), {latency.t:.2f} s"),
            cx=x, cy=y, r=4, class_="dot customer",
        ),
        element("text", figure, x=x, y=y - 8, class_="tick", text_anchor=anchor),
    )  # fmt: skip


def _line(points: Sequence[Point], axis: TimeAxis, scale: ValueAxis) -> str:
    """A line through the points, broken where nothing was measured."""
    parts: list[str] = []
    drawing_on = False
    for t, value in thinned(points):
        if value is None:
            drawing_on = False
            continue
        parts.append(f"{'L' if drawing_on else 'M'}{axis.x(t):.1f} {scale.y(value):.1f}")
        drawing_on = True
    return "".join(parts)


def thinned(points: Sequence[Point], most: int = COLUMNS) -> list[Point]:
    """At most about ``most`` points. Of each stretch the lowest and the highest stay, and every gap."""
    if len(points) <= most:
        return list(points)
    size = -(-len(points) * 2 // most)
    kept: list[Point] = []
    for start in range(0, len(points), size):
        stretch = points[start : start + size]
        known = [(t, value) for t, value in stretch if value is not None]
        if not known:
            kept.append(stretch[0])
            continue
        extremes = {min(known, key=lambda point: point[1]), max(known, key=lambda point: point[1])}
        gap = next((point for point in stretch if point[1] is None), None)
        kept.extend(sorted({*extremes, gap} if gap else extremes, key=lambda point: point[0]))
    return kept
