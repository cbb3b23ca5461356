"""Scenarios on screen: their tree, and the details of what is selected."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from textual import getters, on
from textual.app import ComposeResult
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.widgets import Static, Tree

from scenarios.runner import checkpoints_of
from tui.acceptance.mark_tree import MarkTree
from tui.acceptance.moment import moment_of
from tui.actions import KeyNames
from tui.i18n import _
from tui.scenarios.actions import MOMENT
from tui.scenarios.board import ScenarioBoard
from tui.scenarios.words import expectation_page, overview, scenario_page
from tui.wording.verdicts import words

ROOT = "scenarios"
"""Key of the first node; the others are ``scenario:NAME`` and the ids of the expectations."""
_SCENARIO = "scenario:"


class ScenarioTree(MarkTree):
    """The scenarios and what is expected of each."""

    def __init__(self, board: ScenarioBoard, id: str | None = None) -> None:
        super().__init__(_("Scenarios"), ROOT, id=id)
        self._board = board

    def on_mount(self) -> None:
        self.root.expand()
        for scenario in self._board.scenarios:
            title = words(scenario.title)
            branch = self.add_marked(
                self.root,
                _SCENARIO + scenario.name,
                title,
                leaf=False,
                opened=scenario.name in self._board.names.values(),
            )
            for id_, question in checkpoints_of(scenario).items():
                self.add_marked(branch, id_, words(question), leaf=True)

    def show(self, board: ScenarioBoard) -> None:
        """Repaint the changed marks."""
        self._board = board
        names = [one.name for one in board.scenarios]
        ids = [id_ for one in board.scenarios for id_ in checkpoints_of(one)]
        self.show_marks(
            {
                **{_SCENARIO + name: board.scenario_mark(name) for name in names},
                **{id_: board.mark(id_) for id_ in ids},
            }
        )

    def bring_up(self, name: str) -> None:
        """Scroll a scenario into view, without moving the cursor."""
        self.bring_up_node(_SCENARIO + name)

    @property
    def chosen_scenario(self) -> str | None:
        """Name of the scenario under the cursor; None on the first line."""
        key = self.chosen
        if key.startswith(_SCENARIO):
            return key.removeprefix(_SCENARIO)
        return next((one.name for one in self._board.scenarios if key in checkpoints_of(one)), None)


class ScenarioPanel(Container):
    """Paints a board; knows nothing of the run itself."""

    tree_of = getters.query_one("#scenarios", ScenarioTree)

    def __init__(
        self,
        board: ScenarioBoard,
        mistakes: Sequence[str],
        own: Path,
        server_url: str,
        keys: KeyNames,
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        self._board = board
        self._mistakes = tuple(mistakes)
        self._own = own
        self._server_url = server_url
        self._keys = keys
        self._page: Content | None = None

    def compose(self) -> ComposeResult:
        yield ScenarioTree(self._board, id="scenarios")
        with VerticalScroll(id="evidence"):
            yield Static(id="page")

    def show(self, board: ScenarioBoard) -> None:
        """Paint what has changed."""
        self._board = board
        self.tree_of.show(board)
        self._show_page()

    @on(Tree.NodeHighlighted)
    def _show_page(self) -> None:
        page = self._page_of(self.tree_of.chosen)
        if page != self._page:
            self._page = page
            self.query_one("#page", Static).update(page)

    def _page_of(self, key: str) -> Content:
        name = self.tree_of.chosen_scenario
        if name is None:
            return overview(self._board, self._mistakes, self._own, self._server_url, self._keys)
        if key.startswith(_SCENARIO):
            return scenario_page(self._board, self._board.scenario(name))
        recorded = moment_of(self._board.results.get(name), key) is not None
        return expectation_page(self._board, key, self._keys.first(MOMENT) if recorded else None)
