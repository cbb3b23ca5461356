"""The event log: filtered as it grows, paused on request, copied whole.

A line that only repeats the previous one (``EventLine.twin``) is kept, and shown when a filter matches it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import replace

from textual.widgets import Log

from tui.conversation.instruments.event_lines import EventLine

KEPT_LINES = 5_000


class EventLog(Log):
    """``Log`` rather than ``RichLog``: its text can be selected."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id, max_lines=KEPT_LINES, highlight=False, auto_scroll=False)
        self._following = True
        self._all: deque[EventLine] = deque(maxlen=KEPT_LINES)
        self._filter = ""
        self._frozen = False

    @property
    def following(self) -> bool:
        """Whether new lines are scrolled into view: until the operator scrolls back, and again at the end."""
        return self._following

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Scrolling back stops following; new lines or a resize do not."""
        super().watch_scroll_y(old_value, new_value)
        if new_value >= self.max_scroll_y:
            self._following = True
        elif new_value < old_value:
            self._following = False

    def on_resize(self) -> None:
        self._keep_up()

    def _keep_up(self) -> None:
        if self._following:
            self.scroll_end(animate=False, immediate=True, x_axis=False)

    @property
    def filter_text(self) -> str:
        """The words a line must contain to be shown; case-insensitive."""
        return self._filter

    @property
    def matching(self) -> list[str]:
        """Every kept line that passes the filter, oldest first."""
        return [line.text for line in self._all if self._passes(line)]

    @property
    def kept(self) -> list[EventLine]:
        """Every kept line, oldest first."""
        return list(self._all)

    def add(self, lines: Iterable[EventLine]) -> None:
        """Add lines; they are painted together, unless the log is paused."""
        fresh = [replace(line, text=line.text.replace("\n", " ")) for line in lines]
        self._all.extend(fresh)
        passing = [line.text for line in fresh if self._passes(line)]
        if passing and not self._frozen:
            self.write_lines(passing)
            self._keep_up()

    def empty(self) -> None:
        """Clear all lines; the filter stays."""
        self._all.clear()
        self.clear()

    def set_filter(self, text: str) -> None:
        """Show only lines that contain every word of ``text``."""
        if text != self._filter:
            self._filter = text
            self._rewrite()

    def freeze(self, on: bool) -> None:
        """Pause the view (lines are kept, not painted), or catch up."""
        if on != self._frozen:
            self._frozen = on
            if not on:
                self._rewrite()

    def _passes(self, line: EventLine) -> bool:
        if not self._filter.strip():
            return not line.twin
        low = line.text.lower()
        return all(word in low for word in self._filter.lower().split())

    def _rewrite(self) -> None:
        self.clear()
        self.write_lines(self.matching)
        self._following = True
        self._keep_up()
