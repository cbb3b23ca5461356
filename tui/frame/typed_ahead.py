"""Keys and pastes one at a time: each waits until the previous one has taken effect.

Textual routes a key to whatever has the focus when it arrives, but a key's effect (the focus moved, an input opened, a
dialog shown) passes through the queues of several widgets first. Of keys that arrive together, those behind a Tab
would go to the field before it: the password into the user name, in clear text.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from textual.app import App
from textual.events import Event, Key, Paste
from textual.message_pump import MessagePump
from textual.timer import Timer

from tui.frame.field import takes_text

PATIENCE_S = 0.5
"""The longest wait (s): a widget removed while handling a key never reports back."""
ROUNDS = 3
"""From the focused widget up to the app: the key's own effect, that of the message it became, a new screen's start."""


class TypedAhead:
    """Asked by the app about every key and paste; ``route`` is what it does with one."""

    def __init__(self, app: App[int], route: Callable[[Event], Awaitable[None]]) -> None:
        self._app = app
        self._route = route
        self._waiting: deque[Key | Paste] = deque()
        self._number = 0
        self._busy = False
        self._patience: Timer | None = None

    async def take(self, event: Key | Paste) -> None:
        """Route ``event`` now, or in its turn."""
        if self._busy:
            self._waiting.append(event)
        else:
            await self._let_through(event)

    async def _let_through(self, event: Key | Paste) -> None:
        if self._only_typed(event):
            await self._route(event)
            return
        self._busy = True
        self._number += 1
        start = self._start()
        await self._route(event)
        self._patience = self._app.set_timer(PATIENCE_S, partial(self._settled, self._number))
        self._climb(self._number, ROUNDS, start)

    def _only_typed(self, event: Key | Paste) -> bool:
        """Whether ``event`` only types text at the focus, and so cannot change screen or focus."""
        into_text = bool(self._app.screen_stack) and takes_text(self._app.focused)
        return into_text and (isinstance(event, Paste) or event.is_printable)

    def _start(self) -> Sequence[MessagePump]:
        """The pumps that a message of the focused widget passes through, the app last."""
        if not self._app.screen_stack:
            return (self._app,)
        return (self._app.focused or self._app.screen).ancestors_with_self

    def _climb(self, number: int, rounds: int, pumps: Sequence[MessagePump]) -> None:
        """A marker that goes the way of the messages, behind all that were there before it."""
        if number != self._number:
            return
        if pumps:
            if not pumps[0].call_later(self._climb, number, rounds, pumps[1:]):
                self._climb(number, rounds, pumps[1:])
        elif rounds > 1:
            self._climb(number, rounds - 1, self._start())
        else:
            self._app.call_later(self._settled, number)

    async def _settled(self, number: int) -> None:
        if number != self._number or not self._busy:
            return
        if self._patience is not None:
            self._patience.stop()
        self._busy = False
        while self._waiting and not self._busy and self._app.screen_stack:
            await self._let_through(self._waiting.popleft())
