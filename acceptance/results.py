"""The result of a run, of the acceptance procedure or of scenarios: answers with their evidence, and the verdicts.

These types are the published shape of a result: reports, the results store, ``salesmind check --json`` and
``salesmind run --json`` are made of nothing else. Fields may be added; none is renamed or removed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

Verdict = Literal["pass", "fail", "not_run", "not_applicable"]
EvidenceKind = Literal["event", "request", "measurement", "operator", "absence"]
"""What decided: a line of the conversation's stream, a request of our own (REST or a WebSocket handshake), a
figure that was measured, a person, or the fact that something did not come."""
Scalar = str | int | float | bool | None


class Evidence(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that decided an answer or was considered for it."""

    kind: EvidenceKind
    code: str
    """Stable name of this kind of finding, see ``acceptance.evidence``."""
    ja: str
    en: str
    at: str | None = None
    """ISO-8601, UTC: when it happened. Null where nothing happened at all."""
    conversation: str | None = None
    """Name of the conversation whose stream it stands in, e.g. ``t2``."""
    t: float | None = None
    """Seconds on that stream's own clock."""
    data: dict[str, Scalar] = {}
    """The figures themselves, for programs."""


class Wording(msgspec.Struct, frozen=True, kw_only=True):
    """The same words in both languages."""

    ja: str
    en: str


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to one checkpoint. A pass always has evidence."""

    checkpoint: str
    """Id in ``acceptance.checkpoints``; of a scenario's expectation: ``SCENARIO.TURN.EXPECTATION``, unique in a
    test."""
    verdict: Verdict = "not_run"
    evidence: tuple[Evidence, ...] = ()
    """What decided first."""
    answered_by: str | None = None
    """Name of the person who judged by ear or eye; null where the program judged."""
    question: Wording | None = None
    """What was asked; null: a checkpoint of the procedure, which has its words in ``acceptance.checkpoints``."""

    def __post_init__(self) -> None:
        if self.verdict == "pass" and not self.evidence:
            raise ValueError(f"{self.checkpoint} cannot pass without evidence")


class TestResult(msgspec.Struct, frozen=True, kw_only=True):
    """One of the document's four tests, or one attempt at a scenario."""

    __test__ = False  # not one of pytest's

    number: int
    verdict: Verdict
    """Over the document's own checkpoints of this test; of a scenario, over all its expectations."""
    beyond: Verdict
    """Over the checkpoints that go beyond the document."""
    answers: tuple[Answer, ...]
    started_at: str | None = None
    """ISO-8601, UTC; null when the test was not run."""
    finished_at: str | None = None
    note: str = ""
    """備考: what the operator wrote."""
    title: Wording | None = None
    """What the test is called; null: one of the document's, which has its title in ``acceptance.checkpoints``."""
    scenario: str | None = None
    """Name of the scenario that was tried; null for the document's tests and for the limits of a run of scenarios."""
    attempt: int = 1
    """Counts the attempts at one scenario."""


class ConditionResult(msgspec.Struct, frozen=True, kw_only=True):
    """One of the document's success conditions (成功条件)."""

    id: str
    level: Literal["minimum", "ideal"]
    verdict: Verdict


class ConversationRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation that the run held."""

    name: str
    test: int
    session_id: str
    directory: str | None = None
    """Its recording (``docs/recording.md``), relative to the run's directory."""
    log: str | None = None
    """Log of the conversation's process, relative to the run's directory."""


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """A figure over all conversations of a run, for limits and for comparison with another run.

    The names are in ``scenarios.figures``. Less is better for all of them.
    """

    name: str
    unit: str
    value: float | None
    """Null: fewer than ``needs`` values were measured."""
    n: int
    """How many values it was made from."""
    needs: int
    """How many it takes: 20 for a 95th percentile."""
    noise: float = 0.0
    """Between two runs, a difference up to this says nothing."""


class ScenarioOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """One scenario over all its attempts."""

    name: str
    title: Wording
    runs: int
    passed: int

    @property
    def flaky(self) -> bool:
        """Passed sometimes, but not always."""
        return 0 < self.passed < self.runs


class ScenarioRun(msgspec.Struct, frozen=True, kw_only=True):
    """What a run of scenarios has beside its tests, each of which is one attempt at one scenario."""

    scenarios: tuple[ScenarioOutcome, ...]
    figures: tuple[Figure, ...] = ()
    seed: int | None = None
    """Of the order of the attempts; null: in the order given."""
    repeat: int = 1
    parallel: int = 1
    shard: str | None = None
    """Such as ``2/5``; null: everything was run."""


class RunResult(msgspec.Struct, frozen=True, kw_only=True):
    """A whole run."""

    id: str
    """Sorts by time, e.g. ``20261122T121500Z-3f9a``."""
    started_at: str
    finished_at: str
    console_version: str
    server_url: str
    username: str
    second_user: str | None
    source: str
    language: str
    chunk_bytes: int
    tests: tuple[TestResult, ...]
    """Of the procedure: always all four, in order; those that were not asked for are ``not_run``."""
    selected: tuple[int, ...]
    """Numbers of the tests that were asked for."""
    conditions: tuple[ConditionResult, ...]
    minimum: Verdict
    """最低限の成功条件"""
    ideal: Verdict
    """理想的な成功条件"""
    document: Verdict
    """Over the document's checkpoints of the selected tests; over everything in a run of scenarios."""
    beyond: Verdict
    """Over the checkpoints beyond the document, of the selected tests."""
    conversations: tuple[ConversationRecord, ...] = ()
    session_ids: tuple[str, ...] = ()
    """Sessions that the run started on the server."""
    directory: str | None = None
    """Where recordings and logs of the run are."""
    aborted: bool = False
    scenarios: ScenarioRun | None = None
    """Null: a run of the procedure."""

    def answer(self, checkpoint_id: str) -> Answer:
        """The answer to one checkpoint. Raises ``KeyError`` for an id that no test has."""
        for test in self.tests:
            for answer in test.answers:
                if answer.checkpoint == checkpoint_id:
                    return answer
        raise KeyError(checkpoint_id)

    @property
    def passed(self) -> bool:
        """Everything that was asked for and applies has passed."""
        return "fail" not in self._verdicts and "not_run" not in self._verdicts and "pass" in self._verdicts

    @property
    def _verdicts(self) -> tuple[Verdict, Verdict]:
        return (self.document, self.beyond)


def combine(verdicts: Sequence[Verdict]) -> Verdict:
    """One verdict over several: a failure decides, then a gap; what does not apply is left out.

    A pass needs at least one pass: an empty sequence is ``not_run``, nothing but ``not_applicable`` is that.
    """
    if "fail" in verdicts:
        return "fail"
    if "not_run" in verdicts or not verdicts:
        return "not_run"
    return "pass" if "pass" in verdicts else "not_applicable"


def encode(result: RunResult) -> bytes:
    """The result as one line of JSON."""
    return msgspec.json.encode(result)


def decode(data: bytes | str) -> RunResult:
    """A result from its JSON. Raises ``msgspec.DecodeError``."""
    return msgspec.json.decode(data, type=RunResult)
