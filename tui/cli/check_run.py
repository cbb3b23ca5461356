"""One acceptance run on the command line: log in, run, print, write the reports, return the exit code."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Coroutine, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import click

from acceptance import progress
from acceptance.progress import ProgressEvent, RunFinished
from acceptance.request import CheckRequest, Credentials, Means, Operator, RestartServer
from acceptance.results import RunResult
from acceptance.runner import run_check
from api_client.errors import ApiError
from api_client.rest import SalesMindClient
from tui import i18n
from tui.cli.check_means import cutting, revocation
from tui.cli.check_text import RunPrinter
from tui.cli.group import reject
from tui.cli.login import SECOND_PASSWORD_VARIABLE, Login, login_of, password_from, refused
from tui.cli.report_files import STANDARD_OUTPUT, check_files, write_file, write_reports
from tui.cli.server_process import CommandInvalid, ServerProcess, command_words
from tui.cli.sound_arguments import check_sound_arguments
from tui.cli.terminal_operator import TerminalOperator
from tui.conversation.setup import conversation_language
from tui.exit_codes import ExitCode
from tui.host.memory import private_directory
from tui.host.run_directory import new_run_directory
from tui.i18n import _
from tui.settings import ConsoleSettings
from tui.wording.errors import of_error


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
    revoke_command: str | None = None
    engine_control: str | None = None
    wrong_logins: bool = False

    @property
    def reports(self) -> dict[str, Path | None]:
        """The path for each requested format."""
        return {"markdown": self.markdown, "junit": self.junit, "html": self.html}

    @property
    def text_is_data(self) -> bool:
        """Whether the result goes to standard output as text, because nothing else does."""
        return not self.as_json and STANDARD_OUTPUT not in self.reports.values()


def check(settings: ConsoleSettings, options: CheckOptions) -> int:
    """Run the check that ``options`` describe; returns the exit code.

    All mistakes of the caller are found before anything is sent to the server.
    """
    check_sound_arguments([] if options.source is None else [options.source], options.sink)
    if options.out is not None:
        _directory(settings, options)  # a report may be meant to go there
    check_files(options.reports.values(), output_taken=options.as_json)
    revoke, cut = revocation(options.revoke_command, options.second_user), cutting(options.engine_control)
    second_password = _second_password() if options.second_user is not None else ""
    operator = TerminalOperator() if options.ask else None
    login = login_of(settings)
    with ExitStack() as stack:
        restart: RestartServer | None = None
        if options.server_command is not None:
            url, restart = stack.enter_context(_started(options.server_command))
            login = replace(login, server_url=url)
        means = Means(restart, revoke, cut)
        return asyncio.run(_check(settings, options, login, second_password, operator, means))


async def _check(
    settings: ConsoleSettings,
    options: CheckOptions,
    login: Login,
    second_password: str,
    operator: Operator | None,
    means: Means,
) -> int:
    request = await _log_in(settings, options, login, second_password)
    output = _Output(options)
    written = True
    try:
        await output.follow(run_check(request, output.show, operator=operator, means=means))
    except asyncio.CancelledError:
        if output.failure is None:
            raise
    finally:
        # What an aborted run found is kept as well.
        if output.result is not None:
            written = _write(output.result, request.directory, options)
            _keep(output.result, settings)
    if output.failure is not None:
        raise reject(output.failure)
    assert output.result is not None
    if not output.result.passed:
        return ExitCode.CHECK_FAILED
    return ExitCode.OK if written else ExitCode.USAGE


# --- before the run ------------------------------------------------------------------------------


def _second_password() -> str:
    if (password := password_from(SECOND_PASSWORD_VARIABLE)) is None:
        raise reject(_("--second-user needs a password: set {name}.").format(name=SECOND_PASSWORD_VARIABLE))
    return password


@contextmanager
def _started(command: str) -> Iterator[tuple[str, RestartServer]]:
    """The base URL of the caller's own server, and how to restart it, while the block runs."""
    try:
        server = ServerProcess(command_words(command))
    except CommandInvalid:
        raise reject(_("--server-command cannot be parsed: {command}").format(command=command)) from None

    async def restart() -> str:
        return await asyncio.to_thread(server.restart)

    # SIGTERM must not leave the server behind, whatever is being waited for.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with server:
        click.echo(_("Starting the SalesMind server ..."), err=True)
        try:
            url = server.start()
        except OSError as error:
            sentence = _("The server command {command} could not be run: {reason}")
            reason = error.strerror or str(error)
            raise reject(sentence.format(command=command, reason=reason), ExitCode.CONNECTION) from None
        yield url, restart


async def _log_in(
    settings: ConsoleSettings, options: CheckOptions, login: Login, second_password: str
) -> CheckRequest:
    second: Credentials | None = None
    try:
        first = await _account(login, login.username, login.password)
    except ApiError as error:
        raise refused(error, login.server_url) from None
    try:
        if options.second_user is not None:
            second = await _account(login, options.second_user, second_password)
    except ApiError as error:
        raise refused(error, login.server_url, options.second_user) from None
    return CheckRequest(
        server_url=login.server_url,
        account=first,
        directory=_directory(settings, options),
        second_account=second,
        insecure=login.insecure,
        tests=tuple(sorted(set(options.tests))) or (1, 2, 3, 4),
        source=options.source or settings.audio.source,
        sink=options.sink,
        language=options.spoken or conversation_language(settings),
        chunk_bytes=settings.audio.chunk_bytes,
        finish_sessions=options.finish_sessions,
        try_wrong_logins=options.wrong_logins,
    )


async def _account(login: Login, username: str, password: str) -> Credentials:
    client = SalesMindClient(login.server_url, insecure=login.insecure, language=i18n.language())
    async with client:
        answer = await client.login(username, password)
        return Credentials(answer.user.username, answer.token)


def _directory(settings: ConsoleSettings, options: CheckOptions) -> Path:
    """The run's own directory, accessible to its owner only."""
    try:
        if options.out is None:
            return new_run_directory(settings.state_directory).resolve()
        return private_directory(options.out).resolve()
    except OSError as error:
        sentence = _("The directory {path} cannot be created: {reason}")
        path = error.filename or options.out or settings.state_directory
        raise reject(sentence.format(path=path, reason=error.strerror)) from None


# --- during the run ------------------------------------------------------------------------------


class _Output:
    """Prints the run's events, and stops it on a signal or when the output cannot be written any more."""

    def __init__(self, options: CheckOptions) -> None:
        self._as_json = options.as_json
        self._print = RunPrinter(
            progress=lambda line: click.echo(line, err=True),
            result=lambda line: click.echo(line, err=not options.text_is_data),
        )
        self._task: asyncio.Task[RunResult] | None = None
        self._unread = False
        self.result: RunResult | None = None
        """What the run found, once it is over."""
        self.failure: str | None = None
        """Why the output could not be written, if the reader did not just stop reading."""

    def show(self, event: ProgressEvent) -> None:
        """Print one event."""
        if isinstance(event, RunFinished):
            self.result = event.result
        if self._unread:
            return
        try:
            if self._as_json:
                click.echo(progress.encode(event))
            self._print(event)
        except OSError as error:
            self._unread = True
            if not isinstance(error, BrokenPipeError):
                sentence = _("The output cannot be written, so the run was stopped: {reason}")
                self.failure = sentence.format(reason=error.strerror)
            if self._task is not None and self.result is None:
                self._task.cancel()

    async def follow(self, run: Coroutine[None, None, RunResult]) -> None:
        """SIGTERM and a closed terminal stop the run like ctrl+c: it cleans up and saves its results."""
        self._task = asyncio.create_task(run)
        for name in ("SIGTERM", "SIGHUP"):
            with contextlib.suppress(NotImplementedError, AttributeError):  # Windows
                asyncio.get_running_loop().add_signal_handler(getattr(signal, name), self._task.cancel)
        await self._task


# --- after the run -------------------------------------------------------------------------------


def _keep(result: RunResult, settings: ConsoleSettings) -> None:
    """Save to the results store. A failure is reported; the result itself is not lost."""
    from acceptance.store import StoreError
    from tui.host.results import keep_result

    try:
        keep_result(result, settings.state_directory)
    except StoreError as error:
        click.echo(of_error(error), err=True)
        return
    sentence = _("Saved as {id}. Recordings and logs: {directory}")
    click.echo(sentence.format(id=result.id, directory=result.directory), err=True)


def _write(result: RunResult, directory: Path, options: CheckOptions) -> bool:
    """result.json in the run's directory, and the requested reports; whether all could be written."""
    from acceptance.reports import as_json

    written = True
    try:
        # For its owner only: it holds what was said.
        write_file(directory / "result.json", as_json(result).encode(), mode=0o600)
    except click.exceptions.Exit:
        written = False
    try:
        write_reports(result, options.reports)
    except click.exceptions.Exit:
        written = False
    return written
