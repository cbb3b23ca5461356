"""The command palette: every action available now, found by its words, its Japanese reading, or in English."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.screen import Screen

from tui.i18n import _

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class ActionsProvider(Provider):
    """The screen's actions, then the app's, as ``Noun: Verb``."""

    def _offers(self) -> Iterator[tuple[str, str, str, Callable[[], object]]]:
        """English and present words, help, and what to call."""
        yield from available(self.screen, cast(Any, self.app))

    async def discover(self) -> Hits:
        """All of them, before anything is typed."""
        for _english, words, about, call in self._offers():
            yield DiscoveryHit(words, call, help=about)

    async def search(self, query: str) -> Hits:
        """Those that match ``query`` in any of their spellings."""
        from tui.wording.kana import as_typed, reading

        by_sight, by_sound = self.matcher(query), self.matcher(as_typed(query))
        for english, words, about, call in self._offers():
            seen = by_sight.match(words)
            score = max(seen, by_sound.match(reading(words)), by_sound.match(english.casefold()))
            if score > 0:
                yield Hit(score, by_sight.highlight(words) if seen else words, call, help=about)


def available(screen: Screen[Any], app: Any) -> Iterator[tuple[str, str, str, Callable[[], object]]]:
    """What can be done on ``screen`` now: English and present words, help, and what to call."""
    for owner, actions in ((screen, getattr(screen, "ACTIONS", ())), (app, app.ACTIONS)):
        for action in filter(app.ALLOWED.has, actions):
            if action.name == "command_palette" or not owner.check_action(action.name, ()):
                continue
            words = getattr(owner, "action_palette", lambda given: given.palette)(action)
            yield words, _(words), _(action.help), getattr(owner, f"action_{action.name}")
