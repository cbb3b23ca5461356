"""What all screens share: a status line, a footer, and text in the operator's language."""

from __future__ import annotations

import dataclasses
from typing import ClassVar, TypeVar

from textual import getters
from textual.await_complete import AwaitComplete
from textual.binding import ActiveBinding
from textual.screen import ModalScreen, Screen
from textual.widgets import Input
from textual.worker import Worker

from tui.actions import Action
from tui.console_app import ConsoleApp
from tui.frame.field import takes_text
from tui.frame.status_line import StatusLine
from tui.i18n import _

Result = TypeVar("Result")


class ConsoleScreen(Screen[Result]):
    """A screen whose bindings are translated when they are shown."""

    ACTIONS: ClassVar[tuple[Action, ...]] = ()
    ABOUT: ClassVar[str] = ""
    """What the screen is for, in a sentence or two at the head of its help; marked with ``N_``."""
    FOOTER_HIDES: ClassVar[frozenset[str]] = frozenset()
    """Ids of app actions left out of this screen's footer; help and palette have them."""

    console_app = getters.app(ConsoleApp)

    def on_screen_resume(self) -> None:
        """Refresh the status line, which a covered screen does not update."""
        for line in self.query(StatusLine):
            line.show(self.console_app.status)

    async def retranslate(self) -> None:
        """Repaint all text in the current language. What was typed stays."""
        typed = {field.id: field.value for field in self.query(Input) if field.id}
        focused = self.focused.id if self.focused is not None else None
        await self.recompose()
        for field in self.query(Input):
            if field.id in typed:
                field.value = typed[field.id]
        if focused is not None:
            for widget in self.query(f"#{focused}"):
                widget.focus()

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Let the app log and report this screen's failed background job."""
        self.console_app.worker_changed(event)

    def action_label(self, action: Action) -> str:
        """The footer's word for ``action`` in the present state, not yet translated."""
        return action.label

    def action_shown(self, action: Action) -> bool:
        """Whether the footer has ``action`` in the present state."""
        return action.show

    def key_name(self, action: Action) -> str:
        """The first key of ``action`` that works now, for a sentence."""
        return self.console_app.key_names.first(action, typing=takes_text(self.focused))

    def dismiss(self, result: Result | None = None) -> AwaitComplete:
        """Dismiss once, and not before there is a screen: what sets it up would look for widgets in vain.

        A second quick key press would close the screen below.
        """
        if not self.is_mounted:
            self.call_later(self._dismissed, result)
            return AwaitComplete()
        return super().dismiss(result) if self.is_active else AwaitComplete()

    def _dismissed(self, result: Result | None) -> None:
        self.dismiss(result)

    @property
    def active_bindings(self) -> dict[str, ActiveBinding]:
        """Textual's, with label and tooltip in the current language, and without what is not allowed."""
        if not self.display:
            return {}  # it is being removed: whether an action is possible often depends on widgets that have gone
        own = {action.name: action for action in self.ACTIONS}
        allowed = self.console_app.ALLOWED
        return {
            key: self._worded(active, own)
            for key, active in super().active_bindings.items()
            if active.node is not self or allowed.runs(active.binding.action, self.ACTIONS)
        }

    def _worded(self, active: ActiveBinding, own: dict[str, Action]) -> ActiveBinding:
        binding = active.binding
        if binding.id is None:
            return active
        action = own.get(binding.action) if active.node is self else None
        label = self.action_label(action) if action else binding.description
        shown = self.action_shown(action) if action else binding.show
        shown = shown and binding.id not in self.FOOTER_HIDES
        binding = dataclasses.replace(binding, description=_(label), tooltip=_(binding.tooltip), show=shown)
        return active._replace(binding=binding, tooltip=binding.tooltip)


class ConsoleModal(ConsoleScreen[Result], ModalScreen[Result]):
    """A dialog over a screen."""
