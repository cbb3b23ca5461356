"""One headless conversation: start the relay, print its events, send it turns, end it."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import tempfile
from collections.abc import Callable
from pathlib import Path

import click

from api_client.harmless import one_line
from relay import stream
from relay.client import RelayProcess
from relay.commands import Command, Say, Stop, UseSource
from relay.conversation import ConversationState, fold
from relay.conversation_bounds import bounded
from relay.stream import Connection, Notice, Problem, StreamEvent
from tui.cli.group import reject
from tui.cli.login import LoginRequest, login_of
from tui.cli.sound_arguments import check_sound_arguments
from tui.cli.talk_session import TalkRequest, begin, check_request
from tui.cli.transcript_text import TranscriptPrinter
from tui.cli.turn_script import AnswerTimeout, SoundFailed, TurnScript, TurnsLeft
from tui.conversation.setup import place_of_recording, relay_config
from tui.exit_codes import ExitCode
from tui.i18n import _
from tui.settings import ConsoleSettings
from tui.wording.errors import of_event, sentence

STOP_TIMEOUT_S = 15.0
"""Closing asks the server for ``realtime_mode`` for up to five seconds."""


def talk(settings: ConsoleSettings, request: TalkRequest) -> int:
    """Hold the conversation that ``request`` describes; returns the exit code."""
    given = request.sources or ((settings.audio.source,) if settings.audio.source else ())
    sink = settings.audio.sink or "none"
    check_request(request)
    check_sound_arguments(given, sink)
    login = login_of(settings)
    if not given and not request.typed and request.seconds is None:
        click.echo(_("There is nothing to say: give --source, --say or --seconds."), err=True)
    return asyncio.run(_talk(settings, request, login, given, sink))


async def _talk(
    settings: ConsoleSettings, request: TalkRequest, login: LoginRequest, given: tuple[str, ...], sink: str
) -> int:
    account, session_id = await begin(settings, request, login)
    script = _script(given, request)
    config = relay_config(
        settings,
        account,
        session_id,
        source=given[0] if given else "silence",
        sink=sink,
        language=request.language(settings),
        seconds=None if script.has_more else request.seconds,
        record_directory=_place_of_recording(settings, request, session_id),
    )
    with tempfile.TemporaryDirectory(prefix="salesmind-talk-") as directory:
        log = _log_path(settings, Path(directory))
        try:
            relay = await RelayProcess.start(config, log_path=log)
        except OSError as error:
            raise reject(sentence("relay_not_started", {"reason": error.strerror or str(error)})) from None
        return await _FollowedTalk(relay, script, _printer(request)).to_the_end()


def _place_of_recording(settings: ConsoleSettings, request: TalkRequest, session_id: str) -> Path | None:
    """The ``--record`` directory; otherwise one among the recordings, if a directory for them is configured."""
    if request.record is not None or settings.recording.directory is None:
        return request.record
    return place_of_recording(settings, session_id)


def _script(sources: tuple[str, ...], request: TalkRequest) -> TurnScript:
    more = [UseSource(spec=source) for source in sources[1:]]
    turns: list[UseSource | Say] = [*more, *(Say(text=text) for text in request.typed)]
    script = TurnScript(turns, seconds=request.seconds, silent=not sources)
    if sources and sources[0].startswith("wav:") and not sources[0].endswith("?loop"):
        script.begin_with(UseSource(spec=sources[0]))
    return script


def _log_path(settings: ConsoleSettings, fallback: Path) -> Path:
    """The relay's log, beside the console's; a read-only state directory must not prevent a conversation."""
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


class _FollowedTalk:
    """Reads the relay's events to the end. SIGINT and SIGTERM end the conversation cleanly."""

    def __init__(
        self, relay: RelayProcess, script: TurnScript, show: Callable[[StreamEvent, ConversationState], None]
    ) -> None:
        self._relay = relay
        self._script = script
        self._show = show
        self._state = ConversationState()
        self._stopping: asyncio.Task[None] | None = None
        self._exit_code = ExitCode.OK
        """Of our own reason to end the conversation; the summary, which is told it, has the last word."""
        self._said = ""
        """The sentence printed last: an error that comes twice is said once."""

    async def to_the_end(self) -> int:
        """Follow the conversation until the relay ends; returns the exit code. Raises the output's ``OSError``."""
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
            await (self._stopping or self._relay.stop(STOP_TIMEOUT_S, ExitCode.USAGE))
        return self._result()

    def _take(self, event: StreamEvent) -> None:
        self._state, _dropped = bounded(fold(self._state, [event]))
        self._show(event, self._state)
        if isinstance(event, Problem | Notice):
            self._say(of_event(event))
        elif isinstance(event, Connection) and event.state == "retrying":
            self._say(_("Reconnecting (attempt {n}) ...").format(n=event.attempt))
        self._script.take(event)
        if self._stopping is None:
            self._continue()

    def _say(self, words: str) -> None:
        if words != self._said:
            click.echo(words, err=True)
        self._said = words

    def _continue(self) -> None:
        try:
            due = self._script.next(self._state)
        except AnswerTimeout:
            self._say(_("No answer came in time."))
            self._stop(ExitCode.TIMEOUT)
            return
        except TurnsLeft as left:
            for turn in left.turns:
                what = one_line(turn.text if isinstance(turn, Say) else turn.spec)
                self._say(_("Not said, because time ran out: {what}").format(what=what))
            self._stop(ExitCode.TIMEOUT)
            return
        except SoundFailed:
            self._stop(ExitCode.USAGE)  # what is wrong with it has been said
            return
        if isinstance(due, Stop):
            self._stop(ExitCode(due.exit_code))
        elif due is not None:
            self._send(due)

    def _send(self, command: Command) -> None:
        self._sending = asyncio.create_task(self._relay.send(command))

    def _stop(self, exit_code: ExitCode) -> None:
        if self._stopping is None:
            self._exit_code = exit_code
            self._stopping = asyncio.create_task(self._relay.stop(STOP_TIMEOUT_S, exit_code))

    def _result(self) -> int:
        if self._state.summary is not None:
            return self._state.summary.exit_code
        if not self._state.crashed:
            self._say(_("The conversation process ended without a summary."))
        return self._exit_code or ExitCode.CONNECTION
