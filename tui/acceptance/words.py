"""An acceptance run in words: coloured marks, and the page beside the tree."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from textual.content import Content

from acceptance.checkpoints import CONDITIONS, TESTS, Checkpoint
from acceptance.comparison import Comparison
from acceptance.progress import PlanStep
from acceptance.results import Answer, Evidence
from tui.acceptance.actions import RUN_ALL
from tui.acceptance.board import Board, Mark
from tui.actions import KeyNames
from tui.i18n import N_, _
from tui.tones import STYLES, Tone
from tui.wording.figures import NOTHING
from tui.wording.verdicts import verdict_word, words

TONES: dict[Mark, Tone] = {
    "pass": "good",
    "fail": "bad",
    "not_run": "dim",
    "not_applicable": "dim",
    "running": "warn",
}
_KINDS = {
    "event": N_("event"),
    "request": N_("request"),
    "measurement": N_("measurement"),
    "operator": N_("operator"),
    "absence": N_("not received"),
}


def mark_word(mark: Mark) -> str:
    """The mark as a word in the current language."""
    return _("RUNNING") if mark == "running" else verdict_word(mark)


def marked(mark: Mark) -> tuple[str, str]:
    """The mark as a coloured piece of text."""
    return mark_word(mark), STYLES[TONES[mark]]


def verdict_line(board: Board) -> Content:
    """The four verdicts: the document's two levels, its checkpoints, and what goes beyond it."""
    pieces: list[tuple[str, str]] = []
    for name, mark in (
        (_("Minimum"), board.level("minimum")),
        (_("Ideal"), board.level("ideal")),
        (_("Document"), board.overall("document")),
        (_("Beyond"), board.overall("beyond")),
    ):
        pieces += [(f"{name} ", "$dim"), marked(mark), ("   ", "")]
    return Content.assemble(*pieces)


def overview(board: Board, server_url: str, keys: KeyNames) -> Content:
    """Before a run: what it will do. From then on also the success conditions."""
    if board.run_id is None:
        press = _("Press {keys}").format(keys=keys.all(RUN_ALL))
        lines = [Content.assemble((press, "bold $accent"), _(" to run all tests."))]
        title = _("This will be done on {server}:")
    else:
        lines = [*_conditions(board), *_left_behind(board)]
        title = _("What the run does on {server}:")
    lines += [Content(""), Content.styled(title.format(server=server_url), "bold")]
    return _joined([*lines, *(_step(step) for step in board.plan)])


def test_page(board: Board, number: int, note: str) -> Content:
    """A test: its verdicts, when it was run, the operator's note, what it does."""
    test = next(test for test in TESTS if test.number == number)
    result = board.tests.get(number)
    lines = [
        Content.styled(words(test), "bold"),
        Content.assemble((_("Document: "), "$dim"), marked(board.test_mark(number))),
        Content.assemble((_("Beyond the document: "), "$dim"), marked(board.verdict_of(number, "beyond"))),
        Content.assemble((_("Run at: "), "$dim"), _span(result.started_at, result.finished_at))
        if result is not None
        else Content.styled(_("Not run yet"), "$dim"),
        Content.assemble((_("Note: "), "$dim"), note or NOTHING),
        Content(""),
        *(_step(step) for step in board.plan if step.test == number),
    ]
    return _joined(lines)


def evidence_page(board: Board, point: Checkpoint, replay_key: str | None = None) -> Content:
    """A checkpoint: the question, the answer, and what decided it; ``replay_key`` replays its moment."""
    answer = board.answers.get(point.id, Answer(checkpoint=point.id))
    beyond = point.origin == "beyond"
    remark = _("Beyond the document; judged separately") if beyond else None
    return answer_page(words(point), answer, board.mark(point.id), remark=remark, replay_key=replay_key)


def answer_page(
    question: str, answer: Answer, mark: Mark, *, remark: str | None = None, replay_key: str | None = None
) -> Content:
    """A question, its answer, and what decided it."""
    lines = [Content.styled(question, "bold"), Content.assemble(marked(mark))]
    if remark is not None:
        lines.append(Content.styled(remark, "$dim"))
    if answer.answered_by is not None:
        lines.append(Content.assemble((_("Answered by: "), "$dim"), answer.answered_by))
    lines.append(Content(""))
    if not answer.evidence:
        waiting = _("Checking...") if mark == "running" else _("No evidence: not run yet.")
        lines.append(Content.styled(waiting, "$dim"))
    for number, evidence in enumerate(answer.evidence):
        title = _("Evidence:") if number == 0 else _("Other evidence:")
        if number < 2:
            lines.append(Content.styled(title, "bold $primary"))
        lines += _evidence(evidence)
    if replay_key is not None:
        offer = _("{key} replays this moment.").format(key=replay_key)
        lines += [Content(""), Content.styled(offer, "bold $accent")]
    return _joined([*lines, Content(""), Content.styled(answer.checkpoint, "$dim")])


def changes_words(comparison: Comparison | None) -> str:
    """How the run differs from the previous one; empty if there was none."""
    if comparison is None:
        return ""
    if not comparison.changes:
        return _("No change since the previous run.")
    better = sum(change.direction == "better" for change in comparison.changes)
    return _("Since the previous run: {better} better, {worse} worse.").format(
        better=better, worse=len(comparison.worse)
    )


def _evidence(evidence: Evidence) -> Sequence[Content]:
    where = [_time(evidence.at), _(_KINDS[evidence.kind])]
    if evidence.conversation is not None:
        where.append(
            evidence.conversation if evidence.t is None else f"{evidence.conversation} {evidence.t:.2f} s"
        )
    return (Content.styled(" ".join(where), "$dim"), Content(words(evidence)))


def _conditions(board: Board) -> Iterable[Content]:
    met = {result.id: result.verdict for result in board.conditions}
    for level, title in (
        ("minimum", _("Minimum success conditions")),
        ("ideal", _("Ideal success conditions")),
    ):
        yield Content.styled(title, "bold $primary")
        for condition in CONDITIONS:
            if condition.level == level:
                yield Content.assemble(marked(met[condition.id]), f"  {words(condition)}")


def _left_behind(board: Board) -> Iterable[Content]:
    end = board.cleaned_up
    if end is None:
        return
    yield Content("")
    yield Content.styled(_("Left on the server"), "bold $primary")
    for session_id, mode in zip(end.session_ids, end.realtime_mode, strict=True):
        value = {True: "true", False: "false", None: "?"}[mode]
        yield Content.assemble((f"{session_id}  ", "$dim"), f"realtime_mode={value}")


def _step(step: PlanStep) -> Content:
    head = _("Test {n}:").format(n=step.test) if step.test is not None else _("At the end:")
    # On lines of their own: Japanese has no spaces to break at, so beside the head the words would wrap badly.
    return Content.assemble((head, "$primary"), "\n", words(step))


def _joined(lines: Iterable[Content]) -> Content:
    return Content("\n").join(list(lines))


def _span(started_at: str | None, finished_at: str | None) -> str:
    return f"{_time(started_at)} - {_time(finished_at)}"


def _time(at: str | None) -> str:
    """Local time of day, to the millisecond."""
    if at is None:
        return NOTHING
    return datetime.fromisoformat(at).astimezone().strftime("%H:%M:%S.%f")[:-3]
