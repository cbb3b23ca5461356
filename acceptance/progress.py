"""The events of a run in progress: one typed event per line of ``salesmind check --json`` and ``run --json``.

The screen ticks its tree by ``Running`` and ``Answered``, and feeds its live view from ``ConversationEvent``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec

from acceptance.results import Answer, RunResult, TestResult
from relay.stream import StreamEvent


class _Progress(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind"):
    at: float
    """Seconds since the run began, monotonic clock."""


class PlanStep(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that the run will do to the server, announced in advance."""

    test: int | None
    """Null: before or after the tests."""
    ja: str
    en: str


class RunStarted(_Progress, frozen=True, kw_only=True, tag="run_started"):
    """Always the first: what will be done, before anything is done."""

    id: str
    wall_time: str
    """ISO-8601, UTC, at ``at``."""
    server_url: str
    username: str
    tests: tuple[int, ...]
    checkpoints: tuple[str, ...]
    """Ids of what will be judged, in order."""
    plan: tuple[PlanStep, ...]


class TestStarted(_Progress, frozen=True, kw_only=True, tag="test_started"):
    """A test begins."""

    __test__ = False
    test: int


class Doing(_Progress, frozen=True, kw_only=True, tag="doing"):
    """The current step, for a person watching."""

    test: int
    ja: str
    en: str


class Running(_Progress, frozen=True, kw_only=True, tag="running"):
    """These checkpoints are being decided now."""

    checkpoints: tuple[str, ...]
    test: int | None = None
    """Of which test, in a run of scenarios: several attempts have the same checkpoints."""


class Answered(_Progress, frozen=True, kw_only=True, tag="answered"):
    """A checkpoint was answered; a later answer for the same checkpoint replaces it."""

    answer: Answer
    test: int | None = None
    """Of which test, in a run of scenarios."""


class ConversationEvent(_Progress, frozen=True, kw_only=True, tag="conversation"):
    """A line from the stream of one of the run's conversations; ``name`` says which."""

    name: str
    test: int
    session_id: str
    event: StreamEvent


class Question(_Progress, frozen=True, kw_only=True, tag="question"):
    """The operator is asked; the run waits."""

    checkpoint: str
    ja: str
    en: str
    asks: Literal["judgement", "act"] = "judgement"
    """act: to do something first; ``pass`` means it is done, and the run judges the outcome."""


class TestFinished(_Progress, frozen=True, kw_only=True, tag="test_finished"):
    """A test is over."""

    __test__ = False
    result: TestResult


class CleanedUp(_Progress, frozen=True, kw_only=True, tag="cleaned_up"):
    """All connections are closed; what is left on the server."""

    session_ids: tuple[str, ...]
    realtime_mode: tuple[bool | None, ...]
    """As the server reports it for each of them at the end; null: it did not answer."""
    finished: bool
    """The sessions were finished (``--finish-sessions``), not just left."""


class RunFinished(_Progress, frozen=True, kw_only=True, tag="run_finished"):
    """Always the last."""

    result: RunResult


ProgressEvent = (
    RunStarted
    | TestStarted
    | Doing
    | Running
    | Answered
    | ConversationEvent
    | Question
    | TestFinished
    | CleanedUp
    | RunFinished
)
Emit = Callable[[ProgressEvent], None]
Reply = Literal["pass", "fail", "not_applicable"]

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[ProgressEvent] = msgspec.json.Decoder(ProgressEvent)


def encode(event: ProgressEvent) -> bytes:
    """One line, without its newline."""
    return _encoder.encode(event)


def decode(line: bytes | str) -> ProgressEvent:
    """The event of one line. Raises ``msgspec.DecodeError``."""
    return _decoder.decode(line)
