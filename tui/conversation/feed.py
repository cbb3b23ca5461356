"""What the live screen reads: the relay's events folded into one state, ten times a second."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from relay.conversation import ConversationState, fold
from relay.conversation_bounds import bounded
from relay.stream import Connection, InputSettings, Notice, Problem, SourceState, StreamEvent
from tui.conversation.instruments.event_lines import EventLine, EventLines
from tui.conversation.instruments.event_rows import EventRows
from tui.conversation.instruments.history import SignalHistory
from tui.host.services import ConversationRelay
from tui.i18n import _
from tui.status import Socket, Status
from tui.tones import News
from tui.wording.errors import of_event

_SOCKETS: dict[str, Socket] = {
    "idle": "connecting",
    "connecting": "connecting",
    "live": "open",
    "lost": "lost",
    "retrying": "retrying",
    "given_up": "given_up",
    "closing": "closing",
    "closed": "closed",
    "ended": "closed",
}


class Feed:
    """What a conversation's screen reads: its state, and what is new in it."""

    def __init__(self) -> None:
        self.state = ConversationState()
        self.finished = False
        """Everything is in ``state``; nothing will follow."""
        self.history = SignalHistory()
        """What the signals are drawn from."""
        self.rows = EventRows()
        """What the inspector lists."""
        self._lines = EventLines()

    def pull(self) -> list[StreamEvent]:
        """Take in everything that has come."""
        raise NotImplementedError

    @property
    def now(self) -> float:
        """The conversation's clock at this moment, in seconds."""
        raise NotImplementedError

    def lines(self, events: Sequence[StreamEvent]) -> list[EventLine]:
        """``events`` for the event log."""
        return self._lines.take(events)

    def _socket(self) -> Socket:
        if self.finished:
            return "closed"
        steps = self.state.current
        if self.state.status == "connecting" and steps is not None and "connected" in steps.times:
            return "open"  # the protocol's steps are still to come
        return _SOCKETS[self.state.status]

    def status(self, base: Status) -> Status:
        """``base`` with what is known of the conversation."""
        state = self.state
        steps = state.current
        recording = state.recording is not None and state.recording.state == "started"
        reported = state.mode.at is not None
        mode = state.mode.value
        if self.finished:
            mode = state.summary.realtime_mode.after if state.summary else None
        return Status(
            place=base.place,
            user=base.user,
            insecure=base.insecure,
            recording=recording and not self.finished,
            socket=self._socket(),
            close_code=steps.close_code if steps else None,
            mode_reported=True,
            mode=mode,
            # Tenths are as fine as the line shows; a coarser value costs fewer repaints.
            mode_age_s=round(max(0.0, self.now - (state.mode.at or 0.0)), 1) if reported else None,
            over=self.finished,
            left=base.left,
            hurry=base.hurry,
        )


class LiveFeed(Feed):
    """Drains ``relay``. ``clock`` (seconds, monotonic) only advances ages between events.

    ``before`` is the state that the relay's first event is folded into.
    """

    def __init__(
        self,
        relay: ConversationRelay,
        clock: Callable[[], float],
        before: ConversationState | None = None,
    ) -> None:
        super().__init__()
        self.state = before or ConversationState()
        self._relay = relay
        self._clock = clock
        self._heard_at = clock()

    def pull(self) -> list[StreamEvent]:
        """Take in everything that has come."""
        ended = self._relay.ended  # asked first: what comes until it is True is then drained below
        events = self._relay.drain()
        if events:
            self.state, _dropped = bounded(fold(self.state, events))
            self.history.take(events)
            self.rows.take(events)
            self._heard_at = self._clock()
        self.finished = ended
        return events

    @property
    def now(self) -> float:
        """The relay's clock at this moment, in seconds."""
        if self.finished:
            return self.state.now
        return self.state.now + max(0.0, self._clock() - self._heard_at)


def news_of(event: StreamEvent) -> News | None:
    """The sentence for an event that the operator should see at once, or None."""
    match event:
        case Problem():
            return News(_("Error: {why}").format(why=of_event(event)), "bad")
        case Notice():
            return News(_("Note: {why}").format(why=of_event(event)), "warn")
        case Connection(state="lost"):
            return News(_("The connection was lost."), "bad")
        case Connection(state="retrying"):
            words = _("Reconnecting in {seconds} s (attempt {n})").format(
                n=event.attempt, seconds=f"{event.delay_s or 0:.1f}"
            )
            return News(words, "warn")
        case Connection(state="restored"):
            return News(_("The connection is back."), "good")
        case Connection(state="given_up"):
            return News(_("Gave up on the connection."), "bad")
        case InputSettings(echo=echo, gain_db=gain_db):
            ways = {
                "off": _("Nothing is done about echo."),
                "half-duplex": _("Half-duplex: silence is sent while the customer speaks."),
                "cancel": _(
                    "Echo is being cancelled; it learns the room for two seconds of the customer's voice."
                ),
            }
            gain = _("Gain {gain} dB.").format(gain=f"{gain_db:+g}" if gain_db else "0")
            return News(f"{ways[echo]} {gain}", "plain")
        case SourceState(state="opened"):
            name = _("silence") if event.spec == "silence" else event.name
            return News(_("Source: {name}").format(name=name), "plain")
        case _:
            return None
