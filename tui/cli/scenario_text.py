"""A run of scenarios as text: its progress line by line, and its result."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from acceptance.progress import (
    Answered,
    CleanedUp,
    Doing,
    ProgressEvent,
    RunFinished,
    RunStarted,
    TestFinished,
)
from acceptance.results import Figure, RunResult, ScenarioOutcome, ScenarioRun, TestResult
from api_client.harmless import one_line
from tui.cli.check_text import answer_line, coloured
from tui.i18n import _
from tui.wording.verdicts import words

Echo = Callable[[str], object]


class ScenarioPrinter:
    """Prints a run in progress: steps and answers through ``progress``, verdicts through ``result``.

    Where several conversations are held at once, each line says whose it is.
    """

    def __init__(self, progress: Echo, result: Echo) -> None:
        self._progress = progress
        self._result = result
        self._several = False

    def __call__(self, event: ProgressEvent) -> None:
        """Print ``event``, if there is anything to print."""
        match event:
            case RunStarted():
                self._several = len(event.tests) > 1
                sentence = _("{n} conversations on {server}:")
                self._progress(sentence.format(n=len(event.tests), server=one_line(event.server_url)))
            case Doing():
                self._progress(f"{self._mark(event.test)}... {words(event)}")
            case Answered(answer=answer, test=test) if answer.verdict != "not_run":
                self._progress(f"{self._mark(test)}  {answer_line(answer)}")
            case TestFinished():
                self._progress(f"{self._mark(event.result.number)}{verdict_line(event.result)}")
            case CleanedUp():
                self._progress(_("All connections are closed."))
            case RunFinished():
                for line in result_lines(event.result):
                    self._result(line)
            case _:
                pass

    def _mark(self, test: int | None) -> str:
        return f"[{test}] " if self._several else ""


def verdict_line(test: TestResult) -> str:
    """The title of an attempt and its verdict."""
    title = "" if test.title is None else words(test.title)
    return f"{title}  {coloured(test.verdict)}"


def result_lines(result: RunResult) -> Iterator[str]:
    """The whole result: attempt by attempt, then how often each scenario passed, the figures and the verdict."""
    run = result.scenarios
    if run is None:
        return
    for test in result.tests:
        yield verdict_line(test)
        for answer in test.answers:
            yield f"  {answer_line(answer)}"
        yield ""
    yield from conclusion_lines(result, run)


def conclusion_lines(result: RunResult, run: ScenarioRun) -> Iterator[str]:
    """How many attempts passed, the figures, and the verdict over everything."""
    for outcome in run.scenarios:
        yield outcome_line(outcome)
    if run.figures:
        yield ""
        yield _("Figures")
        yield from (f"  {figure_line(figure)}" for figure in run.figures)
    yield ""
    if result.aborted:
        yield _("The run was aborted before it finished.")
    yield _("Scenarios: {verdict}").format(verdict=coloured(result.document))


def outcome_line(outcome: ScenarioOutcome) -> str:
    """``Barge-in: 2 of 3 passed, flaky``."""
    sentence = _("{title}: {passed} of {n} passed")
    line = sentence.format(title=words(outcome.title), passed=outcome.passed, n=outcome.runs)
    return line + ", " + _("flaky") if outcome.flaky else line


def figure_line(figure: Figure) -> str:
    """``response_latency_p50: 812 ms (n=6)``."""
    if figure.value is None:
        sentence = _("{name}: not judged, {needs} values are needed (n={n})")
        return sentence.format(name=figure.name, needs=figure.needs, n=figure.n)
    value = f"{figure.value:g} {figure.unit}".rstrip()
    return _("{name}: {value} (n={n})").format(name=figure.name, value=value, n=figure.n)
