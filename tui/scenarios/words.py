"""Scenarios on screen, in words: what one does, and how a run ended."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from textual.content import Content

from acceptance.results import Answer, RunResult
from scenarios.model import Scenario
from scenarios.runner import checkpoints_of
from scenarios.words import explained
from tui.acceptance.words import answer_page, marked
from tui.actions import KeyNames
from tui.i18n import _
from tui.scenarios.actions import RUN_ALL, RUN_ONE
from tui.scenarios.board import ScenarioBoard
from tui.wording.verdicts import words


def overview(
    board: ScenarioBoard, mistakes: Sequence[str], own: Path, server_url: str, keys: KeyNames
) -> Content:
    """What can be done, where one's own scenarios go, and what is wrong with their files."""

    def press(names: str, what: str) -> Content:
        return Content.assemble((_("Press {keys}").format(keys=names), "bold $accent"), what)

    lines = [
        press(keys.all(RUN_ONE), _(" to run the selected scenario,")),
        press(keys.all(RUN_ALL), _(" to run them all.")),
        Content(""),
        Content(_("Each holds a conversation of its own on {server}.").format(server=server_url)),
        Content(_("Your own scenarios go into the folder {folder}.").format(folder=own)),
    ]
    if mistakes:
        lines += [Content(""), Content.styled(_("These files cannot be run:"), "bold $error")]
        lines += [Content(mistake) for mistake in mistakes]
    if board.result is not None:
        lines += [Content(""), *_outcomes(board.result)]
    return Content("\n").join(lines)


def _outcomes(result: RunResult) -> list[Content]:
    run = result.scenarios
    if run is None:
        return []
    lines = [Content.styled(_("Figures of the last run"), "bold $primary")]
    for figure in run.figures:
        if figure.value is not None:
            value = f"{figure.value:g} {figure.unit}".rstrip()
            lines.append(Content(f"{figure.name}: {value} (n={figure.n})"))
    return lines


def scenario_page(board: ScenarioBoard, scenario: Scenario) -> Content:
    """A scenario: its verdict, and what it does, step by step."""
    head, *rest = explained(scenario)
    lines = [
        Content.styled(words(head.words), "bold"),
        Content.assemble(marked(board.scenario_mark(scenario.name))),
        Content(""),
    ]
    for line in rest:
        text = words(line.words)
        lines.append(Content.styled(f"  {text}", "$dim") if line.expected else Content(text))
    return Content("\n").join([*lines, Content(""), Content.styled(str(scenario.path), "$dim")])


def expectation_page(board: ScenarioBoard, id_: str, replay_key: str | None) -> Content:
    """An expectation: the answer, and what decided it."""
    question = next(found[id_] for one in board.scenarios if id_ in (found := checkpoints_of(one)))
    answer = board.answers.get(id_, Answer(checkpoint=id_))
    return answer_page(words(question), answer, board.mark(id_), replay_key=replay_key)


def ending_words(result: RunResult) -> str:
    """How a run ended."""
    if result.aborted:
        return _("The run was aborted. The results so far are shown and saved.")
    run = result.scenarios
    outcomes = () if run is None else run.scenarios
    passed = sum(one.passed == one.runs for one in outcomes)
    return _("Run finished: {passed} of {n} scenarios passed.").format(passed=passed, n=len(outcomes))
