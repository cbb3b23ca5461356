"""Verdicts and bilingual data in the current language; free of Textual for the command line's sake."""

from __future__ import annotations

from acceptance.checkpoints import checkpoint
from acceptance.results import Answer, Verdict
from api_client.harmless import one_line
from tui import i18n
from tui.i18n import N_, _

VERDICTS: dict[Verdict, str] = {
    "pass": N_("PASS"),
    "fail": N_("FAIL"),
    "not_run": N_("NOT RUN"),
    "not_applicable": N_("N/A"),
}


def verdict_word(verdict: Verdict) -> str:
    """The verdict in the current language."""
    return _(VERDICTS[verdict])


def words(thing: object) -> str:
    """``ja`` or ``en`` of a checkpoint, test, condition, step of the plan or piece of evidence, on one line."""
    return one_line(" ".join(str(getattr(thing, "ja" if i18n.language() == "ja" else "en")).split()))


def question_words(answer: Answer) -> str:
    """What was asked; a checkpoint that only another version of this program knows is called by its id."""
    if answer.question is not None:
        return words(answer.question)
    try:
        return words(checkpoint(answer.checkpoint))
    except KeyError:
        return one_line(answer.checkpoint)
