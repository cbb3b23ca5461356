"""An acceptance run for people: its progress, line by line, and its result as text."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from acceptance.checkpoints import CONDITIONS, TESTS, checkpoint
from acceptance.progress import Answered, CleanedUp, Doing, ProgressEvent, RunStarted, TestStarted
from acceptance.results import Answer, Evidence, RunResult, TestResult
from tui.i18n import _
from tui.verdict_words import verdict_word, words


class ProgressPrinter:
    """Says on standard error what is going to be done, what is being done and what came of it."""

    def __init__(self, echo: Callable[[str], object]) -> None:
        self._echo = echo

    def __call__(self, event: ProgressEvent) -> None:
        """Print what ``event`` brings, if anything."""
        match event:
            case RunStarted():
                self._echo(_("This will be done on {server}:").format(server=event.server_url))
                for step in event.plan:
                    self._echo(f"  - {words(step)}")
            case TestStarted():
                title = next(test for test in TESTS if test.number == event.test)
                self._echo(_("Test {n}: {title}").format(n=event.test, title=words(title)))
            case Doing():
                self._echo(f"  ... {words(event)}")
            case Answered():
                self._echo(f"  {answer_line(event.answer)}")
            case CleanedUp():
                sessions = ", ".join(event.session_ids)
                self._echo(_("All connections are closed. Sessions started: {ids}").format(ids=sessions))


def answer_line(answer: Answer) -> str:
    """Verdict, checkpoint and what decided, on one line."""
    line = f"{verdict_word(answer.verdict)}  {words(checkpoint(answer.checkpoint))}"
    return f"{line} [{_decided(answer.evidence[0])}]" if answer.evidence else line


def _decided(evidence: Evidence) -> str:
    return " ".join(words(evidence).split())


def result_lines(result: RunResult) -> Iterator[str]:
    """The whole result: test by test, the success conditions, the verdicts."""
    for test in result.tests:
        if test.number in result.selected:
            yield from _test_lines(test)
    for level, title in (
        ("minimum", _("Minimum success conditions")),
        ("ideal", _("Ideal success conditions")),
    ):
        yield title
        for condition, met in zip(CONDITIONS, result.conditions, strict=True):
            if condition.level == level:
                yield f"  {verdict_word(met.verdict)}  {words(condition)}"
    yield ""
    yield _("Minimum: {minimum}   Ideal: {ideal}").format(
        minimum=verdict_word(result.minimum), ideal=verdict_word(result.ideal)
    )
    yield _("The document's checkpoints: {document}   Beyond the document: {beyond}").format(
        document=verdict_word(result.document), beyond=verdict_word(result.beyond)
    )


def _test_lines(test: TestResult) -> Iterator[str]:
    title = next(entry for entry in TESTS if entry.number == test.number)
    yield _("Test {n}: {title}").format(n=test.number, title=words(title)) + f"  {verdict_word(test.verdict)}"
    beyond = [answer for answer in test.answers if checkpoint(answer.checkpoint).origin == "beyond"]
    for answer in test.answers:
        if answer not in beyond:
            yield f"  {answer_line(answer)}"
    if beyond:
        yield "  " + _("Beyond the document:") + f" {verdict_word(test.beyond)}"
        for answer in beyond:
            yield f"    {answer_line(answer)}"
    yield ""
