"""Runs the acceptance procedure against a server, reporting events as it goes."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from acceptance import verdicts
from acceptance.checkpoints import CHECKPOINTS, TESTS, checkpoints_of
from acceptance.evidence import answer, finding
from acceptance.plan import plan
from acceptance.procedures.connection import connection_test
from acceptance.procedures.faults import fault_test
from acceptance.procedures.mode import mode_test
from acceptance.procedures.robustness import vanishing
from acceptance.procedures.streaming import streaming_test
from acceptance.progress import CleanedUp, Emit, RunFinished, RunStarted, TestFinished, TestStarted
from acceptance.record import Moment
from acceptance.request import NO_MEANS, CheckRequest, Means, Operator
from acceptance.results import Evidence, RunResult, TestResult
from acceptance.run import AcceptanceRun, wall_now
from acceptance.sample_source import sample_source, source_name
from api_client.errors import ApiError
from relay.version import version

_PROCEDURES: dict[int, Callable[[AcceptanceRun], Awaitable[None]]] = {
    1: connection_test,
    2: streaming_test,
    3: mode_test,
    4: fault_test,
}


async def run_check(
    request: CheckRequest,
    emit: Emit,
    *,
    operator: Operator | None = None,
    means: Means = NO_MEANS,
) -> RunResult:
    """Run the selected tests; the result was emitted last.

    The server's faults are in the answers, and so is a test that could not be run. Cancelling
    ends the current conversation, cleans up, and emits the result of what was answered so far
    with ``aborted`` set, before ``CancelledError`` propagates.
    """
    procedure = _Procedure(request, emit, operator, means)
    try:
        await procedure.carry_out()
    except asyncio.CancelledError:
        await procedure.finish(aborted=True)
        raise
    return await procedure.finish(aborted=False)


class _Procedure:
    def __init__(
        self,
        request: CheckRequest,
        emit: Emit,
        operator: Operator | None,
        means: Means,
    ) -> None:
        self._request = request
        self._run = AcceptanceRun(request, emit, operator, means)
        self._started_at = datetime.now(UTC)
        self._id = f"{self._started_at:%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"
        self._spans: dict[int, tuple[str, str | None]] = {}

    async def carry_out(self) -> None:
        """The plan, then each test."""
        run, request = self._run, self._request
        run.tell(
            RunStarted(
                at=run.now(),
                id=self._id,
                wall_time=self._started_at.isoformat(timespec="milliseconds"),
                server_url=request.server_url,
                username=request.account.username,
                tests=request.tests,
                checkpoints=tuple(point.id for point in CHECKPOINTS if point.test in request.tests),
                plan=plan(request, run.means),
            )
        )
        async with vanishing(run):
            for number in request.tests:
                await self._carry_out(number)

    async def _carry_out(self, number: int) -> None:
        run = self._run
        run.test = number
        self._spans[number] = (wall_now(), None)
        run.tell(TestStarted(at=run.now(), test=number))
        try:
            await _PROCEDURES[number](run)
        except (ApiError, OSError) as error:
            # The rest of the test cannot be tried; the next one may still be.
            code = str(error.code) if isinstance(error, ApiError) else "system"
            said = error.summary if isinstance(error, ApiError) else None
            why = finding(
                "fault", "request", Moment(wall_now()), code=code, message=str(error),
                **({} if said is None else {"said": said}),
            )  # fmt: skip
            run.doing(why.ja, why.en)
            self._not_carried_out(number, why)
        self._spans[number] = (self._spans[number][0], wall_now())
        run.tell(TestFinished(at=run.now(), result=self._test_result(number)))

    def _not_carried_out(self, number: int, why: Evidence) -> None:
        open_points = [point for point in checkpoints_of(number) if point.id not in self._run.answers]
        self._run.answer([answer(point.id, "not_run", why) for point in open_points])

    def _test_result(self, number: int) -> TestResult:
        started_at, finished_at = self._spans.get(number, (None, None))
        return verdicts.of_test(number, self._run.answers, started_at, finished_at)

    async def finish(self, *, aborted: bool) -> RunResult:
        """Clean up and make the result."""
        await self._clean_up()
        result = self._result(aborted)
        self._run.tell(RunFinished(at=self._run.now(), result=result))
        return result

    async def _clean_up(self) -> None:
        run = self._run
        try:
            # The last one was closed a moment ago; the others had their time.
            readings = [
                await run.read_mode_until(session_id, False, 0.0 if n else run.limits.mode_change_s)
                for n, session_id in enumerate(reversed(run.sessions))
            ]
            if self._request.finish_sessions:
                await run.finish_sessions()
        finally:
            await run.close()
        run.tell(
            CleanedUp(
                at=run.now(),
                session_ids=tuple(run.sessions),
                realtime_mode=tuple(reading[-1].value for reading in reversed(readings)),
                finished=self._request.finish_sessions,
            )
        )

    def _result(self, aborted: bool) -> RunResult:
        run, request = self._run, self._request
        met = verdicts.conditions(run.answers)
        second = request.second_account
        return RunResult(
            id=self._id,
            started_at=self._started_at.isoformat(timespec="milliseconds"),
            finished_at=wall_now(),
            console_version=version(),
            server_url=request.server_url,
            username=request.account.username,
            second_user=second.username if second is not None else None,
            source=source_name(request.source or sample_source(request.language)),
            language=request.language,
            chunk_bytes=request.chunk_bytes,
            tests=tuple(self._test_result(test.number) for test in TESTS),
            selected=request.tests,
            conditions=met,
            minimum=verdicts.level(met, "minimum"),
            ideal=verdicts.level(met, "ideal"),
            document=verdicts.of_selected(request.tests, run.answers, "document"),
            beyond=verdicts.of_selected(request.tests, run.answers, "beyond"),
            conversations=tuple(run.conversations),
            session_ids=(*run.sessions, *run.second_sessions),
            directory=str(request.directory),
            aborted=aborted,
        )
