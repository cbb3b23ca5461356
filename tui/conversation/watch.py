"""An acceptance run's conversation in the live view, read-only."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.binding import BindingType

from tui.actions import Action, bindings
from tui.conversation.actions import VIEW_ACTIONS
from tui.conversation.feed import LiveFeed
from tui.conversation.screen import ConversationScreen
from tui.conversation.watched_conversations import WatchedConversation, WatchedConversations
from tui.i18n import N_, _
from tui.tones import News

BACK = Action(
    "watch.back",
    "escape",
    "back",
    N_("Back"),
    N_("Watching: Stop"),
    N_("Back to the tests; the run continues"),
)
ACTIONS = (
    *VIEW_ACTIONS,
    BACK,
)


class WatchScreen(ConversationScreen):
    """Follows the run's latest conversation from its start; the next one replaces it."""

    ABOUT: ClassVar[str] = N_(
        "The acceptance run's conversation as it happens. You can look, but not interfere."
    )
    ACTIONS: ClassVar[tuple[Action, ...]] = ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = bindings(ACTIONS)

    def __init__(self, conversations: Callable[[], WatchedConversations]) -> None:
        super().__init__()
        self._conversations = conversations
        self._watched: WatchedConversation | None = None

    def on_mount(self) -> None:
        """Say so until there is a conversation."""
        self.title_is()
        self.say_news(News(_("The run has not started a conversation yet."), "dim"))

    def tick(self) -> None:
        """Switch to the latest conversation, then paint."""
        newest = self._conversations().newest
        if newest is not None and newest is not self._watched:
            self._turn_to(newest)
        super().tick()

    def _turn_to(self, watched: WatchedConversation) -> None:
        self._watched = watched
        self.begin_again()
        self.feed = LiveFeed(watched.view(), self.console_app.services.monotonic, watched.before)
        self.title_is()
        self.say_news(News(self.conversation_title(), "plain"))

    def conversation_title(self) -> str:
        if (watched := self._watched) is None:
            return _("Watching the run")
        return _("Watching test {n}, conversation {name}").format(n=watched.test, name=watched.name)

    def conversation_over(self) -> None:
        """The summary stays until the next conversation starts."""
        self.close_inputs()
        words = _("This conversation has ended. {key} goes back to the tests.")
        self.say_news(News(words.format(key=self.key_name(BACK)), "plain"))

    def action_back(self) -> None:
        if not self.close_inputs():
            self.dismiss()
