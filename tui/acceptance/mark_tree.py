"""A tree whose nodes have a mark each: running, a verdict, or not run yet."""

from __future__ import annotations

from collections.abc import Mapping

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text
from textual.widgets import Tree
from textual.widgets.tree import TreeNode

from tui.acceptance.board import Mark
from tui.acceptance.words import TONES, mark_word
from tui.tones import Tone

_VARIABLES: dict[Tone, str] = {"good": "success", "bad": "error", "warn": "warning", "dim": "dim"}


class MarkTree(Tree[str]):
    """The marks are set by key; the cursor stays where the operator put it.

    No guide lines and no triangles: their width is ambiguous on Japanese terminals.
    """

    ICON_NODE = "+ "
    ICON_NODE_EXPANDED = "- "

    def __init__(self, title: str, key: str, id: str | None = None) -> None:
        super().__init__(title, key, id=id)
        self.show_guides = False
        self.guide_depth = 2
        self._root_key = key
        self._marks: dict[str, Mark] = {}
        self._by_key: dict[str, TreeNode[str]] = {}
        self._mark_width = max(cell_len(mark_word(mark)) for mark in TONES) + 2

    def add_marked(
        self, parent: TreeNode[str], key: str, label: str, *, leaf: bool, opened: bool = True
    ) -> TreeNode[str]:
        """A node called ``key``. ``opened``: what is in it is shown."""
        self._marks[key] = "not_run"
        node = parent.add(label, key, expand=opened and not leaf, allow_expand=not leaf)
        self._by_key[key] = node
        return node

    @property
    def chosen(self) -> str:
        """Key of the node under the cursor."""
        node = self.cursor_node
        return self._root_key if node is None or node.data is None else node.data

    def show_marks(self, marks: Mapping[str, Mark]) -> None:
        """Repaint the changed marks."""
        for key, mark in marks.items():
            if mark != self._marks[key]:
                self._marks[key] = mark
                self._by_key[key].set_label(self._by_key[key].label)

    def bring_up_node(self, key: str) -> None:
        """Open a node and scroll it to the top, without moving the cursor."""
        self._by_key[key].expand()
        self.scroll_to(y=self._by_key[key].line, animate=False)

    def choose(self, key: str) -> None:
        """Put the cursor on a node, and open what it is in."""
        node = self._by_key[key]
        if node.parent is not None:
            node.parent.expand()
        self.move_cursor(node)

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
