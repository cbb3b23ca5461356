"""The newest conversation of an acceptance run, as a stream for the live view."""

from __future__ import annotations

from acceptance.progress import ConversationEvent, ProgressEvent, RunFinished
from relay.commands import Command
from relay.conversation import ConversationState, fold
from relay.conversation_bounds import bounded
from relay.stream import StreamEvent, Summary

KEPT_EVENTS = 10_000
"""At the most, and at least half of it: eight minutes of them, more than the event log shows."""


class WatchedConversation:
    """What one conversation has said so far: the newest events, and the state that those before them led to."""

    def __init__(self, name: str, test: int, session_id: str) -> None:
        self.name = name
        self.test = test
        self.session_id = session_id
        self.before = ConversationState()
        self.events: list[StreamEvent] = []
        self.dropped = 0
        """How many events are in ``before``."""
        self.over = False

    def take(self, event: StreamEvent) -> None:
        """One more event."""
        self.events.append(event)
        self.over = self.over or isinstance(event, Summary)
        if len(self.events) >= KEPT_EVENTS:
            half = len(self.events) // 2
            self.before, _dropped = bounded(fold(self.before, self.events[:half]))
            del self.events[:half]
            self.dropped += half

    def view(self) -> ConversationView:
        """A reader that begins with the oldest event, to be folded into ``before``."""
        return ConversationView(self)


class ConversationView:
    """A read-only ``ConversationRelay``; only the run controls its conversations."""

    def __init__(self, watched: WatchedConversation) -> None:
        self.watched = watched
        self._read = watched.dropped

    @property
    def ended(self) -> bool:
        """Whether nothing will follow what ``drain`` returns now."""
        return self.watched.over

    def drain(self) -> list[StreamEvent]:
        """Everything that came since the last call, or what is kept of it."""
        fresh = self.watched.events[max(0, self._read - self.watched.dropped) :]
        self._read = self.watched.dropped + len(self.watched.events)
        return fresh

    async def send(self, command: Command) -> None:
        """Does nothing: read-only."""

    async def stop(self) -> None:
        """Does nothing: read-only."""


class WatchedConversations:
    """Follows a run; of its conversations the one that began last is kept, because no other can be watched."""

    def __init__(self) -> None:
        self._begun: set[str] = set()
        self.newest: WatchedConversation | None = None
        """The one that began last."""

    def take(self, event: ProgressEvent) -> None:
        """Add an event of the run."""
        match event:
            case ConversationEvent():
                if event.name not in self._begun:
                    self._begun.add(event.name)
                    self.close()
                    self.newest = WatchedConversation(event.name, event.test, event.session_id)
                if self.newest is not None and self.newest.name == event.name:
                    self.newest.take(event.event)
            case RunFinished():
                self.close()
            case _:
                pass

    def close(self) -> None:
        """Nothing more will come."""
        if self.newest is not None:
            self.newest.over = True
