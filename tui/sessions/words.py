"""Sessions in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from api_client.harmless import one_line
from tui.actions import Action, KeyNames
from tui.i18n import N_, _, ngettext
from tui.sessions.actions import ACCEPTANCE, NEW
from tui.sessions.view import Order, View
from tui.wording.figures import NOTHING, moment, number

if TYPE_CHECKING:
    from api_client.models import Message, Session, SessionDetail
    from tui.sessions.figures import Figures

STAGES = {"S": N_("Situation"), "P": N_("Problem"), "I": N_("Implication"), "N": N_("Need-payoff")}
_EVALUATIONS = {
    "advance": N_("a step forward"),
    "repeat": N_("the same stage again"),
    "regression": N_("a step back"),
    "jump": N_("a stage skipped"),
}


def heading_words(view: View, picked: int, all_of_them: int, hidden: int, page: int, pages: int) -> str:
    """How many there are and which page is shown. ``hidden``: those of acceptance runs."""
    if picked == all_of_them:
        words = _("{n} in all, page {page} of {pages}").format(n=picked, page=page, pages=pages)
    else:
        words = _("{n} of {all}, page {page} of {pages}").format(
            n=picked, all=all_of_them, page=page, pages=pages
        )
    if hidden and not view.acceptance:
        test_sessions = ngettext("{n} test session hidden", "{n} test sessions hidden", hidden)
        words += "   " + test_sessions.format(n=hidden)
    return words


def how_to_begin(keys: KeyNames) -> Content:
    """The empty list's hint."""

    def press(action: Action) -> tuple[str, str]:
        return _("Press {keys}").format(keys=keys.all(action)), "bold $accent"

    return Content("\n").join(
        [
            Content.styled(_("No sessions yet."), "bold"),
            Content(""),
            Content.assemble(press(NEW), _(" to start one and talk to the customer.")),
            Content.assemble(press(ACCEPTANCE), _(" to run the acceptance tests.")),
        ]
    )


def order_word(order: Order) -> str:
    """The column's heading."""
    return {
        "started": _("Started"),
        "industry": _("Industry"),
        "turns": _("Turns"),
        "score": _("Score"),
        "latency": _("Latency"),
    }[order]


def view_words(view: View) -> list[str]:
    """What is left out or sorted otherwise."""
    found = []
    if view.words:
        found.append(_('with "{words}"').format(words=one_line(view.words)))
    if view.only_active:
        found.append(_("only active"))
    if view.acceptance:
        found.append(_("with test sessions"))
    if view.order != "started":
        found.append(_("sorted by {column}").format(column=order_word(view.order)))
    return found


def mode_word(value: bool | None) -> str:
    """``realtime_mode`` as the server reports it."""
    return {True: "true", False: "false", None: "?"}[value]


def status_word(status: str) -> str:
    """The server's status in the operator's language; an unknown one is shown as it is."""
    return {"active": _("active"), "finished": _("finished"), "pending": _("pending")}.get(status, status)


def turns_word(figures: Figures) -> str:
    """How many turns are stored."""
    return NOTHING if figures.turns is None else str(figures.turns)


def latency_word(figures: Figures) -> str:
    """The median of the newest recorded conversation."""
    return NOTHING if figures.latency is None else f"{number(figures.latency.p50_ms)} ms"


def stage_word(stage: str | None) -> str:
    """``S Situation``; a stage that the contract does not know as it is."""
    if not stage:
        return NOTHING
    return stage + " " + _(STAGES[stage]) if stage in STAGES else one_line(stage)


def judged(message: Message) -> str:
    """What the server made of a turn: stage, step and change of the chance; empty if nothing."""
    found = []
    if message.spin_stage:
        found.append(stage_word(message.spin_stage))
    if message.stage_evaluation in _EVALUATIONS:
        found.append(_(_EVALUATIONS[message.stage_evaluation]))
    if message.success_delta is not None:
        found.append(_("chance {change} %").format(change=f"{message.success_delta:+d}"))
    return ", ".join(found)


def speaker_word(message: Message) -> str:
    """Who spoke."""
    return _("You") if message.role == "salesperson" else _("Customer")


def transcript(session: Session, detail: SessionDetail) -> list[str]:
    """The stored turns as lines of text, below what the session is about."""
    facts = (
        (_("Industry"), session.industry),
        (_("Proposition"), session.value_proposition),
        (_("Started"), moment(session.started_at or session.created_at)),
        ("ID", session.id),
    )
    named = _("{name}: ")
    lines = [named.format(name=name) + value for name, value in facts if value]
    return [*lines, "", *(named.format(name=speaker_word(m)) + m.message for m in detail.messages)]
