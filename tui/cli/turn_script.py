"""What the headless talker says next: turns one after another, each when the one before is answered. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from relay.commands import Command, Say, Stop, UseSource
from relay.conversation import ConversationState

ANSWER_TIMEOUT_S = 30.0
"""Longest wait for an answer; a slow model takes a few seconds."""


class AnswerTimeout(Exception):
    """A turn was spoken or typed, and nothing came back."""


class AnswerFailed(Exception):
    """The server could not answer a turn, and has said why."""


class RecordingFailed(Exception):
    """A recording that was to be spoken could not be opened, or not be read to its end."""


class TurnScript:
    """Gives each turn in its time.

    A spoken turn is over when its recording has ended, an answer that came after it is complete, and it has
    been played. With ``stop_after_last`` the conversation ends there; else it goes on until told otherwise.
    """

    def __init__(self, turns: Sequence[UseSource | Say], *, stop_after_last: bool) -> None:
        self._turns = list(turns)
        self._stop_after_last = stop_after_last
        self._current: UseSource | Say | None = None
        self._waiting_since: float | None = None
        self._answers_before = 0
        self._failures_before = 0

    def begin_with(self, first: UseSource) -> None:
        """``first`` is spoken already, as the source the conversation was configured with."""
        self._current = first

    def next(self, state: ConversationState) -> Command | None:
        """The command that is due in ``state``, if one is. Raises ``AnswerTimeout``, ``AnswerFailed`` and
        ``RecordingFailed``."""
        if self._stop_after_last and self._recording_failed(state):
            raise RecordingFailed
        if not state.gate_open:
            return None
        if self._current is not None and not self._answered(state):
            if self._stop_after_last and state.failed_responses > self._failures_before:
                raise AnswerFailed
            self._check_time(state)
            return None
        if self._turns:
            self._current = self._turns.pop(0)
            self._waiting_since = None
            self._answers_before = _answers(state)
            self._failures_before = state.failed_responses
            return self._current
        if self._current is not None and self._stop_after_last:
            return Stop()
        return None

    def _answered(self, state: ConversationState) -> bool:
        if isinstance(self._current, UseSource) and not self._recording_over(state):
            return False
        if self._waiting_since is None:
            self._waiting_since = state.now  # for a recording: only now that it has ended
        return _answers(state) > self._answers_before and not state.answering and state.speech_item_id is None

    def _recording_failed(self, state: ConversationState) -> bool:
        source = state.source
        return (
            isinstance(self._current, UseSource)
            and source is not None
            and source.spec == self._current.spec
            and source.state == "failed"
        )

    def _recording_over(self, state: ConversationState) -> bool:
        source = state.source
        assert isinstance(self._current, UseSource)
        return source is not None and source.spec == self._current.spec and source.state != "opened"

    def _check_time(self, state: ConversationState) -> None:
        waiting_since = self._waiting_since
        if (
            self._stop_after_last
            and waiting_since is not None
            and state.now - waiting_since > ANSWER_TIMEOUT_S
        ):
            raise AnswerTimeout


def _answers(state: ConversationState) -> int:
    return sum(turn.role == "assistant" and turn.final for turn in state.turns)
