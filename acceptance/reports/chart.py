"""What all charts of a conversation share: one time axis, so that they line up."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from acceptance.reports.markup import Content, Markup, element, join

WIDTH = 1000.0
LEFT = 108.0
RIGHT = 988.0


@dataclass(frozen=True, slots=True)
class TimeAxis:
    """From 0 to ``seconds``, in the units of the drawing."""

    seconds: float

    def x(self, t: float) -> float:
        """Where ``t`` stands; times outside stand at the border."""
        share = min(1.0, max(0.0, t / self.seconds)) if self.seconds > 0 else 0.0
        return LEFT + share * (RIGHT - LEFT)

    @property
    def ticks(self) -> Iterator[float]:
        """Round times, about ten of them."""
        step = round_step(self.seconds / 10)
        for n in range(math.floor(self.seconds / step + 1e-9) + 1):
            yield n * step


def round_step(about: float) -> float:
    """1, 2 or 5 times a power of ten, not below ``about``."""
    if not about > 0:
        return 1.0
    power = float(10.0 ** math.floor(math.log10(about)))
    return next((factor * power for factor in (1, 2, 5) if factor * power >= about * 0.999), 10 * power)


def drawing(height: float, title: str, *children: Content) -> Markup:
    """An ``svg`` of the common width. ``title`` is read out to those who do not see it."""
    return element(
        "svg",
        element("title", title),
        *children,
        viewBox=f"0 0 {WIDTH:g} {height:g}",
        role="img",
        class_="chart",
    )


def grid(axis: TimeAxis, top: float, bottom: float) -> Markup:
    """A thin line at each round time."""
    return join(
        element("line", x1=axis.x(t), x2=axis.x(t), y1=top, y2=bottom, class_="grid") for t in axis.ticks
    )


def time_labels(axis: TimeAxis, y: float) -> Markup:
    """The round times, in seconds."""
    return join(
        element("text", f"{t:g} s", x=axis.x(t), y=y, class_="tick", text_anchor="middle") for t in axis.ticks
    )


def lane_label(words: str, y: float, more: str = "") -> Markup:
    """What a lane shows, at its left; ``more`` is smaller, below."""
    label = element("text", words, x=LEFT - 10, y=y, class_="lane", text_anchor="end")
    small = element("text", more, x=LEFT - 10, y=y + 14, class_="tick", text_anchor="end")
    return join(label, small if more else "")


def dot(axis: TimeAxis, t: float, y: float, kind: str, title: str) -> Markup:
    """A point in time, as a small diamond."""
    x = axis.x(t)
    shape = f"M{x:.1f} {y - 6:.1f} l6 6 l-6 6 l-6 -6 z"
    return element("path", element("title", title), d=shape, class_=f"dot {kind}")


def bar(axis: TimeAxis, start: float, end: float, y: float, height: float, kind: str, title: str) -> Markup:
    """A stretch of time."""
    x = axis.x(start)
    return element(
        "rect",
        element("title", title),
        x=x,
        y=y,
        width=max(1.5, axis.x(end) - x),
        height=height,
        rx=2,
        class_=f"bar {kind}",
    )
