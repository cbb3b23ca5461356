"""A list of any length with a cursor: only the rows in view are made and painted."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.events import Click
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.visual import Visual

from tui.conversation.instruments.signals import Line, cut

MakeRow = Callable[[int, int], Line]
"""The row of an index, in at most so many cells."""

CURSOR = "$block-cursor-foreground on $block-cursor-background"
CURSOR_BLURRED = "$block-cursor-blurred-foreground on $block-cursor-blurred-background"


class RowsView(ScrollView, can_focus=True):
    """Follows the end while the cursor is on the last row."""

    DEFAULT_CSS = "RowsView { scrollbar-size: 1 1; overflow-x: hidden; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", show=False),
        Binding("down,j", "move(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("home", "first", show=False),
        Binding("end", "last", show=False),
    ]

    class Chosen(Message):
        """The row of ``index`` was chosen, by a click or by ``action_choose``."""

        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    def __init__(self, make_row: MakeRow, id: str | None = None) -> None:
        super().__init__(id=id)
        self._make_row = make_row
        self._count = 0
        self.cursor = 0
        self.following = True

    def show(self, count: int) -> None:
        """There are ``count`` rows now; those in view are made anew."""
        self._count = count
        self.virtual_size = Size(self.size.width, count)
        if self.following:
            self.cursor = max(0, count - 1)
        self.cursor = max(0, min(self.cursor, count - 1))
        self._into_view()
        self.refresh()

    def go(self, index: int) -> None:
        """Put the cursor on ``index``."""
        self.cursor = max(0, min(index, self._count - 1))
        self.following = self.cursor >= self._count - 1
        self._into_view()
        self.refresh()

    def _into_view(self) -> None:
        region = Region(0, self.cursor, max(1, self.size.width), 1)
        self.scroll_to_region(region, animate=False, force=True, immediate=True, x_axis=False)

    def on_resize(self) -> None:
        """More rows, or fewer, are in view."""
        self.show(self._count)

    def render_line(self, y: int) -> Strip:
        """One row of the view."""
        width = self.scrollable_content_region.width
        index = int(self.scroll_offset.y) + y
        if index >= self._count or not width:
            return Strip.blank(width, self.rich_style)
        pieces = cut(self._make_row(index, width), width)
        content = Content.assemble(*pieces)
        if index == self.cursor:
            # The first piece has the cursor's colour: the rest may be colours that say something.
            colour = CURSOR if self.has_focus else CURSOR_BLURRED
            content = content.pad_right(max(0, width - content.cell_length)).stylize_before("on $field")
            content = content.stylize(colour, 0, len(pieces[0][0]) if pieces else 0)
        strips = Visual.to_strips(self, content, width, 1, self.visual_style)
        return strips[0].crop_extend(0, width, self.rich_style)

    def on_click(self, event: Click) -> None:
        """The row under the mouse; a second click chooses it."""
        index = int(self.scroll_offset.y) + event.y
        if index < self._count:
            chosen = index == self.cursor
            self.go(index)
            if chosen:
                self.action_choose()

    def action_move(self, by: int) -> None:
        """Up or down."""
        self.go(self.cursor + by)

    def action_page(self, pages: int) -> None:
        """A page up or down."""
        self.go(self.cursor + pages * max(1, self.size.height - 1))

    def action_first(self) -> None:
        """To the first row."""
        self.go(0)

    def action_last(self) -> None:
        """To the last row; from there on the list follows."""
        self.go(self._count - 1)

    def action_choose(self) -> None:
        """Say which row it is."""
        if self._count:
            self.post_message(self.Chosen(self.cursor))
