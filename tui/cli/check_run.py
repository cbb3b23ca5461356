"""One headless acceptance run: log in, run, print, write the reports, give the exit code."""

from __future__ import annotations

import asyncio
import contextlib
import getpass
import os
import signal
import sys
import time
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import click

from acceptance import progress, results
from acceptance.progress import ProgressEvent, Question, Reply, RunFinished
from acceptance.request import Account, CheckRequest, RestartServer
from acceptance.results import RunResult
from acceptance.runner import run_check
from api_client.errors import ApiError
from api_client.rest import SalesMindClient
from tui import i18n
from tui.cli.check import SECOND_PASSWORD_VARIABLE
from tui.cli.check_text import ProgressPrinter, result_lines
from tui.cli.exit_codes import ExitCode
from tui.cli.group import reject
from tui.cli.report_files import write_file, write_reports
from tui.cli.server_command import ServerCommand
from tui.cli.talk_session import exit_code_of, password_of
from tui.i18n import _
from tui.settings import DEFAULT_SERVER_URL, ConsoleSettings, SettingsError
from tui.wording import of_error


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """The check's own options, as given on the command line."""

    tests: tuple[int, ...]
    second_user: str | None
    server_command: str | None
    ask: bool
    finish_sessions: bool
    out: Path | None
    spoken: Literal["ja", "en"] | None
    as_json: bool
    junit: Path | None
    markdown: Path | None
    html: Path | None
    sink: str
    source: str | None


async def check(settings: ConsoleSettings, options: CheckOptions) -> int:
    """Run what ``options`` ask for; gives the exit code."""
    _check_audio(options)
    with contextlib.ExitStack() as stack:
        server_url, restart = await asyncio.to_thread(_server, settings, options, stack)
        request = await _log_in(settings, options, server_url)
        operator = _TerminalOperator() if options.ask else None
        output = _Output(options)
        try:
            result = await output.follow(
                run_check(request, output.show, operator=operator, restart_server=restart)
            )
        finally:
            # What an aborted run found is kept as well.
            if output.result is not None:
                _keep(output.result, settings)
                _write(output.result, request.directory, options)
    if not options.as_json:
        for line in result_lines(result):
            click.echo(line)
    return ExitCode.OK if result.passed else ExitCode.CHECK_FAILED


def _check_audio(options: CheckOptions) -> None:
    from audio.errors import AudioError
    from audio.spec import parse_sink, parse_source

    try:
        if options.source is not None:
            parse_source(options.source)
        parse_sink(options.sink)
    except AudioError as error:
        raise SettingsError(of_error(error)) from None


# --- before the run ------------------------------------------------------------------------------


def _server(
    settings: ConsoleSettings, options: CheckOptions, stack: contextlib.ExitStack
) -> tuple[str, RestartServer | None]:
    """The server's base URL, and how to restart it where it is ours."""
    profile = next((p for p in settings.profiles if p.name == settings.profile), None)
    if options.server_command is None:
        return settings.server_url or (profile.server_url if profile else DEFAULT_SERVER_URL), None
    server = stack.enter_context(ServerCommand(options.server_command))
    click.echo(_("Starting the SalesMind server ..."), err=True)
    try:
        url = server.start()
    except OSError as error:
        sentence = _("The server command could not be run: {reason}").format(reason=error)
        raise reject(sentence, ExitCode.CONNECTION) from None

    async def restart() -> str:
        return await asyncio.to_thread(server.restart)

    return url, restart


async def _log_in(settings: ConsoleSettings, options: CheckOptions, server_url: str) -> CheckRequest:
    profile = next((p for p in settings.profiles if p.name == settings.profile), None)
    username = settings.username or (profile.username if profile else "")
    if not username:
        raise reject(_("Say who is logging in: --username NAME."))
    insecure = settings.insecure or bool(profile and profile.insecure)
    second: Account | None = None
    try:
        password = await asyncio.to_thread(password_of, username)
        first = await _account(server_url, username, password, insecure)
        if options.second_user is not None:
            second = await _account(server_url, options.second_user, _second_password(), insecure)
    except ApiError as error:
        raise reject(of_error(error), exit_code_of(error)) from None
    return CheckRequest(
        server_url=server_url,
        account=first,
        directory=_directory(settings, options),
        second_account=second,
        insecure=insecure,
        tests=tuple(sorted(set(options.tests))) or (1, 2, 3, 4),
        source=options.source or settings.audio.source,
        sink=options.sink,
        language=options.spoken or settings.conversation_language or i18n.language(),
        chunk_bytes=settings.audio.chunk_bytes,
        finish_sessions=options.finish_sessions,
    )


async def _account(server_url: str, username: str, password: str, insecure: bool) -> Account:
    async with SalesMindClient(server_url, insecure=insecure, language=i18n.language()) as client:
        login = await client.login(username, password)
        return Account(login.user.username, login.token)


def _second_password() -> str:
    password = os.environ.get(SECOND_PASSWORD_VARIABLE)
    if password is None:
        raise reject(_("--second-user needs a password: set {name}.").format(name=SECOND_PASSWORD_VARIABLE))
    return password


def _directory(settings: ConsoleSettings, options: CheckOptions) -> Path:
    """A directory of the run's own, for its owner only."""
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    directory = options.out or settings.state_directory / "checks" / f"{stamp}-{os.getpid()}"
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        sentence = _("The directory {path} cannot be made: {reason}")
        raise reject(sentence.format(path=directory, reason=error.strerror)) from None
    return directory.resolve()


# --- during the run ------------------------------------------------------------------------------


class _Output:
    """Prints what the run says, and ends it when it is told to or nobody reads any more."""

    def __init__(self, options: CheckOptions) -> None:
        self._as_json = options.as_json
        self._people = ProgressPrinter(lambda line: click.echo(line, err=True))
        self._task: asyncio.Task[RunResult] | None = None
        self._unread = False
        self.result: RunResult | None = None
        """What the run found, once it is over."""

    def show(self, event: ProgressEvent) -> None:
        """Print one event."""
        if isinstance(event, RunFinished):
            self.result = event.result
        if self._unread:
            return
        try:
            if self._as_json:
                click.echo(progress.encode(event))
            self._people(event)
        except BrokenPipeError:
            self._unread = True
            if self._task is not None:
                self._task.cancel()

    async def follow(self, run: Coroutine[None, None, RunResult]) -> RunResult:
        """SIGTERM ends the run as ctrl+c does: it cleans up and says what it found until then."""
        self._task = task = asyncio.create_task(run)
        with contextlib.suppress(NotImplementedError):
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        return await task


class _TerminalOperator:
    """Asks on standard error, reads standard input."""

    def __init__(self) -> None:
        if not sys.stdin.isatty():
            raise reject(_("--ask needs a terminal."))
        self.name = getpass.getuser()

    async def ask(self, question: Question) -> Reply:
        words = question.ja if i18n.language() == "ja" else question.en
        choice = click.Choice(["y", "n", "-"])
        prompt = _("{question} (y: yes, n: no, -: cannot tell)").format(question=words)
        reply = await asyncio.to_thread(click.prompt, prompt, type=choice, err=True, show_choices=False)
        replies: dict[str, Reply] = {"y": "pass", "n": "fail", "-": "not_applicable"}
        return replies[str(reply)]


# --- after the run -------------------------------------------------------------------------------


def _keep(result: RunResult, settings: ConsoleSettings) -> None:
    """Among the results of all runs. If that fails it is said; the result itself is not in danger."""
    from acceptance.store import FILE_NAME, ResultsStore, StoreError

    try:
        with ResultsStore(settings.state_directory / FILE_NAME) as store:
            store.keep(result)
    except StoreError as error:
        click.echo(of_error(error), err=True)


def _write(result: RunResult, directory: Path, options: CheckOptions) -> None:
    """result.json in the run's directory, and the reports that were asked for."""
    write_file(directory / "result.json", results.encode(result), mode=0o600)  # it holds what was said
    files = {"markdown": options.markdown, "junit": options.junit, "html": options.html}
    write_reports(result, files)
