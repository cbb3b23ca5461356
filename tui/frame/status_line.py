"""The line at the top of every screen: server, user and connection state."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static

from tui.status import Status, parts
from tui.tones import STYLES


class StatusLine(Static):
    """Follows the app's ``status`` while its screen is the uppermost but for dialogs.

    Textual hands on what a screen below repaints, even where the one above covers all of it.
    """

    ALLOW_SELECT = False

    def on_mount(self) -> None:
        self.watch(self.app, "status", self.show)

    def show(self, status: Status) -> None:
        """Paint ``status``, if anybody can see it."""
        uppermost = next((screen for screen in reversed(self.app.screen_stack) if not screen.is_modal), None)
        if uppermost is not self.screen:
            return
        pieces: list[tuple[str, str]] = [(" SalesMind ", "bold $primary")]
        for text, tone in parts(status):
            pieces += [("  ", ""), (text, STYLES[tone])]
        self.update(Content.assemble(*pieces), layout=False)
