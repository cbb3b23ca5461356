"""One socket from dialling to closing: created, one update, updated, gate, audio, close."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from api_client import events as ev
from api_client.errors import ApiError
from api_client.realtime import RealtimeConnection
from api_client.session_update import Dialect, SessionSettings
from relay.codes import RelayCode
from relay.config import RelayConfig
from relay.link.access import Access
from relay.link.configuring import Configuring
from relay.link.downlink import Downlink
from relay.link.ending import Ending, after_close, after_error, after_verdict, refused_update
from relay.link.gate import Gate
from relay.link.item_ids import ItemIds
from relay.link.line_check import LineCheck
from relay.link.outbox import Outbox
from relay.link.protocol_log import ProtocolLog
from relay.link.replay import Replay
from relay.link.server_errors import ACTIVE_RESPONSE, ServerErrors
from relay.link.uplink import Uplink
from relay.link.upstream_watch import UpstreamWatch
from relay.output import Output
from relay.stream import Step, StepName

log = logging.getLogger(__name__)

CLOSES_WITHIN_S = 0.5
"""Time for a server that reported the end of its upstream to close the socket itself."""


@dataclass(frozen=True, slots=True)
class Dialling:
    """The parameters of one connection."""

    number: int
    settings: SessionSettings
    replay: Replay
    ids: ItemIds
    dialect: Dialect | None
    """What an earlier connection learned about the server; used if it names none itself."""
    probing: bool = True
    """Treat an unanswered probe as a lost upstream; False for a server known to ignore probes."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a run that every connection works with."""

    config: RelayConfig
    access: Access
    output: Output
    gate: Gate
    uplink: Uplink
    downlink: Downlink


class LiveConnection:
    """One connection. ``run`` opens and holds it and returns why it ended; ``end`` ends it from outside."""

    def __init__(self, parts: Parts, dialling: Dialling) -> None:
        self._parts = parts
        self._dialling = dialling
        self._output = parts.output
        self._errors = ServerErrors(parts.output)
        self._log = ProtocolLog(parts.output, dialling.number)
        self._configuring = Configuring(dialling.settings, dialling.dialect, dialling.number)
        self._watch = UpstreamWatch(
            parts.output,
            parts.uplink,
            parts.downlink.answers,
            self._errors,
            dialling.number,
            renew_after_s=parts.config.renew_after_s,
            answer_within_s=parts.config.answer_within_s,
            concludes=dialling.probing,
        )
        self._socket: RealtimeConnection | None = None
        self._outbox: Outbox | None = None
        self._ending: asyncio.Future[Ending] = asyncio.get_running_loop().create_future()
        self.reached_gate = False
        self.on_connected: Callable[[], None] | None = None

    @property
    def outbox(self) -> Outbox | None:
        """The outbox once the gate is open; None before."""
        return self._outbox if self.reached_gate and not self._ending.done() else None

    @property
    def opened(self) -> bool:
        """The WebSocket was accepted."""
        return self._socket is not None

    @property
    def close_code(self) -> int | None:
        """The socket's close code; None while it is open or if it never was."""
        return None if self._socket is None else self._socket.close_code

    @property
    def updates_sent(self) -> int:
        """``session.update`` messages of this connection."""
        return self._configuring.updates_sent

    @property
    def guessed_dialect(self) -> Dialect | None:
        """The dialect that was used although the server named none."""
        return self._configuring.guessed

    @property
    def answers_probes(self) -> bool:
        """The server has answered a probe on this connection."""
        return self._watch.answered

    def end(self, ending: Ending) -> None:
        """End this connection, unless it is ending already."""
        if not self._ending.done():
            self._ending.set_result(ending)

    async def run(self, on_end: Callable[[Ending], None]) -> Ending:
        """Hold the connection until it ends. ``on_end`` is called at once, before the socket is closed."""
        socket = await self._dial()
        if socket is None:
            ending = await self._ending
            on_end(ending)
            return ending
        self._outbox = outbox = Outbox(socket, self._log)
        self._parts.downlink.connected(outbox, self._dialling.replay, self._dialling.ids)
        tasks = [
            self._start("read", self._read(socket)),
            self._start("write", outbox.run()),
            self._start("hold", self._hold(socket, outbox)),
            self._start("line", self._watch_line(socket)),
        ]
        try:
            ending = await self._ending
            self._parts.gate.close()
            on_end(ending)
        finally:
            self._parts.gate.close()
            await self._close(socket, tasks)
        return ending

    # --- opening and closing -----------------------------------------------------------------------

    async def _dial(self) -> RealtimeConnection | None:
        """The open socket; None if that failed or the connection was ended meanwhile."""
        dialling = asyncio.ensure_future(self._open())
        waiting: set[asyncio.Future[Any]] = {dialling, self._ending}
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        if not dialling.done():
            dialling.cancel()
            await asyncio.wait([dialling])
        if dialling.cancelled():
            return None
        dialling.result()
        return self._socket

    async def _open(self) -> None:
        self._step("connecting")
        self._output.say("Connecting to Realtime API...")
        config = self._parts.config
        try:
            self._socket = await RealtimeConnection.open(
                config.server_url, self._parts.access.token, config.session_id, insecure=config.insecure
            )
        except ApiError as error:
            self.end(after_error(error, served=self._parts.gate.openings > 0))
            return
        self._socket.tap = functools.partial(self._output.message, connection=self._dialling.number)
        self._step("connected")
        self._output.say("WebSocket connected")
        if self.on_connected is not None:
            self.on_connected()

    def _start(self, name: str, part: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(part, name=name)
        task.add_done_callback(self._part_done)
        return task

    def _part_done(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            # A fault of ours must not leave a conversation that neither goes on nor ends.
            log.error("The part %s of the connection failed", task.get_name(), exc_info=error)
            message = f"The relay failed while handling the connection ({type(error).__name__}); see its log."
            self.end(Ending("lost", True, RelayCode.RELAY_FAULT, message))

    async def _close(self, socket: RealtimeConnection, tasks: list[asyncio.Task[None]]) -> None:
        if socket.close_code is None:
            self._step("closing")
        # The reader goes on until the close is answered, so that the last events are not lost.
        with contextlib.suppress(ApiError):
            await socket.close(1000)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._step("closed", detail=socket.close_reason or None, close_code=socket.close_code)

    def _step(self, step: StepName, *, detail: str | None = None, close_code: int | None = None) -> None:
        now = self._output.now()
        self._output.emit(
            Step(t=now, step=step, connection=self._dialling.number, detail=detail, close_code=close_code)
        )

    # --- receiving -----------------------------------------------------------------------------

    async def _read(self, socket: RealtimeConnection) -> None:
        async for received in socket:
            self._watch.received(received.at)
            self._log.received(received)
            match received.event:
                case ev.SessionCreated() as created:
                    self._step("created", detail="relay" if created.is_relay_stub else created.session.model)
                    self._configuring.created(created.dialect)
                case ev.SessionUpdated() as updated:
                    self._parts.downlink.configured(updated.session.turn_detection)
                    self._session_updated()
                case ev.ErrorEvent() as error:
                    self._refused(error, received.at)
                case event:
                    self._parts.downlink.handle(event, received.at)
                    self._unreadable(event)
        self.end(after_close(socket, self._errors))

    def _unreadable(self, event: ev.ServerEvent) -> None:
        """Note that a session was created or updated even if its fields cannot be read."""
        match event:
            case ev.MalformedEvent(type="session.created"):
                self._step("created")
                self._configuring.created(None)
            case ev.MalformedEvent(type="session.updated"):
                self._session_updated()

    def _session_updated(self) -> None:
        if self._configuring.waits_for_updated:
            self._step("updated")
            self._configuring.updated()

    def _refused(self, event: ev.ErrorEvent, at: float) -> None:
        meaning = self._errors.handle(event, self._output.at(at))
        if meaning is None:
            return
        event_id = event.detail.event_id
        running = meaning.code == ACTIVE_RESPONSE
        if running or not meaning.benign:
            self._parts.downlink.answers.refused(event_id, other_is_running=running)
        if self._errors.verdict is not None:
            # Our server closes by itself now, and its close code says more; an existing one never does.
            asyncio.get_running_loop().call_later(CLOSES_WITHIN_S, self._end_by_verdict)
        elif event_id == self._configuring.update_id and self._configuring.waits_for_updated:
            self.end(refused_update(meaning))

    def _end_by_verdict(self) -> None:
        if self._errors.verdict is not None:
            self.end(after_verdict(self._errors.verdict))

    # --- configuring and holding -------------------------------------------------------------------

    async def _hold(self, socket: RealtimeConnection, outbox: Outbox) -> None:
        failure = await self._configuring.run(outbox, self._update_sent)
        if failure is not None:
            self.end(failure)
            return
        for item in self._dialling.replay.events(self._configuring.dialect):
            outbox.post(item)
        await outbox.flush()
        self._open_gate(socket)
        self.end(await self._watch.run(socket, outbox))

    async def _watch_line(self, socket: RealtimeConnection) -> None:
        self.end(await LineCheck(self._parts.config).run(socket))
        # What is stuck on a dead line would hold up a closing handshake.
        socket.abort()

    def _update_sent(self) -> None:
        self._step("update_sent")
        self._output.say("📤 セッション設定送信")

    def _open_gate(self, socket: RealtimeConnection) -> None:
        if self._ending.done():
            return
        self.reached_gate = True
        self._step("gate_open")
        self._output.say("🎤 音声送信準備完了")
        self._parts.gate.open(socket)
