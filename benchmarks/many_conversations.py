"""Both ends of many conversations in one process: the clients of a relay, and the Realtime endpoint behind it.

    python benchmarks/many_conversations.py      (started by server.py)

It prints ``{"upstream": URL}``, then reads one ``Order`` per line and answers each with a line of ``Figures``. A
conversation sends 8192 bytes of audio every 170.7 ms and is sent 10 audio and 20 text events a second, on an
absolute schedule. Each message carries the moment it was sent, so latency is measured in one clock. It speaks
WebSocket by itself (``wire.py``), because a library would cost more than the relay that is to be measured.
"""

from __future__ import annotations

import asyncio
import base64
import gc
import os
import random
import resource
import sys
import time
from collections.abc import Callable

import msgspec
import uvloop
from websockets.utils import accept_key

from benchmarks.wire import BINARY, CLOSE, PING, PONG, TEXT, Frames, frame, unmasked

CHUNK_BYTES = 8192
CHUNK_S = CHUNK_BYTES / 48_000
EVENTS_PER_SECOND = 30
AUDIO_DELTA = base64.b64encode(bytes(4800)).decode()  # 100 ms
STAMP_AT = len(b'{"event_id":"')
STAMP_DIGITS = 16
HEAD_BYTES = 96
"""Of an append event: enough to hold the first bytes of its audio, however its JSON is spaced."""
CONNECTS_PER_SECOND = 100


class Order(msgspec.Struct):
    """Which conversations to hold, and for how long."""

    host: str
    port: int
    paths: list[str]
    """One conversation each: the path and query of its WebSocket."""
    seconds: float
    settle_s: float = 3.0
    """Before measuring starts, after the last connection."""


class Latency(msgspec.Struct):
    """Milliseconds; nearest-rank percentiles."""

    n: int
    p50: float
    p99: float
    largest: float


class Figures(msgspec.Struct):
    """What came of an order."""

    conversations: int
    """Open at the end."""
    up: Latency
    """From the client's send to the upstream's receipt."""
    down: Latency
    lateness: Latency
    """Of this process's own sends: when it is late, so is everything else, and the run says nothing."""
    own_cpu: float
    """Cores used by this process."""


def latency(values_us: list[int]) -> Latency:
    """The percentiles of ``values_us`` (microseconds)."""
    ranked = sorted(values_us) or [0]
    return Latency(
        len(values_us),
        ranked[(len(ranked) - 1) // 2] / 1000,
        ranked[-(-len(ranked) * 99 // 100) - 1] / 1000,
        ranked[-1] / 1000,
    )


def now_us() -> int:
    return time.monotonic_ns() // 1000


class Measurements:
    """Of the order that is being carried out."""

    def __init__(self) -> None:
        self.up: list[int] = []
        self.down: list[int] = []
        self.lateness: list[int] = []

    def clear(self) -> None:
        for values in (self.up, self.down, self.lateness):
            values.clear()


class Peer(asyncio.Protocol):
    """One end of one connection, client or upstream."""

    masked = False

    def __init__(self, measurements: Measurements) -> None:
        self.measurements = measurements
        self.open = False
        self._head = b""
        self._frames = Frames()
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport) or hasattr(transport, "write")
        self._transport = transport  # type: ignore[assignment]

    def connection_lost(self, exc: Exception | None) -> None:
        self.open = False
        if self._timer is not None:
            self._timer.cancel()

    def data_received(self, data: bytes) -> None:
        if not self.open:
            self._head += data
            head, end, data = self._head.partition(b"\r\n\r\n")
            if not end:
                return
            self.open = True
            self.opened(head)
        for opcode, mask, payload in self._frames.feed(data):
            if opcode in (TEXT, BINARY):
                self.received(opcode, mask, payload)
            elif opcode == PING:
                self._transport.write(frame(PONG, unmasked(mask, payload), masked=self.masked))
            elif opcode == CLOSE:
                self.close()

    def opened(self, head: bytes) -> None:
        raise NotImplementedError

    def received(self, opcode: int, mask: bytes, payload: bytes) -> None:
        raise NotImplementedError

    def close(self) -> None:
        if self.open:
            self.open = False
            self._transport.write(frame(CLOSE, (1000).to_bytes(2, "big"), masked=self.masked))
        self._transport.close()

    def every(self, interval_s: float, send: Callable[[], None]) -> None:
        """Call ``send`` on an absolute schedule that begins at a random phase."""
        self._due = self._loop.time() + random.random() * interval_s
        self._interval_s, self._send = interval_s, send
        self._timer = self._loop.call_at(self._due, self._fall_due)

    def _fall_due(self) -> None:
        if not self.open:
            return
        self.measurements.lateness.append(int((self._loop.time() - self._due) * 1e6))
        self._send()
        self._due += self._interval_s
        self._timer = self._loop.call_at(self._due, self._fall_due)


class Client(Peer):
    """Sends audio, receives events."""

    masked = True
    _chunk_head = frame(BINARY, bytes(CHUNK_BYTES), masked=True)[:-CHUNK_BYTES]
    _chunk_tail = bytes(CHUNK_BYTES - 8)

    def __init__(self, measurements: Measurements, host: str, path: str) -> None:
        super().__init__(measurements)
        self._request = (
            f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        ).encode()
        self.talking = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._transport.write(self._request)

    def opened(self, head: bytes) -> None:
        if b" 101 " not in head.partition(b"\r\n")[0]:
            sys.exit(f"The relay refused a WebSocket: {head.decode('latin-1').splitlines()[0]}")

    def received(self, opcode: int, mask: bytes, payload: bytes) -> None:
        stamp = payload[STAMP_AT : STAMP_AT + STAMP_DIGITS]
        if stamp.isdigit():
            self.measurements.down.append(now_us() - int(stamp))
        if not self.talking.is_set():
            self.talking.set()
            self.every(CHUNK_S, self._send_chunk)

    def _send_chunk(self) -> None:
        self._transport.write(self._chunk_head + now_us().to_bytes(8, "big") + self._chunk_tail)


def _around_stamp(**event: str) -> tuple[bytes, bytes]:
    payload = msgspec.json.encode({"event_id": "0" * STAMP_DIGITS, **event})
    before, after = frame(TEXT, payload, masked=False).split(b"0" * STAMP_DIGITS)
    return before, after


class Upstream(Peer):
    """Sends events, receives audio in append events (or, without a relay in between, as it is)."""

    _ids = {"response_id": "resp_1", "item_id": "item_1"}  # noqa: RUF012
    _audio = _around_stamp(type="response.output_audio.delta", delta=AUDIO_DELTA, **_ids)
    _text = _around_stamp(type="response.output_audio_transcript.delta", delta="はい", **_ids)

    def opened(self, head: bytes) -> None:
        key = next(
            line.partition(b":")[2].strip()
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"sec-websocket-key:")
        )
        self._transport.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept_key(key.decode()).encode() + b"\r\n\r\n"
        )
        created = msgspec.json.encode({"type": "session.created", "session": {"type": "realtime"}})
        self._transport.write(frame(TEXT, created, masked=False))
        self._sent = 0
        self.every(1 / EVENTS_PER_SECOND, self._send_event)

    def received(self, opcode: int, mask: bytes, payload: bytes) -> None:
        start = unmasked(mask, payload[:HEAD_BYTES])
        if opcode == TEXT:
            value = start.index(b'"', start.index(b'"audio"') + 7) + 1
            start = base64.b64decode(start[value : value + 12])
        self.measurements.up.append(now_us() - int.from_bytes(start[:8], "big"))

    def _send_event(self) -> None:
        before, after = self._text if self._sent % 3 else self._audio
        self._sent += 1
        self._transport.write(b"%b%016d%b" % (before, now_us(), after))


async def carry_out(order: Order, measurements: Measurements) -> Figures:
    """Open the conversations, let them settle, measure, close them."""
    loop = asyncio.get_running_loop()
    clients: list[Client] = []
    begun = loop.time()
    for number, path in enumerate(order.paths):
        await asyncio.sleep(begun + number / CONNECTS_PER_SECOND - loop.time())
        _, client = await loop.create_connection(
            lambda path=path: Client(measurements, f"{order.host}:{order.port}", path),  # type: ignore[misc]
            order.host, order.port,
        )  # fmt: skip
        clients.append(client)
    async with asyncio.timeout(30):
        for client in clients:
            await client.talking.wait()
    await asyncio.sleep(order.settle_s)
    measurements.clear()
    usage, started = resource.getrusage(resource.RUSAGE_SELF), time.monotonic()
    print("measuring", flush=True)
    await asyncio.sleep(order.seconds)
    used, elapsed = resource.getrusage(resource.RUSAGE_SELF), time.monotonic() - started
    figures = Figures(
        sum(client.open for client in clients),
        latency(measurements.up),
        latency(measurements.down),
        latency(measurements.lateness),
        (used.ru_utime + used.ru_stime - usage.ru_utime - usage.ru_stime) / elapsed,
    )
    print(msgspec.json.encode(figures).decode(), flush=True)
    await asyncio.to_thread(sys.stdin.readline)  # whoever asked takes its own figures while they are open
    for client in clients:
        client.close()
    return figures


async def main() -> None:
    measurements = Measurements()
    server = await asyncio.get_running_loop().create_server(
        lambda: Upstream(measurements), "127.0.0.1", 0, backlog=1024
    )
    host, port = server.sockets[0].getsockname()
    print(msgspec.json.encode({"upstream": f"ws://{host}:{port}/v1/realtime"}).decode(), flush=True)
    gc.collect()
    gc.disable()
    while line := await asyncio.to_thread(sys.stdin.readline):
        await carry_out(msgspec.json.decode(line, type=Order), measurements)
    os._exit(0)


if __name__ == "__main__":
    uvloop.run(main())
