"""An acceptance run on screen: the tree of checkpoints left, what belongs to the chosen one right."""

from __future__ import annotations

from typing import ClassVar

from textual import getters, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Static, Tree

from acceptance.checkpoints import checkpoint
from tui.acceptance.board import Board
from tui.acceptance.check_tree import ROOT, CheckTree
from tui.acceptance.words import evidence_page, overview, test_page, verdict_line
from tui.frame.action_footer import ActionFooter
from tui.frame.screen import ConsoleScreen
from tui.frame.status_line import StatusLine
from tui.i18n import _
from tui.status import at_account
from tui.tones import STYLES, News


class AcceptanceView(ConsoleScreen[None]):
    """Paints ``board`` and ``notes``; what changes them is in ``acceptance``."""

    FOOTER_HIDES: ClassVar[frozenset[str]] = frozenset({"app.quit", "app.palette"})
    CSS_PATH = "screen.tcss"
    AUTO_FOCUS = "#tests"

    tree_view = getters.query_one("#tests", CheckTree)

    class Told(Message):
        """A background job has something to say."""

        def __init__(self, news: News, *, toast: bool = False) -> None:
            super().__init__()
            self.news = news
            self.toast = toast

    def __init__(self) -> None:
        super().__init__()
        self.board = Board()
        self.notes: dict[int, str] = {}
        """The operator's notes (備考) by number of the test."""
        self._page: Content | None = None

    def compose(self) -> ComposeResult:
        """The tree left, the evidence right, the verdicts and one sentence below."""
        yield StatusLine()
        with Horizontal(id="both"):
            with Vertical(id="left"):
                yield CheckTree(id="tests")
                yield Static(_("* beyond the document, judged apart"), id="legend", markup=False)
            with VerticalScroll(id="evidence"):
                yield Static(id="page")
        yield Static(id="verdicts")
        yield Static(id="news")
        yield ActionFooter()

    def on_screen_resume(self) -> None:
        """The status line had a conversation's facts while one was watched."""
        self.console_app.status = at_account(self.console_app.account)

    def paint(self) -> None:
        self.tree_view.show(self.board)
        self.paint_page()
        self.query_one("#verdicts", Static).update(verdict_line(self.board))

    @on(Tree.NodeHighlighted)
    def paint_page(self) -> None:
        """What belongs to the node under the cursor."""
        key = self.tree_view.chosen
        number = self.tree_view.chosen_test
        if key == ROOT or number is None:
            account = self.console_app.account
            page = overview(self.board, account.server_url if account else "", self.console_app.key_names)
        elif key.startswith("test:"):
            page = test_page(self.board, number, self.notes.get(number, ""))
        else:
            page = evidence_page(self.board, checkpoint(key))
        if page != self._page:
            self._page = page
            self.query_one("#page", Static).update(page)

    def say_news(self, news: News) -> None:
        """One sentence below."""
        self.query_one("#news", Static).update(Content.styled(news.words, STYLES[news.tone]))

    @on(Told)
    def _told(self, message: Told) -> None:
        self.say_news(message.news)
        if message.toast:
            self.notify(message.news.words, timeout=10, markup=False)
