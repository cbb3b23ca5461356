"""Runs a fault plan: refuses handshakes, and injects faults into single connections."""

from __future__ import annotations

import asyncio
import http
import json
import logging
import random
import time
from collections.abc import Callable, Iterable
from functools import partial

from websockets.asyncio.server import ServerConnection

from backend.engine.faults import Fault
from backend.engine.outbox import Outbox
from backend.engine.protocol import Event, ProtocolError, error_event, event
from backend.engine.responder import Doom, Responder

log = logging.getLogger(__name__)

MALFORMED = '{"type": "response.output_audio.delta", "delta": '
UNKNOWN_EVENT = "response.output_aroma.delta"
BINARY = bytes(range(256))


class FaultPlan:
    """The faults of one engine; counts its connections and knows those that are open."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self.faults = list(faults)
        self.connections = 0
        self._open: set[Misbehaviour] = set()

    def admit(self) -> tuple[int, Fault | None]:
        """Count a new connection: its number, and the fault that refuses it, if one does."""
        self.connections += 1
        number = self.connections
        refusals = (fault for fault in self.faults if fault.kind == "refuse" and fault.on(number))
        return number, next(refusals, None)

    def add(self, faults: Iterable[Fault]) -> None:
        """More faults: for connections to come, and from this moment on for those that are open."""
        new = list(faults)
        self.faults += new
        for connection in self._open:
            connection.expect(new)

    def clear(self) -> None:
        """Forget all faults, and end stalls and delays; what cannot be undone stays."""
        self.faults.clear()
        for connection in self._open:
            connection.forget()

    def opened(self, connection: Misbehaviour) -> None:
        """``connection`` has begun."""
        self._open.add(connection)
        connection.expect(self.faults)

    def closed(self, connection: Misbehaviour) -> None:
        """``connection`` has ended."""
        self._open.discard(connection)
        connection.forget()


class Misbehaviour:
    """The faults of one connection. Everything sent passes through ``send``."""

    def __init__(
        self,
        number: int,
        socket: ServerConnection,
        outbox: Outbox,
        responder: Responder,
        expire: Callable[[], None],
    ) -> None:
        self._number = number
        self._socket = socket
        self._outbox = outbox
        self._responder = responder
        self._expire = expire
        self._sent = 0
        self._waiting: list[tuple[int, Fault]] = []
        self._timers: list[asyncio.TimerHandle] = []
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._slow: Fault | None = None
        self._half_dead = False
        self._random = random.Random(number)  # noqa: S311 - the same jitter each time

    def expect(self, faults: Iterable[Fault]) -> None:
        """Have these faults happen, counted from now."""
        for fault in faults:
            if fault.kind == "refuse" or not fault.on(self._number):
                continue
            if fault.after_events:
                self._waiting.append((self._sent + fault.after_events, fault))
            else:
                self._after(fault.after_s, partial(self._happen, fault))

    def forget(self) -> None:
        """Let nothing more happen, and end what would have ended by itself."""
        self._waiting.clear()
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        self._slow = None
        if not self._half_dead:
            self._flowing.set()

    async def send(self, frame: str | bytes) -> None:
        """Send ``frame``, late where a fault makes it late, and see what follows from that."""
        if self._slow is not None:
            late_ms = self._slow.delay_ms + self._random.uniform(0, self._slow.jitter_ms)
            due_at = self._outbox.queued_at + late_ms / 1000  # as a slow line: all is late, nothing is slower
            await asyncio.sleep(max(0.0, due_at - time.monotonic()))
        await self._flowing.wait()
        await self._socket.send(frame)
        self._sent += 1
        due = [fault for count, fault in self._waiting if count <= self._sent]
        self._waiting = [(count, fault) for count, fault in self._waiting if count > self._sent]
        for fault in due:
            self._happen(fault)

    def _after(self, seconds: float, call: Callable[[], None]) -> None:
        self._timers.append(asyncio.get_running_loop().call_later(seconds, call))

    def _happen(self, fault: Fault) -> None:
        log.info("connection %d: fault %s", self._number, fault.kind)
        match fault.kind:
            case "close":
                self._outbox.finish(fault.close_code, fault.reason, at_once=True)
            case "abort":
                self._socket.transport.abort()
            case "half_open":
                self._half_open()
            case "stall":
                self._flowing.clear()
                self._after(fault.seconds, self._flowing.set)
            case "delay":
                self._slow = fault
                if fault.seconds:
                    self._after(fault.seconds, self._speed_up)
            case "expire":
                self._expire()
            case "malformed" | "unknown_event" | "binary" | "error":
                self._inject(fault)
            case _:
                self._responder.doom(_doom(fault))

    def _inject(self, fault: Fault) -> None:
        if fault.kind == "error":
            message = fault.message or f"The engine was told to report {fault.code}."
            self._outbox.put(error_event(ProtocolError(fault.code, message), kind=fault.error_type))
        elif fault.kind == "unknown_event":
            self._outbox.put(event(UNKNOWN_EVENT, delta="bergamot"))
        else:
            self._outbox.put_frame(MALFORMED if fault.kind == "malformed" else BINARY)

    def _speed_up(self) -> None:
        self._slow = None

    def _half_open(self) -> None:
        """Send nothing, read nothing, answer no ping, and leave the connection open, like a dead network."""
        self._half_dead = True
        self._flowing.clear()
        if self._socket.keepalive_task is not None:
            self._socket.keepalive_task.cancel()
        self._socket.transport.pause_reading()


def refusal(fault: Fault) -> tuple[http.HTTPStatus, str]:
    """The status and the body with which a handshake is refused."""
    status = http.HTTPStatus(fault.status)
    code = {401: "invalid_api_key", 403: "unsupported_country_region_territory", 429: "rate_limit_exceeded"}
    kind = "server_error" if fault.status == 500 else "invalid_request_error"
    error: Event = {
        "type": kind,
        "code": code.get(fault.status),
        "message": f"The engine was told to refuse this connection: {status.phrase}.",
        "param": None,
    }
    return status, json.dumps({"error": error})


def _doom(fault: Fault) -> Doom:
    if fault.kind == "response_incomplete":
        return Doom("incomplete", reason=fault.reason or "content_filter")
    code, kind = fault.code or "server_error", "server_error"
    if fault.kind == "rate_limit":
        code, kind = "rate_limit_exceeded", "requests"
    message = fault.message or f"The engine was told to fail this response: {code}."
    return Doom(
        "failed", error={"type": kind, "code": code, "message": message}, exhausted=fault.kind == "rate_limit"
    )
