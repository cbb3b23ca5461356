"""The line at the top of every screen: where we are, as whom, and how it stands."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static

from tui.status import Status, parts
from tui.tones import STYLES


class StatusLine(Static):
    """Follows the app's ``status``."""

    ALLOW_SELECT = False

    def on_mount(self) -> None:
        """Begin to follow."""
        self.watch(self.app, "status", self._show)

    def _show(self, status: Status) -> None:
        pieces: list[tuple[str, str]] = [(" SalesMind ", "bold $primary")]
        for text, tone in parts(status):
            pieces += [("  ", ""), (text, STYLES[tone])]
        self.update(Content.assemble(*pieces), layout=False)
