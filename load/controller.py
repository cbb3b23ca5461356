"""Leads a run: starts the swarm, says how many users to have, takes in their reports, decides when to end."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from api_client.server_url import shown_address
from load.figures import Row, Usage, figures, row
from load.limits import LIMITS_OF_THE_KNEE, Limit, Passed, passed
from load.lines import Failed, FromSwarm, Page, Second, Users, Workers, encode
from load.plan import SwarmOrder
from load.result import Ending, Result, StepResult
from load.server_usage import ServerUsage, listening_process

COMMAND = (sys.executable, "-m", "load.swarm")
SETTLE_S = 3.0
"""Of each step, before its seconds count."""
JOIN_TIMEOUT_S = 30.0
"""How much longer than the spawn rate says users may take to be in a conversation."""
WINDOW_ROWS = 30
"""``stop_when`` judges the last so many seconds."""
SWARM_ENDS_S = 75.0
LONGEST_LINE = 16 * 2**20


class LoadFailed(Exception):
    """The run could not begin or go on. ``code`` has a sentence in ``tui.wording``."""

    def __init__(self, code: str, message: str, params: dict[str, str]) -> None:
        super().__init__(message)
        self.code = code
        self.params = params


@dataclass(frozen=True)
class Course:
    """How many users, how fast, how long."""

    users: int
    """With ``find_limit``: of the first step, and how many more each further step has."""
    spawn_rate: float
    """New users per second."""
    duration_s: float
    """Of the run; with ``find_limit`` of each step."""
    stop_when: tuple[Limit, ...] = ()
    find_limit: bool = False
    most_users: int = 500


@dataclass
class Watcher:
    """Who is told while a run goes on."""

    on_row: Callable[[list[Row]], None] = lambda rows: None
    on_step: Callable[[StepResult], None] = lambda step: None
    on_page: Callable[[str], None] = lambda url: None
    on_workers: Callable[[int, int], None] = lambda here, expected: None


@dataclass
class _Run:
    """What has been measured and found."""

    rows: list[Row] = field(default_factory=list)
    steps: list[StepResult] = field(default_factory=list)
    passed: list[Passed] = field(default_factory=list)


class Controller:
    """One run. ``interrupt`` ends it early, with all that was measured until then."""

    def __init__(
        self,
        order: SwarmOrder,
        course: Course,
        watcher: Watcher,
        *,
        log: Path,
        command: tuple[str, ...] = COMMAND,
    ) -> None:
        self._order = order
        self._course = course
        self._watcher = watcher
        self._log = log
        self._command = command
        self._run = _Run()
        self._seconds: list[Second] = []
        self._talking: dict[int, int] = {}
        """Users in a conversation, by crowd, as each last reported."""
        self._failed: Failed | None = None
        self._wanted = 0
        self._begun = time.monotonic()
        self._interrupted = asyncio.Event()
        self._over = asyncio.Event()
        """The swarm has ended, or a crowd of this machine could not begin."""
        self._workers_here = asyncio.Event()

    def interrupt(self) -> None:
        """End it now."""
        self._interrupted.set()

    async def run(self) -> Result:
        """To its end. Raises ``LoadFailed`` if it could not begin, and ``OSError`` if the swarm cannot be started."""
        began_at = datetime.now(UTC).isoformat(timespec="seconds")
        pid = listening_process(self._order.plan.account.server_url)
        usage = None if pid is None else ServerUsage(pid)
        with self._log.open("ab") as log:
            swarm = await asyncio.create_subprocess_exec(
                *self._command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=log,
                limit=LONGEST_LINE, start_new_session=True,
            )  # fmt: skip
        assert swarm.stdin is not None and swarm.stdout is not None
        reading = asyncio.create_task(self._read(swarm.stdout))
        self._stdin = swarm.stdin
        try:
            with suppress(ConnectionError):
                swarm.stdin.write(msgspec.json.encode(self._order) + b"\n")
            ending = await self._lead(usage)
        finally:
            swarm.stdin.close()
            try:
                async with asyncio.timeout(SWARM_ENDS_S):
                    await reading
                    await swarm.wait()
            except TimeoutError:
                swarm.kill()
            reading.cancel()
        if self._seconds:
            self._add_row(time.monotonic(), None)
        if self._failed is not None and not self._run.rows:
            raise LoadFailed(self._failed.code, self._failed.message, self._failed.params)
        if ending == "failed" and swarm.returncode == 0:
            ending = "duration"  # a worker's run ends when its master says so
        return self._result(began_at, ending)

    def _result(self, began_at: str, ending: Ending) -> Result:
        total = figures(self._run.rows)
        held = [step for step in self._run.steps if step.held]
        late = self._run.steps[-1].figures.late if self._run.steps else total.late
        return Result(
            began_at=began_at,
            server=shown_address(self._order.plan.account.server_url),
            profile=self._order.plan.profile,
            users=self._course.users if not self._run.steps else max((s.users for s in held), default=0),
            spawn_rate=self._course.spawn_rate,
            ending=ending,
            valid=not late,
            total=total,
            steps=self._run.steps,
            passed=self._run.passed,
            rows=self._run.rows,
        )

    # --- what comes from the swarm -----------------------------------------------------------------------

    async def _read(self, stdout: asyncio.StreamReader) -> None:
        decoder = msgspec.json.Decoder(FromSwarm)
        try:
            while line := await stdout.readline():
                match decoder.decode(line):
                    case Second() as second:
                        self._workers_here.set()
                        self._seconds.append(second)
                    case Failed() as failed:
                        self._failed = failed
                        self._over.set()
                    case Page(url):
                        self._watcher.on_page(url)
                    case Workers(here):
                        self._watcher.on_workers(here, self._order.expected_workers)
                        if here >= self._order.expected_workers:
                            self._workers_here.set()
        finally:
            self._over.set()

    # --- what it is told ---------------------------------------------------------------------------------

    async def _lead(self, usage: ServerUsage | None) -> Ending:
        # The first line of a crowd says that it has logged in; until then nothing is measured.
        if await self._first_of(self._workers_here, self._over, self._interrupted) is self._over:
            return "failed"
        self._begun = time.monotonic()
        if self._course.find_limit:
            return await self._find_limit(usage)
        await self._want(self._course.users)
        async for _ in self._ticks(self._course.duration_s, usage):
            self._run.passed = passed(self._course.stop_when, figures(self._run.rows[-WINDOW_ROWS:]))
            if self._run.passed:
                return "limit"
        return self._cut_short or "duration"

    async def _find_limit(self, usage: ServerUsage | None) -> Ending:
        limits = self._course.stop_when or LIMITS_OF_THE_KNEE
        for users in range(self._course.users, self._course.most_users + 1, self._course.users):
            await self._want(users)
            joining_s = self._course.users / self._course.spawn_rate + JOIN_TIMEOUT_S
            async for here in self._ticks(joining_s, usage):
                if here.users >= users:
                    break
            async for _ in self._ticks(SETTLE_S, usage):
                pass
            first = len(self._run.rows)
            async for _ in self._ticks(self._course.duration_s, usage):
                pass
            if self._cut_short:
                return self._cut_short
            over = figures(self._run.rows[first:])
            step = StepResult(users, over, passed(limits, over))
            self._run.steps.append(step)
            self._watcher.on_step(step)
            if step.figures.late:
                return "late"
            if not step.held:
                self._run.passed = step.passed
                return "knee"
        return "most_users"

    @property
    def _cut_short(self) -> Ending | None:
        if self._interrupted.is_set():
            return "interrupted"
        return "failed" if self._over.is_set() else None

    async def _want(self, users: int) -> None:
        self._wanted = users
        with suppress(ConnectionError):  # the swarm has ended, which is noticed as the end of its output
            self._stdin.write(encode(Users(users, self._course.spawn_rate)))
            await self._stdin.drain()

    async def _ticks(self, seconds: float, usage: ServerUsage | None) -> AsyncIterator[Row]:
        """A row each second for so long, or until the run is cut short."""
        begun = time.monotonic()
        while (left_s := seconds - (time.monotonic() - begun)) > 0:
            if await self._first_of(self._over, self._interrupted, timeout_s=min(1.0, left_s)):
                return
            yield self._add_row(time.monotonic(), None if usage is None else usage.look())

    def _add_row(self, now: float, usage: Usage | None) -> Row:
        taken, self._seconds = self._seconds, []
        added = row(now - self._begun, self._wanted, self._talking, taken, usage)
        self._run.rows.append(added)
        self._watcher.on_row(self._run.rows)
        return added

    async def _first_of(self, *any_of: asyncio.Event, timeout_s: float | None = None) -> asyncio.Event | None:
        """The first of these that is set; None after ``timeout_s``."""
        waiting = [asyncio.create_task(event.wait()) for event in any_of]
        await asyncio.wait(waiting, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        for task in waiting:
            task.cancel()
        return next((event for event in any_of if event.is_set()), None)
