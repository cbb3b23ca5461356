"""A check box that shows its state in signs, not only in colour."""

from __future__ import annotations

from textual.widgets import Checkbox


class Tick(Checkbox):
    """``[x]`` or ``[ ]``. Textual's shows an X in both states, in another colour."""

    BUTTON_LEFT = ""
    BUTTON_RIGHT = ""

    @property
    def BUTTON_INNER(self) -> str:  # type: ignore[override]  # noqa: N802  (Textual's name)
        """The box as it is now."""
        return "[x]" if self.value else "[ ]"
