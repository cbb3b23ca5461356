"""What the person at the screen may do: everything, or what whoever opened the console allows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.actions import Action

_OF_TEXTUAL = frozenset({"focus_next", "focus_previous", "copy_text", "minimize", "help_quit"})
"""What Textual binds on every screen, beside the keys of a widget; harmless."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """Asked by the app before it runs an action, and by whatever lists actions."""

    ids: frozenset[str] | None = None
    """Ids of the actions there are; None: all of them."""
    machine: bool = True
    """To choose among this machine's devices and files, and to read its paths and addresses."""

    def has(self, action: Action) -> bool:
        """Whether ``action`` may be seen and run."""
        return self.ids is None or action.id in self.ids

    def runs(self, name: str, actions: Iterable[Action]) -> bool:
        """Whether the method ``action_<name>`` of an owner of ``actions`` may be run."""
        if self.ids is None or name in _OF_TEXTUAL:
            return True
        return any(action.name == name and self.has(action) for action in actions)


EVERYTHING = Allowed()
