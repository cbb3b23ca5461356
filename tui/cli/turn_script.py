"""The turns of a headless conversation, each due once the one before it is answered. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from relay.commands import Command, Say, Stop, UseSource
from relay.conversation import ConversationState
from relay.stream import Response, SinkState, SourceState, StreamEvent
from tui.exit_codes import ExitCode

ANSWER_TIMEOUT_S = 30.0
"""Longest wait for an answer (s); a slow model takes a few seconds."""


class AnswerTimeout(Exception):
    """A turn got no answer."""


class SoundFailed(Exception):
    """A requested source or sink could not be opened, or a recording could not be read to the end."""


class TurnsLeft(Exception):
    """Time ran out before ``turns`` could be said."""

    def __init__(self, turns: Sequence[UseSource | Say]) -> None:
        super().__init__(f"{len(turns)} turns left")
        self.turns = turns


class TurnScript:
    """Decides when each turn is due.

    A spoken turn is over when its recording has ended, an answer that came after it is complete, and it has been
    played. A failed response is an answer too, but then the exit code is not 0. Without ``seconds``
    the conversation ends after the last turn, otherwise that long after the gate first opened. ``silent``: nothing but
    the turns is said, so it ends at once if there are none.
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
        """Whether turns remain: then the script keeps the time, not the relay."""
        return bool(self._turns)

    def begin_with(self, first: UseSource) -> None:
        """Note that ``first`` is being spoken as the conversation's configured source."""
        self._current = first

    def take(self, event: StreamEvent) -> None:
        """Note what an event says and the conversation state does not keep."""
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
        """The command due in ``state``, if any.

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
