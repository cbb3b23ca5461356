"""One conversation from start to summary. ``relay.process`` passes it the two pipes from its parent."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from datetime import UTC, datetime
from typing import Any

from api_client.client_events import item_create_text, item_truncate
from audio.ports import BYTES_PER_MS
from relay.codes import RelayCode
from relay.commands import (
    Command,
    Interrupt,
    Mute,
    ProvokeError,
    Reconnect,
    Say,
    Stop,
    StopRecording,
    UseEcho,
    UseGain,
    UseSink,
    UseSource,
    UseToken,
)
from relay.config import RelayConfig
from relay.exit_codes import EXIT_CONNECTION, EXIT_INTERRUPTED, EXIT_OK, EXIT_TIMEOUT
from relay.gauges import Gauges
from relay.link.access import Access
from relay.link.connection import Parts
from relay.link.connections import Connections
from relay.link.downlink import Downlink
from relay.link.gate import Gate
from relay.link.input_control import InputControl
from relay.link.kept_speech import KeptSpeech
from relay.link.mode_poller import ModePoller
from relay.link.uplink import Uplink
from relay.measure.latency import LatencyTracker
from relay.measure.meters import expected_chunk_rate
from relay.output import Emit, Output
from relay.run_recording import RunRecording
from relay.sound.playback import PlaybackQueue
from relay.sound.sink import CurrentSink
from relay.sound.source import CurrentSource
from relay.stream import Notice, Problem, Started, Summary
from relay.version import version

log = logging.getLogger(__name__)

GRACE_S = 30.0
"""How much longer than its time limit a run may take if its gate never opens (s)."""


async def converse(
    config: RelayConfig, emit: Emit, commands: AsyncIterator[Command], first: Notice | None = None
) -> Summary:
    """Hold one conversation; returns the summary, which was emitted last. ``first`` is called right after the start.

    Ends on ``Stop``, when ``commands`` end, ``config.seconds`` after the gate first opened, or when the connection is
    given up. Server and device failures are not raised: they are in the stream.
    """
    return await LiveConversation(config, Output(emit), first).hold(commands)


class LiveConversation:
    """All parts of one conversation, put together; ``hold`` runs it."""

    def __init__(self, config: RelayConfig, output: Output, first: Notice | None) -> None:
        self._first = first
        self._config = config
        self._output = output
        self._playback = PlaybackQueue(self._played)
        latency = LatencyTracker()
        self._source = CurrentSource(output, config.chunk_bytes)
        self._sink = CurrentSink(output, self._playback)
        self._gate = Gate()
        kept = KeptSpeech()
        self._uplink = Uplink(config, output, self._gate, self._source, self._playback, latency, kept)
        self._input = InputControl(output, self._uplink)
        self._downlink = Downlink(config, output, self._playback, latency, kept)
        self._answers = self._downlink.answers
        self._access = Access(config.token)
        self._poller = ModePoller(config, self._access, output, self._gate)
        parts = Parts(config, self._access, output, self._gate, self._uplink, self._downlink)
        self._connections = Connections(parts, self._poller)
        self._gate.on_open(self._gate_opened)
        self._gauges = Gauges(output, self._gate, self._uplink, self._answers, self._source, self._playback)
        self._over = asyncio.Event()
        self._sound_open = asyncio.Event()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._limit: asyncio.TimerHandle | None = None
        self._recording = RunRecording(config, output)
        self._exit_code = EXIT_OK

    async def hold(self, commands: AsyncIterator[Command]) -> Summary:
        """Run until the end; see ``converse``."""
        try:
            self._begin()
            self._spawn("conversation", self._converse())
            self._spawn("commands", self._obey(commands))
            await self._over.wait()
        finally:
            await self._finish()
        return self._summarise()

    # --- start and end -------------------------------------------------------------------------

    def _begin(self) -> None:
        config = self._config
        self._recording.start(
            Started(
                t=self._output.now(),
                version=version(),
                server_url=config.server_url,
                session_id=config.session_id,
                source=config.source,
                sink=config.sink,
                chunk_bytes=config.chunk_bytes,
                expected_chunk_rate=expected_chunk_rate(config.chunk_bytes),
                echo=config.echo,
                gain_db=config.gain_db,
                wall_time=datetime.now(UTC).isoformat(timespec="milliseconds"),
            )
        )
        if self._first is not None:
            self._output.emit(self._first)
        self._input.begin(config.echo, config.gain_db)
        if config.seconds is not None:
            self._set_limit(config.seconds + GRACE_S, EXIT_TIMEOUT)

    async def _converse(self) -> None:
        await self._sink.use(self._config.sink)
        await self._source.use(self._config.source)
        self._sound_open.set()
        self._spawn("uplink", self._uplink.run())
        self._spawn("gauges", self._gauges.run(self._sink.check))
        await self._connections.run()
        self._over.set()

    async def _finish(self) -> None:
        """Stop audio, close the socket with 1000, poll the server, complete the recording."""
        if self._limit is not None:
            self._limit.cancel()
        self._uplink.say_what_was_not_sent()
        await self._connections.stop()
        parts = list(self._tasks)
        for task in parts:
            task.cancel()
        await asyncio.gather(*parts, return_exceptions=True)
        await self._sink.check()
        await asyncio.gather(self._source.close(), self._sink.close())
        if self._connections.totals.opened:
            await self._poller.report_after()
        await self._poller.close()
        await self._recording.settle()

    def _summarise(self) -> Summary:
        output = self._output
        conversation = output.conversation
        lateness = self._uplink.lateness.run()
        summary = Summary(
            t=output.now(),
            session_id=self._config.session_id,
            seconds=output.now(),
            session_updates_sent=self._connections.totals.updates_sent,
            connections=self._connections.totals.opened,
            chunks_sent=self._uplink.chunks_sent,
            bytes_sent=self._uplink.bytes_sent,
            chunk_bytes=self._config.chunk_bytes,
            chunk_rate=self._uplink.mean_rate(),
            expected_chunk_rate=expected_chunk_rate(self._config.chunk_bytes),
            user_transcripts=output.words_of("user"),
            assistant_transcripts=output.words_of("assistant"),
            audio_received_ms=self._answers.audio_bytes // BYTES_PER_MS,
            response_latency_ms=[ms for _, ms in sorted(conversation.latencies.items())],
            realtime_mode=self._poller.reports,
            reconnects=self._connections.reports.restored,
            errors=list(conversation.errors),
            close_code=self._connections.totals.close_code,
            lateness_p50_ms=lateness.p50_ms,
            lateness_p99_ms=lateness.p99_ms,
            lateness_max_ms=lateness.max_ms,
            exit_code=self._exit_code or self._connections.exit_code,
        )
        self._recording.finish(summary)
        return summary

    def _spawn(self, name: str, part: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.create_task(part, name=name)
        task.add_done_callback(self._part_done)
        self._tasks.add(task)

    def _part_done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is None:
            return
        log.error("The part %s of the run failed", task.get_name(), exc_info=error)
        message = f"The relay failed ({task.get_name()}: {type(error).__name__}: {error})."
        now = self._output.now()
        self._output.problem(
            Problem(t=now, where="relay", code=RelayCode.RELAY_FAULT, message=message, fatal=True)
        )
        self._exit_code = EXIT_CONNECTION
        self._over.set()

    def _set_limit(self, seconds: float, exit_code: int) -> None:
        if self._limit is not None:
            self._limit.cancel()
        self._limit = asyncio.get_running_loop().call_later(seconds, self._time_is_up, exit_code)

    def _time_is_up(self, exit_code: int) -> None:
        # An upstream that died and never came back is not what was asked for.
        lost = exit_code == EXIT_OK and not self._gate.is_open
        self._exit_code = EXIT_CONNECTION if lost else exit_code
        self._over.set()

    # --- sound both ways -----------------------------------------------------------------------

    def _played(self, pcm: bytes) -> None:
        """Called on the sink's thread."""
        self._input.played(pcm)
        recorder = self._output.recorder
        if recorder is not None:
            recorder.customer_audio(pcm, time.monotonic())

    # --- commands ------------------------------------------------------------------------------

    async def _obey(self, commands: AsyncIterator[Command]) -> None:
        async for command in commands:
            if isinstance(command, Stop):
                self._exit_code = EXIT_INTERRUPTED if command.interrupted else command.exit_code
                break
            self._carry_out(command)
        self._over.set()

    def _carry_out(self, command: Command) -> None:
        match command:
            case Say(text=text):
                self._downlink.typed.add(text)
                self._say_all()
            case Mute(on=on):
                self._uplink.muted = on
            case Interrupt():
                self._answers.interrupt(cancel=True)
            case UseSource(spec=spec):
                self._spawn("source", self._change(self._source.use, spec))
            case UseSink(spec=spec):
                self._spawn("sink", self._change(self._sink.use, spec))
            case UseEcho(mode=mode):
                self._spawn("echo", self._input.use_echo(mode))
            case UseGain(db=gain_db):
                self._input.use_gain(gain_db)
            case Reconnect():
                self._connections.reconnect()
            case UseToken(token=token):
                self._access.token = token
                self._spawn("login", self._log_in_again())
            case StopRecording(delete=delete):
                self._recording.stop(delete=delete)
            case ProvokeError():
                self._provoke_error()
            case _:
                pass

    async def _change(self, use: Callable[[str], Awaitable[None]], spec: str) -> None:
        """Change source or sink, after the initial ones. Runs beside the commands: a device may take seconds."""
        await self._sound_open.wait()
        await use(spec)

    async def _log_in_again(self) -> None:
        await self._poller.close()  # its connections carry the old token
        self._connections.reconnect()

    def _say_all(self) -> None:
        """Send typed turns; they wait while there is no configured connection."""
        outbox = self._connections.outbox
        if outbox is None:
            return
        texts = self._downlink.typed.take()
        for text in texts:
            outbox.post(item_create_text(text))
        if texts:
            self._answers.want()

    def _provoke_error(self) -> None:
        outbox = self._connections.outbox
        if outbox is not None:
            outbox.post(item_truncate("item_that_does_not_exist", 1_000, event_id="provoked"))

    def _gate_opened(self) -> None:
        if self._config.seconds is not None and self._gate.openings == 1:
            self._set_limit(self._config.seconds, EXIT_OK)
        self._answers.audio_rate.open(self._gate.opened_at)
        self._say_all()
        # After what was typed meanwhile: the answer is to that.
        self._answers.resume()
