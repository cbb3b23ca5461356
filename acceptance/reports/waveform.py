"""Both sides of a conversation as waveforms on its time axis."""

from __future__ import annotations

import math

from acceptance.reports.chart import LEFT, RIGHT, TimeAxis, drawing, grid, lane_label, time_labels
from acceptance.reports.markup import Markup, element, join
from acceptance.reports.recorded import Envelope, RecordedConversation
from acceptance.reports.wording import Words

_HALF = 34.0
"""Half the height of a lane; full scale reaches that far from its middle."""
_GAP = 10.0


def waveforms(recorded: RecordedConversation, axis: TimeAxis, words: Words) -> Markup:
    """The user's side above the customer's."""
    sides = (
        ("user", words.choose(("営業担当者", "Salesperson")), recorded.user),
        ("customer", words.choose(("お客様", "Customer")), recorded.customer),
    )
    height = len(sides) * (2 * _HALF + _GAP)
    lanes = []
    for n, (kind, name, track) in enumerate(sides):
        middle = n * (2 * _HALF + _GAP) + _HALF + 2
        lanes.append(_lane(kind, name, track, middle, axis, words))
    title = words.choose(("両者の波形", "Waveform of both sides"))
    return drawing(height + 18, title, grid(axis, 0, height), *lanes, time_labels(axis, height + 13))


def _lane(
    kind: str, name: str, track: Envelope | None, middle: float, axis: TimeAxis, words: Words
) -> Markup:
    base = element("line", x1=LEFT, x2=RIGHT, y1=middle, y2=middle, class_="base")
    if track is None:
        missing = words.choose(("録音を読めません", "The recording cannot be read"))
        return join(
            lane_label(name, middle), base, element("text", missing, x=LEFT + 8, y=middle - 6, class_="tick")
        )
    label = lane_label(name, middle, peak_words(track.peak, words))
    scale = _HALF * _gain(track.peak)
    return join(label, base, element("path", d=_outline(track, middle, scale, axis), class_=f"wave {kind}"))


def peak_words(peak: float, words: Words) -> str:
    """How loud the loudest sample is."""
    if peak <= 0:
        return words.choose(("無音", "silent"))
    return words.choose(("最大 {n} dBFS", "peak {n} dBFS")).format(n=f"{20 * math.log10(peak):.1f}")


def _gain(peak: float) -> float:
    """Quiet sound is drawn larger, by a whole power of two; the figure beside it says how loud it is."""
    if peak <= 0:
        return 1.0
    return float(2 ** min(4, max(0, math.floor(math.log2(1 / peak)))))


def _outline(track: Envelope, middle: float, scale: float, axis: TimeAxis) -> str:
    """One vertical stroke for each column that is not silent."""
    n = len(track.low)
    strokes = []
    for column, (low, high) in enumerate(zip(track.low, track.high, strict=True)):
        if low == 0 == high:
            continue
        x = axis.x((column + 0.5) / n * track.seconds)
        strokes.append(f"M{x:.1f} {middle - high * scale - 0.4:.1f}V{middle - low * scale + 0.4:.1f}")
    return "".join(strokes)
