"""What the headless talker says next: turns one after another, each when the one before is answered. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from relay.commands import Command, Say, Stop, UseSource
from relay.conversation import ConversationState
from relay.stream import Response, SinkState, SourceState, StreamEvent
from tui.exit_codes import ExitCode

ANSWER_TIMEOUT_S = 30.0
"""Longest wait for an answer; a slow model takes a few seconds."""


class AnswerTimeout(Exception):
    """A turn was spoken or typed, and nothing came back."""


class SoundFailed(Exception):
    """A source or sink that was asked for could not be opened, or a recording not be read to its end."""


class TurnsLeft(Exception):
    """The time was up before ``turns`` could be said."""

    def __init__(self, turns: Sequence[UseSource | Say]) -> None:
        super().__init__(f"{len(turns)} turns left")
        self.turns = turns


class TurnScript:
    """Gives each turn in its time.

    A spoken turn is over when its recording has ended, an answer that came after it is complete, and it has been
    played. A response that failed is an answer too, but the conversation's exit code is not 0 then. Without ``seconds``
    the conversation ends after the last turn, else that long after the gate first opened. ``silent``: nothing is said
    but the turns, so that it ends at once where there are none.
    """

    def __init__(
        self, turns: Sequence[UseSource | Say], *, seconds: float | None, silent: bool = False
    ) -> None:
        self._turns = list(turns)
        self._seconds = seconds
        self._silent = silent
        self._current: UseSource | Say | None = None
        self._waiting_since: float | None = None
        self._answers_before = 0
        self._failed_answers = 0
        self._opened: set[str] = set()
        self._sound_failed = False

    @property
    def has_more(self) -> bool:
        """Whether there are turns to come: then the script, and not the relay, sees to the time."""
        return bool(self._turns)

    def begin_with(self, first: UseSource) -> None:
        """``first`` is spoken already, as the source the conversation was configured with."""
        self._current = first

    def take(self, event: StreamEvent) -> None:
        """Note what an event says that the state of the conversation does not keep."""
        match event:
            case SourceState(state="opened") | SinkState(state="opened"):
                self._opened.add(event.spec)
            case SourceState(state="failed") | SinkState(state="failed"):
                # A device that went away is looked for again; a recording is not, and neither is what never opened.
                spoken = isinstance(self._current, UseSource) and self._current.spec == event.spec
                self._sound_failed |= spoken or event.spec not in self._opened
            case Response(state="done", status="failed"):
                self._failed_answers += 1

    def next(self, state: ConversationState) -> Command | None:
        """The command that is due in ``state``, if one is.

        Raises ``AnswerTimeout``, ``SoundFailed`` and ``TurnsLeft``.
        """
        if self._sound_failed:
            raise SoundFailed
        if self._time_is_up(state):
            if self._turns:
                raise TurnsLeft(self._turns)
            return self._stop()
        if not state.gate_open:
            return None
        if self._current is not None and not self._answered(state):
            self._check_time(state)
            return None
        if self._turns:
            self._current = self._turns.pop(0)
            self._waiting_since = None
            self._answers_before = self._answers(state)
            return self._current
        if (self._current is not None or self._silent) and self._seconds is None:
            return self._stop()
        return None

    def _stop(self) -> Stop:
        return Stop(exit_code=ExitCode.CONNECTION if self._failed_answers else ExitCode.OK)

    def _time_is_up(self, state: ConversationState) -> bool:
        opened = [steps.times["gate_open"] for steps in state.connections if "gate_open" in steps.times]
        return self._seconds is not None and bool(opened) and state.now - min(opened) >= self._seconds

    def _answered(self, state: ConversationState) -> bool:
        if isinstance(self._current, UseSource) and not self._recording_over(state):
            return False
        if self._waiting_since is None:
            self._waiting_since = state.now  # for a recording: only now that it has ended
        answered = self._answers(state) > self._answers_before
        return answered and not state.answering and state.speech_item_id is None

    def _recording_over(self, state: ConversationState) -> bool:
        source = state.source
        assert isinstance(self._current, UseSource)
        return source is not None and source.spec == self._current.spec and source.state != "opened"

    def _check_time(self, state: ConversationState) -> None:
        waiting_since = self._waiting_since
        if (
            self._seconds is None
            and waiting_since is not None
            and state.now - waiting_since > ANSWER_TIMEOUT_S
        ):
            raise AnswerTimeout

    def _answers(self, state: ConversationState) -> int:
        complete = sum(turn.role == "assistant" and turn.final for turn in state.turns)
        return self._failed_answers + state.earlier_answers + complete
