"""A session's report, with its scores as bars. Plain values in, content out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from textual.content import Content

from api_client.harmless import one_line
from tui.i18n import N_, _
from tui.wording.cells import cells
from tui.wording.figures import NOTHING, number

if TYPE_CHECKING:
    from api_client.models import Report

ASPECTS = {
    "exploration": N_("Exploration"),
    "implication": N_("Implication"),
    "value_proposition": N_("Value proposition"),
    "customer_response": N_("Customer response"),
    "advancement": N_("Advancement"),
}
QUESTIONS = {
    "situation": N_("Situation questions"),
    "problem": N_("Problem questions"),
    "implication_legacy": N_("Implication questions"),
    "need": N_("Need-payoff questions"),
}
BAR_CELLS = 14


@dataclass(frozen=True, slots=True)
class ScoreBar:
    """One score. ``share``: of the maximum, or of the highest of its group if the server gives no maximum."""

    name: str
    value: float | None
    maximum: float | None
    share: float


def score_bars(report: Report) -> list[list[ScoreBar]]:
    """The aspects, the questions, and what else the server scores; without the total."""
    scores = {name: value for name, value in report.spin_scores.items() if name != "total"}
    maximum = _maximum(report.scoring_details)
    rest = {name: name for name in scores if name not in ASPECTS and name not in QUESTIONS}
    groups = ((ASPECTS, maximum.get("dimension")), (QUESTIONS, maximum.get("stage")), (rest, None))
    return [
        bars
        for names, most in groups
        if (bars := _group({name: words for name, words in names.items() if name in scores}, scores, most))
    ]


def _maximum(details: Any) -> Mapping[str, float]:
    found = details.get("maximum") if isinstance(details, dict) else None
    if not isinstance(found, dict):
        return {}
    return {name: value for name, value in found.items() if isinstance(value, int | float) and value > 0}


def _group(
    names: Mapping[str, str], scores: Mapping[str, float | None], most: float | None
) -> list[ScoreBar]:
    highest = max((scores[name] or 0 for name in names), default=0)
    whole = most or (highest if highest > 0 else 1)
    return [
        ScoreBar(words, scores[name], most, max(0.0, min(1.0, (scores[name] or 0) / whole)))
        for name, words in names.items()
    ]


def report_lines(report: Report, *, plain: bool = False) -> list[Content]:
    """Total, bars, and the server's words. ``plain``: bars of ``#`` instead of coloured cells."""
    total = report.spin_scores.get("total")
    title = _("Report. Score: {total}").format(total=number(total) if total is not None else NOTHING)
    lines = [Content.styled(title, "bold $primary")]
    groups = score_bars(report)
    width = max((cells(_(bar.name)) for group in groups for bar in group), default=0)
    for group in groups:
        lines += [_bar_line(bar, width, plain=plain) for bar in group]
    if groups and all(bar.maximum is None for group in groups for bar in group):
        lines.append(
            Content.styled(_("The server gives no maximum: the highest score fills the bar."), "$dim")
        )
    for words in (report.feedback, report.next_actions):
        if words:
            lines += [Content(""), Content(words)]
    return lines


def _bar_line(bar: ScoreBar, width: int, *, plain: bool) -> Content:
    name = one_line(_(bar.name))
    filled = round(bar.share * BAR_CELLS)
    figures = number(bar.value) if bar.maximum is None else f"{number(bar.value)}/{number(bar.maximum)}"
    piece = ("#" * filled, "$primary") if plain else (" " * filled, "on $primary")
    rest = (("." if plain else " ") * (BAR_CELLS - filled), "$dim" if plain else "on $panel")
    return Content.assemble(
        (name + " " * (width - cells(name) + 1), "$dim"), piece, rest, (f" {figures:>6}", "bold")
    )
