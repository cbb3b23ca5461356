"""What a report says in words, in the language of the request."""

from __future__ import annotations

from django.utils.translation import gettext as _

from backend.spin.scoring import ENOUGH_QUESTIONS, STAGES, Scoring, Stage


def _stage_name(stage: Stage) -> str:
    return {
        "situation": _("situation"),
        "problem": _("problem"),
        "implication": _("implication"),
        "need": _("need-payoff"),
    }[stage]


def _advice(stage: Stage) -> str:
    return {
        "situation": _("Ask how the customer works today before anything else."),
        "problem": _("Ask what is difficult or annoying about it."),
        "implication": _("Ask what the problem leads to: cost, delay, risk."),
        "need": _("Ask what a solution would be worth, and let the customer say it."),
    }[stage]


def feedback(result: Scoring) -> str:
    """What was found, beginning with how: nobody should take a count of words for a judgement."""
    lines = [_("Scored by counting keywords, without a language model.")]
    for stage in STAGES:
        lines.append(
            _("Questions about the %(stage)s: %(count)d (full mark from %(enough)d).")
            % {
                "stage": _stage_name(stage),
                "count": result.questions[stage],
                "enough": ENOUGH_QUESTIONS[stage],
            }
        )
    if result.proposition_mentioned:
        lines.append(_("You brought up your value proposition."))
    else:
        lines.append(_("Your value proposition did not come up."))
    return "\n".join(lines)


def next_actions(result: Scoring) -> str:
    """One sentence for each stage that came short, in SPIN's order, then the next step."""
    lines = [_advice(stage) for stage in STAGES if result.questions[stage] < ENOUGH_QUESTIONS[stage]]
    if not result.next_step_proposed:
        lines.append(_("Propose a concrete next step: a date, a demonstration, an estimate."))
    return "\n".join(lines or [_("All four stages were covered. Go deeper on the customer's answers.")])
