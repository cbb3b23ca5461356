"""Lines of styled text; of those shown anew, only what has changed is written to the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.geometry import Region
from textual.widget import Widget

from tui.conversation.instruments.signals import Line


class LinesView(Widget):
    """Paints lines as they are; what is too long is cut."""

    DEFAULT_CSS = "LinesView { height: auto; text-wrap: nowrap; }"

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._lines: list[Line] = []

    @property
    def plain_text(self) -> str:
        """What is shown, without styles."""
        return "\n".join("".join(text for text, _style in line) for line in self._lines)

    def render(self) -> Content:
        """All lines."""
        return Content("\n").join(Content.assemble(*line) for line in self._lines)

    def show(self, lines: Sequence[Line]) -> None:
        """Paint the lines that differ."""
        before, self._lines = self._lines, list(lines)
        if len(before) != len(self._lines):
            self.refresh(layout=True)
            return
        changed = [row for row, (old, new) in enumerate(zip(before, self._lines, strict=True)) if old != new]
        if changed:
            self.refresh(*(Region(0, row, self.size.width, 1) for row in changed))
