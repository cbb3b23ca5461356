"""The four tests as a tree of checkpoints, each with its mark."""

from __future__ import annotations

from acceptance.checkpoints import CHECKPOINTS, TESTS
from tui.acceptance.board import Board
from tui.acceptance.mark_tree import MarkTree
from tui.i18n import _
from tui.wording.verdicts import words

ROOT = "run"
"""Key of the first node; the others are ``test:N`` and the ids of the checkpoints."""


class CheckTree(MarkTree):
    """Follows the boards given to ``show``."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(_("Acceptance procedure"), ROOT, id=id)

    def on_mount(self) -> None:
        self.root.expand()
        for test in TESTS:
            title = _("Test {n}: {title}").format(n=test.number, title=words(test))
            branch = self.add_marked(self.root, f"test:{test.number}", title, leaf=False)
            for point in CHECKPOINTS:
                if point.test == test.number:
                    beyond = point.origin == "beyond"
                    self.add_marked(branch, point.id, ("* " if beyond else "") + words(point), leaf=True)

    @property
    def chosen_test(self) -> int | None:
        """Number of the test under the cursor; None on the first line."""
        return test_of(self.chosen)

    def show(self, board: Board) -> None:
        """Repaint the changed marks."""
        self.show_marks(
            {
                **{f"test:{test.number}": board.test_mark(test.number) for test in TESTS},
                **{point.id: board.mark(point.id) for point in CHECKPOINTS},
            }
        )

    def bring_up(self, number: int) -> None:
        """Scroll a test into view, without moving the cursor."""
        self.bring_up_node(f"test:{number}")


def test_of(key: str) -> int | None:
    """Number of the test that a key of the tree belongs to; None for the first node."""
    if key == ROOT:
        return None
    return int(key.removeprefix("test:")) if key.startswith("test:") else int(key[1])
