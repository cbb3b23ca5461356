"""Runs scenarios against a server, reporting events as it goes: the same events as the acceptance procedure's."""

from __future__ import annotations

import asyncio
import random
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from acceptance.evidence import finding
from acceptance.progress import (
    Answered,
    CleanedUp,
    ConversationEvent,
    Doing,
    Emit,
    PlanStep,
    ProgressEvent,
    RunFinished,
    Running,
    RunStarted,
    TestFinished,
    TestStarted,
)
from acceptance.record import Moment
from acceptance.results import (
    Answer,
    Evidence,
    RunResult,
    ScenarioOutcome,
    ScenarioRun,
    TestResult,
    Wording,
    combine,
)
from api_client.errors import ApiError
from api_client.rest import SalesMindClient
from relay.version import version
from scenarios.conversation import Attempt, ScenarioConversation, Told
from scenarios.figures import Measured, figures, judge_limits
from scenarios.model import Scenario
from scenarios.request import ScenarioRequest
from scenarios.words import explained, question

LIMITS_TITLE = Wording(ja="しきい値", en="Limits")
_MODE_FALLS_S = 5.0
_ASK_EVERY_S = 0.2


@dataclass(frozen=True, slots=True)
class Planned:
    """One attempt to come."""

    number: int
    scenario: Scenario
    attempt: int

    @property
    def name(self) -> str:
        """Of its conversation: unique in the run, fit for a directory."""
        return (
            f"{self.number}-{self.scenario.name}"
            if self.attempt == 1
            else (f"{self.number}-{self.scenario.name}-{self.attempt}")
        )

    def title(self, of: int) -> Wording:
        """Of its test in reports; ``of``: how many attempts there are."""
        title = self.scenario.title
        if of == 1:
            return title
        count = f" ({self.attempt}/{of})"
        return Wording(ja=title.ja + count, en=title.en + count)


def sharded(scenarios: Sequence[Scenario], shard: tuple[int, int] | None) -> tuple[Scenario, ...]:
    """The scenarios of one part: every n-th by name, so that the parts are the same wherever they run."""
    if shard is None:
        return tuple(scenarios)
    part, parts = shard
    mine = {one.path for one in sorted(scenarios, key=lambda one: (one.name, one.path))[part - 1 :: parts]}
    return tuple(one for one in scenarios if one.path in mine)


def planned(request: ScenarioRequest) -> tuple[Planned, ...]:
    """Every attempt, in the order in which they begin."""
    chosen = sharded(request.scenarios, request.shard)
    attempts = [(one, attempt) for attempt in range(1, request.repeat + 1) for one in chosen]
    if request.seed is not None:
        random.Random(request.seed).shuffle(attempts)  # noqa: S311 (an order, no secret)
    return tuple(Planned(number, one, attempt) for number, (one, attempt) in enumerate(attempts, 1))


async def run_scenarios(request: ScenarioRequest, emit: Emit) -> RunResult:
    """Run every attempt; the result was emitted last.

    The server's faults are in the answers, and so is an attempt that could not be made. Cancelling ends the
    conversations, and emits the result of what was answered so far with ``aborted`` set, before ``CancelledError``
    propagates.
    """
    run = _Run(request, emit)
    try:
        await run.carry_out()
    except asyncio.CancelledError:
        await run.finish(aborted=True)
        raise
    return await run.finish(aborted=False)


class _Run:
    def __init__(self, request: ScenarioRequest, emit: Emit) -> None:
        self._request = request
        self._emit = emit
        self._plan = planned(request)
        self._started_at = datetime.now(UTC)
        self._began = time.monotonic()
        self._id = f"{self._started_at:%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"
        self._attempts: dict[int, Attempt] = {}
        self._tests: dict[int, TestResult] = {}
        self._turn = asyncio.Semaphore(request.parallel)

    # --- carrying out ------------------------------------------------------------------------------

    async def carry_out(self) -> None:
        """All attempts, so many at a time as were asked for."""
        request = self._request
        tests = tuple(one.number for one in self._plan)
        self._tell(
            RunStarted(
                at=self._now(),
                id=self._id,
                wall_time=self._started_at.isoformat(timespec="milliseconds"),
                server_url=request.server_url,
                username=request.account.username,
                tests=tests,
                checkpoints=tuple(
                    dict.fromkeys(id_ for one in self._plan for id_ in checkpoints_of(one.scenario))
                ),
                plan=tuple(
                    PlanStep(test=one.number, ja=line.words.ja, en=line.words.en)
                    for one in self._plan
                    for line in explained(one.scenario)
                ),
            )
        )
        async with self._client() as client, asyncio.TaskGroup() as attempts:
            for one in self._plan:
                attempts.create_task(self._attempt(one, client), name=one.name)

    async def _attempt(self, planned: Planned, client: SalesMindClient) -> None:
        async with self._turn:
            started_at = _wall_now()
            self._tell(TestStarted(at=self._now(), test=planned.number))
            ids = tuple(checkpoints_of(planned.scenario))
            self._tell(Running(at=self._now(), checkpoints=ids, test=planned.number))
            conversation = ScenarioConversation(
                planned.scenario,
                self._request,
                client,
                self._told(planned),
                name=planned.name,
                number=planned.number,
            )
            attempt = self._attempts[planned.number] = conversation.attempt
            try:
                await conversation.hold()
            except (ApiError, OSError) as error:
                why = _not_carried_out(error)
                self._tell(Doing(at=self._now(), test=planned.number, ja=why.ja, en=why.en))
                _blame(attempt, planned.scenario, why)
            finally:
                result = self._test_result(planned, started_at)
                self._tests[planned.number] = result
                self._tell(TestFinished(at=self._now(), result=result))

    def _told(self, planned: Planned) -> Told:
        number = planned.number
        return Told(
            answer=lambda answer: self._tell(Answered(at=self._now(), answer=answer, test=number)),
            doing=lambda ja, en: self._tell(Doing(at=self._now(), test=number, ja=ja, en=en)),
            event=lambda name, session_id, event: self._tell(
                ConversationEvent(at=self._now(), name=name, test=number, session_id=session_id, event=event)
            ),
        )

    # --- the result --------------------------------------------------------------------------------

    async def finish(self, *, aborted: bool) -> RunResult:
        """Look at what is left on the server, and make the result."""
        sessions = [
            attempt.conversation.session_id
            for _, attempt in sorted(self._attempts.items())
            if attempt.conversation is not None
        ]
        async with self._client() as client:
            modes = await asyncio.gather(*(_mode_after(client, one, aborted) for one in sessions))
        self._tell(
            CleanedUp(at=self._now(), session_ids=tuple(sessions), realtime_mode=tuple(modes), finished=False)
        )
        result = self._result(aborted)
        self._tell(RunFinished(at=self._now(), result=result))
        return result

    def _test_result(self, planned: Planned, started_at: str) -> TestResult:
        attempt = self._attempts[planned.number]
        answers = tuple(
            attempt.answers.get(id_, Answer(checkpoint=id_, question=words))
            for id_, words in checkpoints_of(planned.scenario).items()
        )
        return TestResult(
            number=planned.number,
            verdict=combine([answer.verdict for answer in answers]),
            beyond="not_applicable",
            answers=answers,
            started_at=started_at,
            finished_at=_wall_now(),
            title=planned.title(self._request.repeat),
            scenario=planned.scenario.name,
            attempt=planned.attempt,
        )

    def _never_made(self, planned: Planned) -> TestResult:
        return TestResult(
            number=planned.number,
            verdict="not_run",
            beyond="not_applicable",
            answers=tuple(
                Answer(checkpoint=id_, question=words)
                for id_, words in checkpoints_of(planned.scenario).items()
            ),
            title=planned.title(self._request.repeat),
            scenario=planned.scenario.name,
            attempt=planned.attempt,
        )

    def _result(self, aborted: bool) -> RunResult:
        request = self._request
        tests = [self._tests.get(one.number) or self._never_made(one) for one in self._plan]
        if (limits := self._limits(len(tests) + 1)) is not None:
            tests.append(limits)
        kept = [attempt for _, attempt in sorted(self._attempts.items())]
        conversations = tuple(attempt.conversation for attempt in kept if attempt.conversation is not None)
        return RunResult(
            id=self._id,
            started_at=self._started_at.isoformat(timespec="milliseconds"),
            finished_at=_wall_now(),
            console_version=version(),
            server_url=request.server_url,
            username=request.account.username,
            second_user=None,
            source="",
            language=", ".join(sorted({one.scenario.language for one in self._plan})),
            chunk_bytes=max((one.scenario.chunk_bytes for one in self._plan), default=0),
            tests=tuple(tests),
            selected=tuple(test.number for test in tests),
            conditions=(),
            minimum="not_applicable",
            ideal="not_applicable",
            document=combine([test.verdict for test in tests]),
            beyond="not_applicable",
            conversations=conversations,
            session_ids=tuple(one.session_id for one in conversations),
            directory=str(request.directory),
            aborted=aborted,
            scenarios=ScenarioRun(
                scenarios=self._outcomes(tests),
                figures=figures([attempt.measured for attempt in kept]),
                seed=request.seed,
                repeat=request.repeat,
                parallel=request.parallel,
                shard=None if request.shard is None else "{}/{}".format(*request.shard),
            ),
        )

    def _outcomes(self, tests: Sequence[TestResult]) -> tuple[ScenarioOutcome, ...]:
        titles = {one.scenario.name: one.scenario.title for one in self._plan}
        verdicts: dict[str, list[str]] = {name: [] for name in titles}
        for test in tests:
            if test.scenario is not None:
                verdicts[test.scenario].append(test.verdict)
        return tuple(
            ScenarioOutcome(name=name, title=titles[name], runs=len(given), passed=given.count("pass"))
            for name, given in verdicts.items()
        )

    def _limits(self, number: int) -> TestResult | None:
        """The limits of the files, each over its own scenario, and of the run, over everything."""
        answers: list[Answer] = []
        for scenario in {one.scenario.name: one.scenario for one in self._plan}.values():
            mine = [self._measured(one.number) for one in self._plan if one.scenario is scenario]
            answers += judge_limits(scenario.limits, mine, f"limits.{scenario.name}")
        answers += judge_limits(self._request.limits, [self._measured(one.number) for one in self._plan])
        if not answers:
            return None
        return TestResult(
            number=number,
            verdict=combine([answer.verdict for answer in answers]),
            beyond="not_applicable",
            answers=tuple(answers),
            title=LIMITS_TITLE,
        )

    def _measured(self, number: int) -> Measured:
        attempt = self._attempts.get(number)
        return Measured() if attempt is None else attempt.measured

    # --- what they share ---------------------------------------------------------------------------

    def _client(self) -> SalesMindClient:
        request = self._request
        return SalesMindClient(request.server_url, token=request.account.token, insecure=request.insecure)

    def _tell(self, event: ProgressEvent) -> None:
        self._emit(event)

    def _now(self) -> float:
        return round(time.monotonic() - self._began, 3)


def checkpoints_of(scenario: Scenario) -> dict[str, Wording]:
    """Everything that is expected of a scenario, in order: id and question."""
    return {
        scenario.id_of(place, one.name): question(place, one)
        for place, expectations in scenario.places
        for one in expectations
    }


async def _mode_after(client: SalesMindClient, session_id: str, aborted: bool) -> bool | None:
    """``realtime_mode`` once everything is closed; an aborted run does not wait for it."""
    ends = time.monotonic() + (0.0 if aborted else _MODE_FALLS_S)
    while True:
        try:
            mode = (await client.get_session(session_id)).realtime_mode
        except ApiError:
            return None
        if mode is not True or time.monotonic() >= ends:
            return mode
        await asyncio.sleep(_ASK_EVERY_S)


def _not_carried_out(error: ApiError | OSError) -> Evidence:
    code = str(error.code) if isinstance(error, ApiError) else "system"
    said = error.summary if isinstance(error, ApiError) else None
    return finding(
        "fault", "request", Moment(_wall_now()), code=code, message=str(error),
        **({} if said is None else {"said": said}),
    )  # fmt: skip


def _blame(attempt: Attempt, scenario: Scenario, why: Evidence) -> None:
    """Everything that is not answered was not run, because of ``why``."""
    for id_, words in checkpoints_of(scenario).items():
        given = attempt.answers.get(id_)
        if given is None or given.verdict == "not_run":
            attempt.answers[id_] = Answer(checkpoint=id_, verdict="not_run", evidence=(why,), question=words)


def _wall_now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
