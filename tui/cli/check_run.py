"""One acceptance run on the command line: log in, run, print, write the reports, return the exit code."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import click

from acceptance.request import CheckRequest, Credentials, Means, Operator, RestartServer
from acceptance.runner import run_check
from api_client.errors import ApiError
from tui.cli.check_means import cutting, revocation
from tui.cli.check_text import RunPrinter
from tui.cli.group import reject
from tui.cli.kept_run import RunOutput, account_of, run_directory
from tui.cli.login import SECOND_PASSWORD_VARIABLE, LoginRequest, login_of, password_from, refused
from tui.cli.report_files import STANDARD_OUTPUT, check_files
from tui.cli.server_process import CommandInvalid, ServerProcess, command_words
from tui.cli.sound_arguments import check_sound_arguments
from tui.cli.terminal_operator import TerminalOperator
from tui.conversation.setup import conversation_language
from tui.exit_codes import ExitCode
from tui.i18n import _
from tui.settings import ConsoleSettings


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
        run_directory(settings, options.out)  # a report may be meant to go there
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
    login: LoginRequest,
    second_password: str,
    operator: Operator | None,
    means: Means,
) -> int:
    request = await _log_in(settings, options, login, second_password)
    show = RunPrinter(
        progress=lambda line: click.echo(line, err=True),
        result=lambda line: click.echo(line, err=not options.text_is_data),
    )
    output = RunOutput(show, as_json=options.as_json)
    run = run_check(request, output.show, operator=operator, means=means)
    result, written = await output.follow_and_keep(run, settings, request.directory, options.reports)
    if not result.passed:
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
    settings: ConsoleSettings, options: CheckOptions, login: LoginRequest, second_password: str
) -> CheckRequest:
    second: Credentials | None = None
    try:
        first = await account_of(login, login.username, login.password)
    except ApiError as error:
        raise refused(error, login.server_url) from None
    try:
        if options.second_user is not None:
            second = await account_of(login, options.second_user, second_password)
    except ApiError as error:
        raise refused(error, login.server_url, options.second_user) from None
    return CheckRequest(
        server_url=login.server_url,
        account=first,
        directory=run_directory(settings, options.out),
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
