"""The section of the page that shows one test: its checkpoints as a tree, each with its evidence."""

from __future__ import annotations

from acceptance.reports.markup import Markup, element, join
from acceptance.reports.wording import EVIDENCE_KINDS, Words, place, point_of
from acceptance.results import Answer, Evidence, TestResult, Verdict

_GLYPHS: dict[Verdict, str] = {"pass": "✓", "fail": "✕", "not_run": "○", "not_applicable": "–"}
"""Beside the colour, so that nobody needs it."""


def badge(verdict: Verdict, words: Words) -> Markup:
    """The verdict as a coloured word with a sign."""
    sign = element("i", _GLYPHS[verdict], aria_hidden="true")
    return element("span", sign, words.verdict(verdict), class_=f"badge {verdict}")


def checkpoint_tree(test: TestResult, words: Words) -> Markup:
    """The whole section."""
    head = element("h3", words.title(test), badge(test.verdict, words))
    took = words.seconds(test.started_at, test.finished_at)
    when = element("p", " · ".join(filter(None, (words.time(test.started_at), took))), class_="muted")
    note = element("p", f"{words('note')}: {test.note}", class_="note") if test.note else join()
    groups = (_group(test, origin, verdict, words) for origin, verdict in _origins(test))
    return element("article", head, when, note, groups, class_="card", id=f"test-{test.number}")


def _origins(test: TestResult) -> tuple[tuple[str, Verdict], ...]:
    if test.title is not None:
        return (("scenario", test.verdict),)
    return (("document", test.verdict), ("beyond", test.beyond))


def _group(test: TestResult, origin: str, verdict: Verdict, words: Words) -> Markup:
    answers = [answer for answer in test.answers if point_of(answer).origin == origin]
    if not answers:
        return join()
    head = element("h4", words(origin), badge(verdict, words))
    return element("section", head, (_answer(answer, words) for answer in answers), class_="group")


def _answer(answer: Answer, words: Words) -> Markup:
    decided = words.of(answer.evidence[0]) if answer.evidence else words("no_evidence")
    summary = element(
        "summary",
        badge(answer.verdict, words),
        element(
            "span",
            element("span", words.point(answer), class_="question"),
            element("span", decided, class_="decided"),
            class_="lines",
        ),
    )
    by = element("p", f"{words('judged_by')}: {answer.answered_by}") if answer.answered_by else join()
    body = element(
        "div",
        element("code", answer.checkpoint, class_="id"),
        by,
        element("ol", (_evidence(entry, words) for entry in answer.evidence), class_="evidence"),
        class_="body",
    )
    # What needs looking at is open from the start.
    return element("details", summary, body, class_="point", open=answer.verdict in ("fail", "not_run"))


def _evidence(evidence: Evidence, words: Words) -> Markup:
    stands = " · ".join(filter(None, (words.clock(evidence.at), place(evidence))))
    figures = element(
        "span",
        (
            element("span", f"{name} = {_shown(value)}", class_="figure")
            for name, value in evidence.data.items()
        ),
        class_="data",
    )
    return element(
        "li",
        element("span", words.choose(EVIDENCE_KINDS[evidence.kind]), class_="tag"),
        element("span", words.of(evidence)),
        element("span", stands, class_="time"),
        figures if evidence.data else join(),
    )


def _shown(value: object) -> str:
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
