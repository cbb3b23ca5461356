"""An acceptance run on screen: the tree of checkpoints, the details of the selected one, and the verdicts."""

from __future__ import annotations

from collections.abc import Mapping

from textual import getters, on
from textual.app import ComposeResult
from textual.containers import Container, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static, Tree

from acceptance.checkpoints import checkpoint
from tui.acceptance.actions import MOMENT
from tui.acceptance.board import Board
from tui.acceptance.check_tree import ROOT, CheckTree
from tui.acceptance.moment import moment_of
from tui.acceptance.words import evidence_page, overview, test_page, verdict_line
from tui.actions import KeyNames
from tui.i18n import _


class RunPanel(Vertical):
    """Paints a board and the operator's notes (備考, by number of the test); knows nothing of the run itself."""

    checks = getters.query_one("#tests", CheckTree)

    def __init__(self, server_url: str, keys: KeyNames, id: str | None = None) -> None:
        super().__init__(id=id)
        self._server_url = server_url
        self._keys = keys
        self._board = Board()
        self._notes: Mapping[int, str] = {}
        self._page: Content | None = None

    def compose(self) -> ComposeResult:
        with Container(id="both"):
            with Vertical(id="left"):
                yield CheckTree(id="tests")
                yield Static(_("* beyond the document, judged separately"), id="legend", markup=False)
            with VerticalScroll(id="evidence"):
                yield Static(id="page")
        yield Static(id="verdicts")

    def show(self, board: Board, notes: Mapping[int, str]) -> None:
        """Paint what has changed."""
        self._board, self._notes = board, notes
        self.checks.show(board)
        self._show_page()
        self.query_one("#verdicts", Static).update(verdict_line(board))

    @on(Tree.NodeHighlighted)
    def _show_page(self) -> None:
        page = self._page_of(self.checks.chosen)
        if page != self._page:
            self._page = page
            self.query_one("#page", Static).update(page)

    def _page_of(self, key: str) -> Content:
        number = self.checks.chosen_test
        if key == ROOT or number is None:
            return overview(self._board, self._server_url, self._keys)
        if key.startswith("test:"):
            return test_page(self._board, number, self._notes.get(number, ""))
        recorded = moment_of(self._board.result, key) is not None
        return evidence_page(self._board, checkpoint(key), self._keys.first(MOMENT) if recorded else None)
