"""An acceptance run as text: its progress line by line, and its result."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import click

from acceptance.checkpoints import CONDITIONS, REMINDERS, TESTS, checkpoint
from acceptance.progress import (
    CleanedUp,
    Doing,
    ProgressEvent,
    RunFinished,
    RunStarted,
    TestFinished,
    TestStarted,
)
from acceptance.results import Answer, RunResult, TestResult, Verdict
from api_client.harmless import one_line
from tui.i18n import _
from tui.wording.cells import cells
from tui.wording.verdicts import VERDICTS, question_words, verdict_word, words

_COLOURS: dict[Verdict, str] = {"pass": "green", "fail": "red", "not_run": "yellow", "not_applicable": "cyan"}

Echo = Callable[[str], object]


class RunPrinter:
    """Prints a run in progress: steps through ``progress``, each test's verdicts through ``result``.

    The two never repeat each other, so they can share a terminal or a log.
    """

    def __init__(self, progress: Echo, result: Echo) -> None:
        self._progress = progress
        self._result = result
        self._printed: set[int] = set()

    def __call__(self, event: ProgressEvent) -> None:
        """Print ``event``, if there is anything to print."""
        match event:
            case RunStarted():
                self._progress(_("This will be done on {server}:").format(server=one_line(event.server_url)))
                for step in event.plan:
                    self._progress(f"  - {words(step)}")
            case TestStarted():
                title = next(test for test in TESTS if test.number == event.test)
                self._progress(_("Running test {n}: {title}").format(n=event.test, title=words(title)))
            case Doing():
                self._progress(f"  ... {words(event)}")
            case TestFinished():
                self._print_test(event.result)
            case CleanedUp():
                self._print_clean_up(event)
            case RunFinished():
                for test in event.result.tests:
                    if test.number in event.result.selected and test.number not in self._printed:
                        self._print_test(test)
                for line in conclusion_lines(event.result):
                    self._result(line)

    def _print_test(self, test: TestResult) -> None:
        self._printed.add(test.number)
        for line in _test_lines(test):
            self._result(line)

    def _print_clean_up(self, event: CleanedUp) -> None:
        self._progress(_("All connections are closed."))
        if event.session_ids:
            self._progress(
                _("Sessions started: {ids}").format(ids=", ".join(map(one_line, event.session_ids)))
            )
        for session_id, mode in zip(event.session_ids, event.realtime_mode, strict=True):
            if mode is True:
                sentence = _("The server still reports realtime_mode true for session {id}.")
                self._progress(sentence.format(id=one_line(session_id)))


def answer_line(answer: Answer) -> str:
    """Verdict, checkpoint and deciding evidence on one line; for a failure, all the evidence."""
    shown = answer.evidence if answer.verdict == "fail" else answer.evidence[:1]
    line = _question(answer)
    return f"{line} [{'; '.join(map(words, shown))}]" if shown else line


def _question(answer: Answer) -> str:
    return f"{_column(answer.verdict)}  {question_words(answer)}"


def result_lines(result: RunResult) -> Iterator[str]:
    """The whole result: test by test, then the conclusion."""
    for test in result.tests:
        if test.number in result.selected:
            yield from _test_lines(test)
    yield from conclusion_lines(result)


def conclusion_lines(result: RunResult) -> Iterator[str]:
    """The success conditions, what did not pass, the verdicts."""
    for level, title in (
        ("minimum", _("Minimum success conditions")),
        ("ideal", _("Ideal success conditions")),
    ):
        yield title
        for condition, met in zip(CONDITIONS, result.conditions, strict=True):
            if condition.level == level:
                yield f"  {_column(met.verdict)}  {words(condition)}"
    yield ""
    wanted = ("fail",) if result.aborted else ("fail", "not_run")
    if open_points := [answer for answer in _answers(result) if answer.verdict in wanted]:
        yield _("What did not pass")
        for answer in open_points:
            known = answer.verdict == "fail"
            yield f"  {answer_line(answer) if known else _question(answer)}"
        yield ""
    if result.aborted:
        yield _("The run was aborted before it finished.")
    yield _("Minimum: {minimum}   Ideal: {ideal}").format(
        minimum=coloured(result.minimum), ideal=coloured(result.ideal)
    )
    yield _("The document's checkpoints: {document}   Beyond the document: {beyond}").format(
        document=coloured(result.document), beyond=coloured(result.beyond)
    )
    yield from map(words, REMINDERS)


def _answers(result: RunResult) -> Iterator[Answer]:
    for test in result.tests:
        if test.number in result.selected:
            yield from test.answers


def _test_lines(test: TestResult) -> Iterator[str]:
    title = next(entry for entry in TESTS if entry.number == test.number)
    yield _("Test {n}: {title}").format(n=test.number, title=words(title)) + f"  {coloured(test.verdict)}"
    beyond = [answer for answer in test.answers if checkpoint(answer.checkpoint).origin == "beyond"]
    for answer in test.answers:
        if answer not in beyond:
            yield f"  {answer_line(answer)}"
    if beyond:
        yield "  " + _("Beyond the document:") + f" {coloured(test.beyond)}"
        for answer in beyond:
            yield f"    {answer_line(answer)}"
    yield ""


def coloured(verdict: Verdict) -> str:
    """The verdict as a word; click strips the colour if the output is not a terminal."""
    word = verdict_word(verdict)
    return word if os.environ.get("NO_COLOR") else click.style(word, fg=_COLOURS[verdict])


def _column(verdict: Verdict) -> str:
    """The same, as wide as the widest verdict."""
    widest = max(cells(verdict_word(other)) for other in VERDICTS)
    return coloured(verdict) + " " * (widest - cells(verdict_word(verdict)))
