"""One socket from dialling to closing: created, one update, updated, gate, audio, close."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from api_client import events as ev
from api_client.client_events import encode
from api_client.errors import ApiError
from api_client.realtime import RealtimeConnection, Received
from api_client.session_update import Dialect, SessionSettings, session_update
from relay.config import RelayConfig
from relay.link.downlink import Downlink
from relay.link.ending import (
    Ending,
    after_close,
    after_error,
    created_timeout,
    refused_update,
    updated_timeout,
)
from relay.link.outbox import Outbox
from relay.link.replay import Replay
from relay.link.uplink import Uplink
from relay.link.watchdog import SilenceWatch, probe
from relay.output import Output
from relay.stream import ProtocolEvent, Step

log = logging.getLogger(__name__)

CREATED_WITHIN_S = 15.0
"""An existing server takes up to 10 s to reach its upstream, then says ``session.created``."""
NAMED_WITHIN_S = 1.5
"""How long to wait, after the server's stub, for the upstream's ``session.created`` that tells its dialect."""
UPDATED_WITHIN_S = 10.0
CLOSES_WITHIN_S = 0.5
"""How long a server that reported the loss of its upstream is given to close the socket itself."""
LONGEST_PAYLOAD = 65_536
"""Bytes of an unknown message that is kept whole: a line of the stream must stay one that can be read."""
LONGEST_NAME = 100
"""Characters of a message's type."""
_WATCH_EVERY_S = 0.5

StepName = Literal[
    "connecting", "connected", "created", "update_sent", "updated", "gate_open", "closing", "closed"
]

_DELTAS = (
    ev.OutputAudioDelta,
    ev.OutputTranscriptDelta,
    ev.OutputTextDelta,
    ev.InputTranscriptionDelta,
    ev.BinaryAudio,
)
"""Not listed one by one: audio is counted in ``meters``, text is in ``transcript``."""


@dataclass(frozen=True, slots=True)
class Dialling:
    """What one connection is made with."""

    number: int
    settings: SessionSettings
    replay: Replay
    dialect: Dialect | None
    """What an earlier connection learned of the server; used when it names none itself."""
    probing: bool = True
    """Take a probe without an answer for a lost upstream; False for a server that is known to ignore probes."""


class LiveConnection:
    """One connection. ``run`` opens it, holds it, and returns why it ended; ``end`` ends it from outside."""

    def __init__(
        self, config: RelayConfig, output: Output, uplink: Uplink, downlink: Downlink, dialling: Dialling
    ) -> None:
        self._config = config
        self._output = output
        self._uplink = uplink
        self._downlink = downlink
        self._dialling = dialling
        self._socket: RealtimeConnection | None = None
        self._outbox: Outbox | None = None
        self._ending: asyncio.Future[Ending] = asyncio.get_running_loop().create_future()
        self._created = asyncio.Event()
        self._named = asyncio.Event()
        self._updated = asyncio.Event()
        self._watch: SilenceWatch | None = None
        self._update_id = f"session_update_{dialling.number}"
        self.guessed_dialect: Dialect | None = None
        """The dialect that was used without the server having named one."""
        self.updates_sent = 0
        self.reached_gate = False
        self.close_code: int | None = None
        self.on_connected: Callable[[], None] | None = None
        self.on_gate_open: Callable[[], None] | None = None

    @property
    def outbox(self) -> Outbox | None:
        """Where to post events once the gate is open; None before."""
        return self._outbox if self.reached_gate and not self._ending.done() else None

    @property
    def opened(self) -> bool:
        """The WebSocket was accepted."""
        return self._socket is not None

    @property
    def answers_probes(self) -> bool:
        """The server has answered a probe on this connection."""
        return self._watch is not None and self._watch.answered

    def end(self, ending: Ending) -> None:
        """End this connection, unless it is ending already."""
        if not self._ending.done():
            self._ending.set_result(ending)

    async def run(self, on_end: Callable[[Ending], None]) -> Ending:
        """Hold the connection until it ends. ``on_end`` is told at once, before the socket is closed."""
        socket = await self._dial()
        if socket is None:
            ending = await self._ending
            on_end(ending)
            return ending
        tasks = [self._start(name, part) for name, part in self._parts(socket)]
        try:
            ending = await self._ending
            self._uplink.close_gate()
            on_end(ending)
        finally:
            self._uplink.close_gate()
            await self._close(socket, tasks)
        return ending

    async def _dial(self) -> RealtimeConnection | None:
        """The open socket; None when that failed, or the connection was ended meanwhile."""
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
            self.end(Ending("lost", True, "relay_fault", message))

    def _parts(self, socket: RealtimeConnection) -> list[tuple[str, Coroutine[Any, Any, None]]]:
        self._outbox = outbox = Outbox(socket, self._output, self._dialling.number)
        self._downlink.connected(outbox, self._dialling.replay)
        return [
            ("read", self._read(socket)),
            ("write", outbox.run()),
            ("configure", self._configure(socket, outbox)),
        ]

    async def _open(self) -> None:
        self._step("connecting")
        self._output.say("Connecting to Realtime API...")
        try:
            self._socket = await RealtimeConnection.open(
                self._config.server_url,
                self._config.token,
                self._config.session_id,
                insecure=self._config.insecure,
            )
        except ApiError as error:
            self.end(after_error(error))
            return
        self._socket.tap = functools.partial(self._output.message, connection=self._dialling.number)
        self._step("connected")
        self._output.say("WebSocket connected")
        if self.on_connected is not None:
            self.on_connected()

    async def _close(self, socket: RealtimeConnection, tasks: list[asyncio.Task[None]]) -> None:
        if socket.close_code is None:
            self._step("closing")
        # The reader goes on until the close is answered, so that the last events are not lost.
        with contextlib.suppress(ApiError):
            await socket.close(1000)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.close_code = socket.close_code
        self._step("closed", detail=socket.close_reason or None, close_code=socket.close_code)

    def _step(self, step: StepName, *, detail: str | None = None, close_code: int | None = None) -> None:
        now = self._output.now()
        self._output.emit(
            Step(t=now, step=step, connection=self._dialling.number, detail=detail, close_code=close_code)
        )

    # --- receiving -----------------------------------------------------------------------------

    async def _read(self, socket: RealtimeConnection) -> None:
        async for received in socket:
            if self._watch is not None:
                self._watch.received(received.at)
            if not isinstance(received.event, _DELTAS):
                self._list(received)
            match received.event:
                case ev.SessionCreated():
                    self._session_created(received.event)
                case ev.SessionUpdated():
                    self._session_updated(received.event)
                case _:
                    self._downlink.handle(received.event, received.at)
            if isinstance(received.event, ev.ErrorEvent):
                self._judge_error()
        self.end(after_close(socket, self._downlink.errors))

    def _judge_error(self) -> None:
        errors = self._downlink.errors
        if errors.verdict is not None and errors.verdict.upstream_lost:
            ending = Ending(
                "lost", errors.verdict.retry, errors.verdict.code, errors.verdict.message, told=True
            )
            # Our server closes by itself now, and its close code says more; an existing one never does.
            asyncio.get_running_loop().call_later(CLOSES_WITHIN_S, self.end, ending)
        if self._update_id in errors.refused_event_ids and not self._updated.is_set():
            self.end(refused_update(errors.last))

    def _list(self, received: Received) -> None:
        event = received.event
        name = event.wire_type[:LONGEST_NAME] or "(no type)"
        self._output.emit(
            ProtocolEvent(
                t=self._output.at(received.at),
                direction="in",
                type=name,
                size_bytes=received.size_bytes,
                connection=self._dialling.number,
                item_id=getattr(event, "item_id", None) or _id_in(event, "item"),
                response_id=getattr(event, "response_id", None) or _id_in(event, "response"),
                known=not isinstance(event, ev.UnknownEvent),
                payload=_payload(event),
            )
        )
        self._output.say(f"📩 メッセージ受信: {name}")

    def _session_created(self, event: ev.SessionCreated) -> None:
        self._step("created", detail="relay" if event.is_relay_stub else event.session.model)
        self._created.set()
        if event.dialect is not None:
            self._named.set()

    def _session_updated(self, event: ev.SessionUpdated) -> None:
        self._downlink.configured(event.session.turn_detection)
        if self.updates_sent and not self._updated.is_set():
            self._step("updated")
            self._updated.set()

    # --- configuring ---------------------------------------------------------------------------

    async def _configure(self, socket: RealtimeConnection, outbox: Outbox) -> None:
        if not await _within(self._created, CREATED_WITHIN_S):
            self.end(created_timeout(CREATED_WITHIN_S))
            return
        if self._dialling.dialect is None:
            await _within(self._named, NAMED_WITHIN_S)
        dialect = socket.dialect or self._dialling.dialect or "ga"
        if socket.dialect is None:
            self.guessed_dialect = dialect
        try:
            await self._send_update(socket, dialect)
        except ApiError:
            return  # the reader says how the socket ended
        if not await _within(self._updated, UPDATED_WITHIN_S):
            self.end(updated_timeout(UPDATED_WITHIN_S))
            return
        for item in self._dialling.replay.events(dialect):
            outbox.post(item)
        await outbox.flush()
        self._open_gate(socket)
        await self._watch_upstream(outbox)

    async def _send_update(self, socket: RealtimeConnection, dialect: Dialect) -> None:
        update = session_update(self._dialling.settings, dialect, event_id=self._update_id)
        self.updates_sent += 1
        await socket.send(update)
        self._step("update_sent")
        self._output.emit(
            ProtocolEvent(
                t=self._output.now(),
                direction="out",
                type=update.type,
                size_bytes=len(encode(update)),
                connection=self._dialling.number,
            )
        )
        self._output.say("📤 セッション設定送信")

    def _open_gate(self, socket: RealtimeConnection) -> None:
        if self._ending.done():
            return
        self.reached_gate = True
        self._uplink.open_gate(socket)
        self._step("gate_open")
        self._output.say("🎤 音声送信準備完了")
        if self.on_gate_open is not None:
            self.on_gate_open()
        # After what was typed meanwhile: the answer is to that.
        if self._downlink.turns.resume():
            self._downlink.send_response_create()

    # --- watching ------------------------------------------------------------------------------

    async def _watch_upstream(self, outbox: Outbox) -> None:
        self._watch = watch = SilenceWatch(opened_at=time.monotonic())
        probes = 0
        while True:
            await asyncio.sleep(_WATCH_EVERY_S)
            uplink = self._uplink
            action = watch.check(time.monotonic(), uplink.last_sent_at, uplink.last_audible_at)
            if action == "probe":
                probes += 1
                question = probe(self._dialling.number * 1_000 + probes)
                self._downlink.errors.expect(question.event_id or "")
                outbox.post(question)
            elif action == "silent":
                self._silent(watch)

    def _silent(self, watch: SilenceWatch) -> None:
        seconds = f"{watch.quiet_s(time.monotonic()):.0f}"
        message = (
            f"Audio has gone out for {seconds} s and nothing has come back, not even the answer to a question: "
            "the server has probably lost its upstream."
        )
        self._output.notice("upstream_silent", message, seconds=seconds)
        if self._dialling.probing or watch.answered:
            self.end(Ending("lost", True, "upstream_silent", message))


async def _within(event: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True


def _id_in(event: ev.ServerEvent, name: str) -> str | None:
    return getattr(getattr(event, name, None), "id", None)


def _payload(event: ev.ServerEvent) -> dict[str, Any] | None:
    if not isinstance(event, ev.UnknownEvent) or len(event.raw) > LONGEST_PAYLOAD:
        return None
    try:
        payload: dict[str, Any] = msgspec.json.decode(event.raw, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError):
        return None  # readable enough to have a type, and no further
    return payload
