"""Both sides on one time axis: levels, speech, answers and marks. State in, lines of styled text out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from rich.cells import cell_len, set_cell_size

from tui.conversation.instruments.dots import Value, bars
from tui.conversation.instruments.history import Mark, MarkKind, Sample, SignalHistory, Span, SpanKind, since
from tui.i18n import N_, _
from tui.wording.figures import METER_FLOOR_DBFS, NOTHING

Piece = tuple[str, str]
"""Text and the style it has, as Textual's ``Content`` takes it."""
Line = tuple[Piece, ...]

WINDOWS_S = (30, 60, 300)
LABEL_WIDTH = 14
NUMBER_WIDTH = 11
NARROWEST = 12
"""Cells that the time axis has at least."""
HELD_S = 0.25
"""How long a level holds: the meters come every 80 to 120 ms, and a dot may be shorter."""

MARKS: dict[MarkKind, tuple[str, str, str]] = {
    "lost": ("X", "bold $error", N_("lost")),
    "restored": ("R", "bold $success", N_("reconnected")),
    "error": ("E", "bold $error", N_("error")),
    "dropped": ("D", "bold $warning", N_("not sent")),
    "gap": ("G", "bold $warning", N_("gap")),
    "barge_in": ("B", "bold $user", N_("barge-in")),
    "stopped": ("S", "bold $dim", N_("stopped")),
}
"""Letter, style and word; where two fall into one cell, the first of them is shown."""


@dataclass(frozen=True, slots=True)
class View:
    """What is asked for: seconds, cells, and how many rows a level has."""

    window_s: int = 60
    width: int = 80
    level_rows: int = 1
    plain: bool = False
    """ASCII only."""

    @property
    def cells(self) -> int:
        """Of the time axis."""
        return max(NARROWEST, self.width - LABEL_WIDTH - NUMBER_WIDTH)


@dataclass(frozen=True, slots=True)
class Axis:
    """Cells of time. They lie on a fixed grid, so that a picture moves on by whole cells and stays put between."""

    first: int
    cells: int
    cell_s: float

    @classmethod
    def ending(cls, now: float, view: View) -> Axis:
        """The axis whose last cell holds ``now``."""
        cell_s = view.window_s / view.cells
        return cls(int(now / cell_s) - view.cells + 1, view.cells, cell_s)

    @property
    def start(self) -> float:
        """In seconds of the stream."""
        return self.first * self.cell_s

    def cell(self, t: float) -> int:
        """Where ``t`` falls; may lie outside."""
        return int(t / self.cell_s) - self.first


def signal_lines(history: SignalHistory, now: float, view: View) -> list[Line]:
    """The panel's upper half; ``now`` in seconds of the stream."""
    axis = Axis.ending(now, view)
    samples = since(history.samples, axis.start - HELD_S)
    last = samples[-1] if samples else None
    spans = [span for span in history.spans if span.end is None or span.end >= axis.start]
    heard = any(span.end is None for span in spans if span.kind == "heard")
    return [
        *_level(
            _("You"), "$user", [(one.t, one.you_dbfs) for one in samples], axis, view, _dbfs(last, "you")
        ),
        _band(_("VAD: speech"), [("speech", "$user", "=")], spans, axis, now, view),
        *_level(
            _("Customer"),
            "$customer",
            [(one.t, one.customer_dbfs) for one in samples],
            axis,
            view,
            _dbfs(last, "customer") if heard else NOTHING,
        ),
        _band(
            _("Answer"),
            [("heard", "$customer", "="), ("answer", "$secondary", "-")],
            spans,
            axis,
            now,
            view,
            word=_("heard") if heard else "",
        ),
        _marks(since(history.marks, axis.start), axis),
        _times(view),
    ]


def legend(marks: Iterable[Mark], view: View) -> list[Piece]:
    """The words of the marks that are there, and of the two bands of an answer."""
    there = {mark.kind for mark in marks}
    pieces: list[Piece] = []
    for kind, (letter, style, word) in MARKS.items():
        if kind in there:
            pieces += [(f"  {letter}", style), (" " + _(word), "$dim")]
    heard, made = (
        (("=", "$customer"), ("-", "$secondary"))
        if view.plain
        else ((" ", "on $customer"), (" ", "on $secondary"))
    )
    return [
        *pieces,
        ("  ", ""),
        heard,
        (" " + _("heard"), "$dim"),
        ("  ", ""),
        made,
        (" " + _("generating"), "$dim"),
    ]


def padded(text: str, width: int) -> str:
    """``text`` in exactly ``width`` cells, Japanese characters counting two."""
    return set_cell_size(text, width) if cell_len(text) <= width else set_cell_size(text, width - 1) + " "


def cut(line: Line, width: int) -> Line:
    """``line`` in at most ``width`` cells, and on one line."""
    pieces: list[Piece] = []
    left = width
    for text, style in line:
        shown = text.replace("\n", " ")
        if cell_len(shown) > left:
            shown = set_cell_size(shown, left)
        left -= cell_len(shown)
        pieces.append((shown, style))
        if left <= 0:
            break
    return tuple(pieces)


def runs(cells: Sequence[Piece]) -> Line:
    """Neighbouring cells of one style joined."""
    return tuple(
        ("".join(text for text, _style in group), style)
        for style, group in groupby(cells, lambda piece: piece[1])
    )


def _level(
    label: str, style: str, levels: Sequence[tuple[float, float | None]], axis: Axis, view: View, number: str
) -> list[Line]:
    drawn = bars(_dots(levels, axis), view.level_rows, plain=view.plain)
    lines: list[Line] = []
    for row, text in enumerate(drawn):
        named = row == len(drawn) - 1
        lines.append(
            (
                (padded(label if named else "", LABEL_WIDTH), style),
                (text, style),
                (f" {number}" if named else "", "$foreground"),
            )
        )
    return lines


def _dots(levels: Sequence[tuple[float, float | None]], axis: Axis) -> list[Value]:
    """The loudest level in each half cell."""
    half = axis.cell_s / 2
    found: list[Value] = [None] * (axis.cells * 2)
    for at, (t, dbfs) in enumerate(levels):
        if dbfs is None:
            continue
        until = min(levels[at + 1][0], t + HELD_S) if at + 1 < len(levels) else t
        share = min(1.0, max(0.0, (dbfs - METER_FLOOR_DBFS) / -METER_FLOOR_DBFS))
        begin = int(t / half) - axis.first * 2
        for dot in range(
            max(0, begin), min(len(found), max(begin, int(until / half - 1e-9) - axis.first * 2) + 1)
        ):
            found[dot] = max(found[dot] or 0.0, share)
    return found


def _band(
    label: str,
    kinds: Sequence[tuple[SpanKind, str, str]],
    spans: Sequence[Span],
    axis: Axis,
    now: float,
    view: View,
    word: str = "",
) -> Line:
    """Cells during which something lasted, the first of ``kinds`` on top."""
    cells: list[Piece] = [(" ", "")] * axis.cells
    for kind, colour, letter in reversed(kinds):
        cell: Piece = (letter, colour) if view.plain else (" ", f"on {colour}")
        for span in spans:
            if span.kind == kind:
                begin = max(0, axis.cell(span.start))
                end = min(axis.cells - 1, axis.cell(now if span.end is None else span.end))
                cells[begin : end + 1] = [cell] * max(0, end - begin + 1)
    going_on = any(span.end is None for span in spans if span.kind == "speech") and kinds[0][0] == "speech"
    said = _("speaking") if going_on else word
    return ((padded(label, LABEL_WIDTH), "$dim"), *runs(cells), (f" {said}", "$foreground"))


def _marks(marks: Sequence[Mark], axis: Axis) -> Line:
    order = list(MARKS)
    cells: list[Piece] = [(" ", "")] * axis.cells
    for mark in sorted(marks, key=lambda one: -order.index(one.kind)):
        cell = axis.cell(mark.t)
        if 0 <= cell < axis.cells:
            letter, style, _word = MARKS[mark.kind]
            cells[cell] = (letter, style)
    return ((padded(_("Marks"), LABEL_WIDTH), "$dim"), *runs(cells))


def _times(view: View) -> Line:
    """``-60 s ... now`` below the axis, as many as have room."""
    text = [" "] * view.cells
    parts = 4 if view.cells >= 44 else 2
    for part in range(parts):
        word = f"-{view.window_s * (parts - part) / parts:.4g} s"
        begin = view.cells * part // parts
        text[begin : begin + len(word)] = word
    return ((padded("", LABEL_WIDTH), ""), ("".join(text[: view.cells]), "$dim"), (" " + _("now"), "$dim"))


def _dbfs(sample: Sample | None, side: str) -> str:
    value = None if sample is None else sample.you_dbfs if side == "you" else sample.customer_dbfs
    return NOTHING if value is None else _("silence") if value <= -100 else f"{value:.0f} dBFS"
