"""The line at the bottom: what can be done now."""

from __future__ import annotations

from textual.widgets import Footer


class ActionFooter(Footer):
    """Textual's, made anew only when it would look different: it is asked to after every key and every poll."""

    def __init__(self) -> None:
        super().__init__(show_command_palette=False)
        self._entries: list[tuple[object, ...]] = []

    async def recompose(self) -> None:
        """Make the entries anew, if they have changed."""
        if not self.is_attached:
            return  # asked for just before the screen was left
        entries: list[tuple[object, ...]] = [
            (binding.key, binding.description, binding.action, enabled, tooltip)
            for _, binding, enabled, tooltip in self.screen.active_bindings.values()
            if binding.show
        ]
        if entries != self._entries:
            self._entries = entries
            await super().recompose()
