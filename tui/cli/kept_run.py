"""What a run of the procedure and a run of scenarios share: login, directory, output, and keeping the result."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path

import click

from acceptance import progress
from acceptance.progress import ProgressEvent, RunFinished
from acceptance.request import Credentials
from acceptance.results import RunResult
from api_client.rest import SalesMindClient
from tui import i18n
from tui.cli.group import reject
from tui.cli.login import LoginRequest
from tui.cli.report_files import write_file, write_reports
from tui.host.memory import private_directory
from tui.host.run_directory import new_run_directory
from tui.i18n import _
from tui.settings import ConsoleSettings
from tui.wording.errors import of_error


async def account_of(login: LoginRequest, username: str, password: str) -> Credentials:
    """Log in. Raises ``ApiError``."""
    client = SalesMindClient(login.server_url, insecure=login.insecure, language=i18n.language())
    async with client:
        answer = await client.login(username, password)
        return Credentials(answer.user.username, answer.token)


def run_directory(settings: ConsoleSettings, out: Path | None) -> Path:
    """The run's own directory, accessible to its owner only. Raises ``Exit`` after reporting why there is none."""
    try:
        if out is None:
            return new_run_directory(settings.state_directory).resolve()
        return private_directory(out).resolve()
    except OSError as error:
        sentence = _("The directory {path} cannot be created: {reason}")
        path = error.filename or out or settings.state_directory
        raise reject(sentence.format(path=path, reason=error.strerror)) from None


class RunOutput:
    """Prints the run's events, and stops it on a signal or when the output cannot be written any more."""

    def __init__(self, show: Callable[[ProgressEvent], None], *, as_json: bool) -> None:
        self._as_json = as_json
        self._print = show
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

    async def follow_and_keep(
        self,
        run: Coroutine[None, None, RunResult],
        settings: ConsoleSettings,
        directory: Path,
        reports: Mapping[str, Path | None],
    ) -> tuple[RunResult, bool]:
        """The result, and whether everything asked for could be written. What an aborted run found is kept as well.

        Raises ``CancelledError`` for an aborted run, ``Exit`` if the output could not be written.
        """
        written = True
        try:
            await self.follow(run)
        except asyncio.CancelledError:
            if self.failure is None:
                raise
        finally:
            if self.result is not None:
                written = _write(self.result, directory, reports)
                _keep(self.result, settings)
        if self.failure is not None:
            raise reject(self.failure)
        assert self.result is not None
        return self.result, written


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


def _write(result: RunResult, directory: Path, reports: Mapping[str, Path | None]) -> bool:
    """result.json in the run's directory, and the requested reports; whether all could be written."""
    from acceptance.reports import as_json

    written = True
    try:
        # For its owner only: it holds what was said.
        write_file(directory / "result.json", as_json(result).encode(), mode=0o600)
    except click.exceptions.Exit:
        written = False
    try:
        write_reports(result, reports)
    except click.exceptions.Exit:
        written = False
    return written
