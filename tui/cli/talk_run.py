"""One headless conversation: start the relay, print what it says, give it its turns, end it."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import tempfile
from collections.abc import Callable
from pathlib import Path

import click

from relay import stream
from relay.client import RelayProcess
from relay.commands import Command, Say, Stop, UseSource
from relay.conversation import ConversationState, fold
from relay.stream import Connection, Notice, Problem, StreamEvent, Summary
from tui.cli.exit_codes import ExitCode
from tui.cli.login import Login, login_of
from tui.cli.sound_arguments import check_sound_arguments
from tui.cli.talk_session import TalkRequest, begin, check_request
from tui.cli.transcript_text import TranscriptPrinter
from tui.cli.turn_script import AnswerFailed, AnswerTimeout, RecordingFailed, TurnScript
from tui.conversation.setup import relay_config
from tui.i18n import _
from tui.settings import ConsoleSettings
from tui.wording.errors import of_event

STOP_TIMEOUT_S = 15.0
"""Closing asks the server for ``realtime_mode`` for up to five seconds."""


def talk(settings: ConsoleSettings, request: TalkRequest) -> int:
    """Hold the conversation that ``request`` describes; gives the exit code."""
    sources = request.sources or ((settings.audio.source,) if settings.audio.source else ("silence",))
    sink = settings.audio.sink or "none"
    check_request(request)
    check_sound_arguments(sources, sink)
    login = login_of(settings)
    return asyncio.run(_talk(settings, request, login, sources, sink))


async def _talk(
    settings: ConsoleSettings, request: TalkRequest, login: Login, sources: tuple[str, ...], sink: str
) -> int:
    account, session_id = await begin(settings, request, login)
    config = relay_config(
        settings,
        account,
        session_id,
        source=sources[0],
        sink=sink,
        language=request.language(settings),
        seconds=request.seconds,
    )
    script = _script(sources, request)
    with tempfile.TemporaryDirectory(prefix="salesmind-talk-") as directory:
        log = _log_path(settings, Path(directory))
        relay = await RelayProcess.start(config, log_path=log)
        return await _Run(relay, script, _printer(request)).to_the_end()


def _script(sources: tuple[str, ...], request: TalkRequest) -> TurnScript:
    more = [UseSource(spec=source) for source in sources[1:]]
    turns: list[UseSource | Say] = [*more, *(Say(text=text) for text in request.typed)]
    script = TurnScript(turns, stop_after_last=request.seconds is None)
    if sources[0].startswith("wav:") and not sources[0].endswith("?loop"):
        script.begin_with(UseSource(spec=sources[0]))
    return script


def _log_path(settings: ConsoleSettings, fallback: Path) -> Path:
    """The relay's log, beside the console's own; a read-only state directory must not prevent a talk."""
    directory = settings.state_directory
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        directory = fallback
    return directory / "relay.log"


def _printer(request: TalkRequest) -> Callable[[StreamEvent, ConversationState], None]:
    if request.as_json:
        return lambda event, _state: click.echo(stream.encode(event))
    return TranscriptPrinter(click.echo)


class _Run:
    """Reads the relay's events until its end. SIGINT and SIGTERM end the conversation cleanly."""

    def __init__(
        self, relay: RelayProcess, script: TurnScript, show: Callable[[StreamEvent, ConversationState], None]
    ) -> None:
        self._relay = relay
        self._script = script
        self._show = show
        self._state = ConversationState()
        self._stopping: asyncio.Task[None] | None = None
        self._exit_code: int | None = None
        """Set when we end the conversation for a reason of our own."""

    async def to_the_end(self) -> int:
        """Follow the conversation until the relay has ended; gives the exit code."""
        loop = asyncio.get_running_loop()
        for name in (signal.SIGINT, signal.SIGTERM):
            with contextlib.suppress(NotImplementedError):
                loop.add_signal_handler(name, self._stop, ExitCode.INTERRUPTED)
        try:
            async for event in self._relay:
                self._take(event)
        except BrokenPipeError:
            self._stop(ExitCode.OK)  # the reader of our output has enough
        finally:
            await (self._stopping or self._relay.stop(STOP_TIMEOUT_S))
        return self._result()

    def _take(self, event: StreamEvent) -> None:
        self._state = fold(self._state, [event])
        self._show(event, self._state)
        if isinstance(event, Problem | Notice):
            click.echo(of_event(event), err=True)
        elif isinstance(event, Connection) and event.state == "retrying":
            click.echo(_("Connecting again (attempt {n}) ...").format(n=event.attempt), err=True)
        if self._stopping is None:
            self._continue()

    def _continue(self) -> None:
        try:
            due = self._script.next(self._state)
        except AnswerTimeout:
            click.echo(_("No answer came in time."), err=True)
            self._stop(ExitCode.TIMEOUT)
            return
        except AnswerFailed:
            self._stop(ExitCode.CONNECTION)  # why has been said
            return
        except RecordingFailed:
            self._stop(ExitCode.USAGE)  # what is wrong with it has been said
            return
        if isinstance(due, Stop):
            self._stop(None)
        elif due is not None:
            self._send(due)

    def _send(self, command: Command) -> None:
        self._sending = asyncio.create_task(self._relay.send(command))

    def _stop(self, exit_code: ExitCode | None) -> None:
        if self._stopping is None:
            self._exit_code = exit_code
            self._stopping = asyncio.create_task(self._relay.stop(STOP_TIMEOUT_S, exit_code=exit_code))

    def _result(self) -> int:
        summary: Summary | None = self._state.summary
        if summary is not None:
            return summary.exit_code
        click.echo(_("The conversation process ended without a summary."), err=True)
        return ExitCode.CONNECTION if self._exit_code is None else self._exit_code
