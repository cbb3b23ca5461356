"""The four tests as a tree of checkpoints, each with its mark."""

from __future__ import annotations

from collections.abc import Mapping

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text
from textual.widgets import Tree
from textual.widgets.tree import TreeNode

from acceptance.checkpoints import CHECKPOINTS, TESTS
from tui.acceptance.board import Board, Mark
from tui.acceptance.words import TONES, mark_word
from tui.i18n import _
from tui.tones import Tone
from tui.wording.verdicts import words

ROOT = "run"
"""Key of the first node; the others are ``test:N`` and the ids of the checkpoints."""
_VARIABLES: dict[Tone, str] = {"good": "success", "bad": "error", "warn": "warning", "dim": "dim"}


class CheckTree(Tree[str]):
    """Follows the boards given to ``show``; the cursor stays where the operator put it.

    No guide lines and no triangles: their width is ambiguous on Japanese terminals.
    """

    ICON_NODE = "+ "
    ICON_NODE_EXPANDED = "- "

    def __init__(self, id: str | None = None) -> None:
        super().__init__(_("Acceptance procedure"), ROOT, id=id)
        self.show_guides = False
        self.guide_depth = 2
        self._marks: dict[str, Mark] = {}
        self._by_key: dict[str, TreeNode[str]] = {}
        self._mark_width = max(cell_len(mark_word(mark)) for mark in TONES) + 2

    def on_mount(self) -> None:
        self.root.expand()
        for test in TESTS:
            title = _("Test {n}: {title}").format(n=test.number, title=words(test))
            branch = self._add(self.root, f"test:{test.number}", title, leaf=False)
            for point in CHECKPOINTS:
                if point.test == test.number:
                    beyond = point.origin == "beyond"
                    self._add(branch, point.id, ("* " if beyond else "") + words(point), leaf=True)

    def _add(self, parent: TreeNode[str], key: str, label: str, *, leaf: bool) -> TreeNode[str]:
        self._marks[key] = "not_run"
        node = parent.add(label, key, expand=not leaf, allow_expand=not leaf)
        self._by_key[key] = node
        return node

    @property
    def chosen(self) -> str:
        """Key of the node under the cursor."""
        node = self.cursor_node
        return ROOT if node is None or node.data is None else node.data

    @property
    def chosen_test(self) -> int | None:
        """Number of the test under the cursor; None on the first line."""
        return test_of(self.chosen)

    def show(self, board: Board) -> None:
        """Repaint the changed marks."""
        marks: Mapping[str, Mark] = {
            **{f"test:{test.number}": board.test_mark(test.number) for test in TESTS},
            **{point.id: board.mark(point.id) for point in CHECKPOINTS},
        }
        for key, mark in marks.items():
            if mark != self._marks[key]:
                self._marks[key] = mark
                self._by_key[key].set_label(self._by_key[key].label)

    def bring_up(self, number: int) -> None:
        """Scroll a test into view, without moving the cursor."""
        self.scroll_to(y=self._by_key[f"test:{number}"].line, animate=False)

    def choose(self, key: str) -> None:
        """Put the cursor on a node."""
        self.move_cursor(self._by_key[key])

    def render_label(self, node: TreeNode[str], base_style: Style, style: Style) -> Text:
        """The coloured mark in its own column, then the text."""
        mark = self._marks.get(node.data or "")
        icon = (self.ICON_NODE_EXPANDED if node.is_expanded else self.ICON_NODE) if node.allow_expand else ""
        text = Text(icon, style=style)
        if mark is not None:
            word = mark_word(mark)
            padding = " " * (self._mark_width - cell_len(word) - cell_len(icon) + (2 if icon else 0))
            text.append(word, style=style + self._colour(mark) if node is not self.cursor_node else style)
            text.append(padding, style=style)
        text.append_text(Text(str(node.label), style=style))
        return text

    def _colour(self, mark: Mark) -> Style:
        variable = _VARIABLES.get(TONES[mark])
        return Style(color=self.app.theme_variables[variable] if variable else None, bold=mark == "fail")


def test_of(key: str) -> int | None:
    """Number of the test that a key of the tree belongs to; None for the first node."""
    if key == ROOT:
        return None
    return int(key.removeprefix("test:")) if key.startswith("test:") else int(key[1])
