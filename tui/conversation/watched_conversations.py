"""An acceptance run's conversations, as streams for the live view."""

from __future__ import annotations

from acceptance.progress import ConversationEvent, ProgressEvent, RunFinished
from relay.commands import Command
from relay.stream import StreamEvent, Summary


class WatchedConversation:
    """All of one conversation's events so far."""

    def __init__(self, name: str, test: int, session_id: str) -> None:
        self.name = name
        self.test = test
        self.session_id = session_id
        self.events: list[StreamEvent] = []
        self.over = False

    def view(self) -> ConversationView:
        """A reader that starts at the beginning."""
        return ConversationView(self)


class ConversationView:
    """A read-only ``ConversationRelay``; only the run controls its conversations."""

    def __init__(self, watched: WatchedConversation) -> None:
        self.watched = watched
        self._read = 0

    @property
    def ended(self) -> bool:
        """Whether nothing will follow what ``drain`` returns now."""
        return self.watched.over

    def drain(self) -> list[StreamEvent]:
        """Everything that arrived since the last call."""
        fresh = self.watched.events[self._read :]
        self._read += len(fresh)
        return fresh

    async def send(self, command: Command) -> None:
        """Does nothing: read-only."""

    async def stop(self) -> None:
        """Does nothing: read-only."""


class WatchedConversations:
    """All conversations of one run, in order of their start."""

    def __init__(self) -> None:
        self._all: dict[str, WatchedConversation] = {}

    @property
    def newest(self) -> WatchedConversation | None:
        """The one that started last."""
        return next(reversed(self._all.values()), None)

    def take(self, event: ProgressEvent) -> None:
        """Add an event of the run."""
        match event:
            case ConversationEvent():
                watched = self._all.get(event.name)
                if watched is None:
                    watched = WatchedConversation(event.name, event.test, event.session_id)
                    self._all[event.name] = watched
                watched.events.append(event.event)
                watched.over = watched.over or isinstance(event.event, Summary)
            case RunFinished():
                self.close()
            case _:
                pass

    def close(self) -> None:
        """Mark the end of the run."""
        for watched in self._all.values():
            watched.over = True
