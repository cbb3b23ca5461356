"""One load run on the command line: checked, watched, written down."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from api_client.errors import BadUrl
from api_client.server_url import normalise_server_url, shown_address
from load.plan import Account, Language, Place, Plan, ProfileName, SwarmOrder
from tui.cli.group import reject
from tui.cli.load_progress import Progress
from tui.cli.login import LoginRequest, login_of, refused
from tui.cli.text_table import table_lines
from tui.exit_codes import ExitCode
from tui.host.memory import private_directory
from tui.i18n import _
from tui.settings import ConsoleSettings
from tui.wording import load as words
from tui.wording.errors import sentence

if TYPE_CHECKING:
    from load.controller import Controller
    from load.limits import Limit
    from load.result import Result

LOOPBACK = ("127.0.0.1", "::1", "localhost")
NEEDED = ("locust", "gevent", "psutil")


@dataclass(frozen=True, kw_only=True)
class LoadRequest:
    """The command's own options."""

    users: int
    spawn_rate: float
    duration: float
    profile: ProfileName
    spoken: Language
    stop_when: tuple[str, ...]
    find_limit: bool
    most_users: int
    directory: Path | None
    permitted: str | None
    web_port: int | None
    master: bool
    expect_workers: int
    bound: tuple[str, int]
    follows: tuple[str, int] | None

    @property
    def place(self) -> Place:
        """Which part this process has."""
        if self.master:
            return "master"
        return "alone" if self.follows is None else "worker"


def run_load(settings: ConsoleSettings, request: LoadRequest) -> int:
    """The whole run; returns the exit code."""
    _require_extra()
    if request.master and request.follows is not None:
        raise reject(_("Give --master or --worker, not both."))
    limits = _limits(request.stop_when)
    login = login_of(settings)
    _check_permission(login.server_url, request.permitted)
    directory = _directory(settings, request.directory)
    return asyncio.run(_run(request, login, limits, directory))


def _require_extra() -> None:
    missing = next((name for name in NEEDED if find_spec(name) is None), None)
    if missing is not None:
        raise reject(
            _("Load needs {name}, which is not installed. Install it with: {command}").format(
                name=missing, command='pip install "salesmind-console[load]"'
            )
        )


def _check_permission(server_url: str, permitted: str | None) -> None:
    """Another machine than this one must be named once more: its owner may not want this."""
    try:
        host = urlsplit(normalise_server_url(server_url)).hostname or ""
    except BadUrl as error:
        raise refused(error, server_url) from None
    if host not in LOOPBACK and permitted != host:
        raise reject(
            _(
                "{host} is not this machine. If you may put load on it: --i-may-load-this-server {host}"
            ).format(host=host)
        )


def _limits(written: tuple[str, ...]) -> tuple[Limit, ...]:
    from load.limits import NAMES, BadLimit, read_limit

    try:
        return tuple(map(read_limit, written))
    except BadLimit as bad:
        raise reject(
            _("{limit} is no limit. Write NAME>NUMBER, where NAME is one of: {names}").format(
                limit=bad, names=", ".join(NAMES)
            )
        ) from None


def _directory(settings: ConsoleSettings, chosen: Path | None) -> Path:
    stamp = datetime.now().astimezone().strftime("%Y%m%d-%H%M%S")
    directory = chosen or settings.state_directory / "load" / stamp
    try:
        return private_directory(directory)
    except OSError as error:
        raise reject(
            _("{path} cannot be written: {reason}").format(path=directory, reason=error.strerror or error)
        ) from None


async def _run(request: LoadRequest, login: LoginRequest, limits: tuple[Limit, ...], directory: Path) -> int:
    from load.controller import Controller, Course, LoadFailed

    account = Account(login.server_url, login.username, login.password, login.insecure)
    host, port = request.follows or request.bound
    order = SwarmOrder(
        Plan(account, request.profile, request.spoken),
        place=request.place,
        master_host=host,
        master_port=port,
        expected_workers=request.expect_workers if request.master else 0,
        web_port=request.web_port,
    )
    course = Course(
        request.users, request.spawn_rate, request.duration, limits, request.find_limit, request.most_users
    )
    with Progress(request.find_limit) as progress:
        controller = Controller(order, course, progress.watcher, log=directory / "load.log")
        _interrupt_on_signals(controller)
        try:
            result = await controller.run()
        except LoadFailed as failed:
            known = words.failure(failed.code) or sentence(failed.code, failed.params, str(failed))
            raise reject(f"{shown_address(login.server_url)}: {known}", ExitCode.CONNECTION) from None
    if request.place == "worker":
        codes = {"interrupted": ExitCode.INTERRUPTED, "failed": ExitCode.CONNECTION}
        return codes.get(result.ending, ExitCode.OK)
    _report(result, directory)
    return _exit_code(result)


def _interrupt_on_signals(controller: Controller) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, controller.interrupt)


def _report(result: Result, directory: Path) -> None:
    """Say it on standard output, and write it down."""
    import msgspec

    from load.report import page

    measures, facts = words.measure_rows(result.total), words.fact_rows(result.total)
    steps, verdict = words.step_rows(result.steps), words.verdict(result)
    for table in (measures, facts, steps):
        for line in table_lines(table):
            click.echo(line)
        if table:
            click.echo("")
    for sentence_of_verdict in verdict:
        click.echo(sentence_of_verdict)
    tables: list[Sequence[Sequence[str]]] = [measures, [(_("Of the whole run"), ""), *facts]]
    tables += [steps] if steps else []
    written = msgspec.json.format(msgspec.json.encode(_without_bulk(result)), indent=1)
    try:
        (directory / "result.json").write_bytes(written + b"\n")
        (directory / "report.html").write_text(
            page(result, words.page_words(), verdict, tables), encoding="utf-8"
        )
    except OSError as error:
        raise reject(
            _("{path} cannot be written: {reason}").format(path=directory, reason=error.strerror or error)
        ) from None
    click.echo(_("Report: {path}").format(path=directory / "report.html"), err=True)


def _without_bulk(result: Result) -> Result:
    """Of the lateness of every chunk, only the largest of each second: the rest would be most of the file."""
    from msgspec.structs import replace

    rows = [
        replace(row, samples={**row.samples, "lateness": [max(row.samples["lateness"])]})
        if row.samples.get("lateness")
        else row
        for row in result.rows
    ]
    return replace(result, rows=rows)


def _exit_code(result: Result) -> ExitCode:
    if result.ending == "interrupted":
        return ExitCode.INTERRUPTED
    if result.ending == "failed" or result.total.users == 0:
        return ExitCode.CONNECTION
    if not result.valid or result.ending == "limit":
        return ExitCode.CHECK_FAILED
    if not result.steps and result.total.failures:
        return ExitCode.CHECK_FAILED
    return ExitCode.OK
