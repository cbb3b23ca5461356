"""The footer: the actions available now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.cells import cell_len
from textual.containers import Horizontal
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from tui.actions import HELP


@dataclass(frozen=True, slots=True)
class Entry:
    """One action: its key, as pressed and as shown, and the footer's word for it."""

    action: str
    key: str
    shown_key: str
    label: str
    enabled: bool
    tooltip: str

    @property
    def cells(self) -> int:
        """Its width."""
        return cell_len(self.shown_key) + cell_len(self.label) + 3


def fitting(entries: Sequence[Entry], width: int) -> list[Entry]:
    """The entries that fit, from the left, always including help, which lists the rest."""
    if sum(entry.cells for entry in entries) <= width:
        return list(entries)
    last = [entry for entry in entries if entry.action == HELP.name]
    room = width - sum(entry.cells for entry in last)
    found: list[Entry] = []
    for entry in entries:
        room -= entry.cells
        if room < 0:
            break
        if entry not in last:
            found.append(entry)
    return [*found, *last]


class FooterEntry(Static):
    """Shows one action; a click presses its key."""

    ALLOW_SELECT = False

    def __init__(self) -> None:
        super().__init__()
        self._entry: Entry | None = None

    def show(self, entry: Entry | None) -> None:
        """Paint ``entry`` if it changed; None: nothing."""
        if entry == self._entry:
            return
        self._entry = entry
        self.display = entry is not None
        if entry is not None:
            self.set_class(not entry.enabled, "-disabled")
            self.tooltip = entry.tooltip or None
            # Said, not measured: an automatic width is now and then that of the entry shown before.
            self.styles.width = entry.cells
            key = (f" {entry.shown_key} ", "bold $footer-key-foreground")
            self.update(Content.assemble(key, (f"{entry.label} ", "$footer-description-foreground")))

    def on_click(self) -> None:
        if self._entry is not None and self._entry.enabled:
            self.app.simulate_key(self._entry.key)


class ActionFooter(Horizontal):
    """Keeps its entries and changes them in place.

    Textual's own footer mounts new ones at every refresh of the bindings, several in a second of a conversation, and
    those removed stay alive in the setters that ``data_bind`` leaves behind.
    """

    ALLOW_SELECT = False

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._bindings_updated)

    def on_resize(self) -> None:
        self.show()

    def _bindings_updated(self, screen: Screen[Any]) -> None:
        if self.is_attached and screen is self.screen:
            self.call_after_refresh(self.show)

    def show(self) -> None:
        """Bring the entries in line with the screen's bindings."""
        if not self.is_attached:
            return  # asked for just before the screen was left
        entries = fitting(self._entries(), self.size.width)
        shown = list(self.query(FooterEntry))
        fresh = [FooterEntry() for _ in entries[len(shown) :]]
        if fresh:
            self.mount(*fresh)
        for place, widget in enumerate((*shown, *fresh)):
            widget.show(entries[place] if place < len(entries) else None)

    def _entries(self) -> list[Entry]:
        """One per action, with the first of its keys."""
        found: dict[str, Entry] = {}
        for _node, binding, enabled, tooltip in self.screen.active_bindings.values():
            if binding.show and binding.action not in found:
                shown_key = self.app.get_key_display(binding)
                found[binding.action] = Entry(
                    binding.action, binding.key, shown_key, binding.description, enabled, tooltip
                )
        return list(found.values())
