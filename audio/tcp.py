"""Raw PCM16 (s16le, 24 000 Hz, mono) over TCP: a microphone or a speaker at the other end of an ssh tunnel.

We connect, the other side listens: ``parec --format=s16le --rate=24000 --channels=1 | nc -l 7000``.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import socket
import time
from typing import cast

from audio.errors import AudioError, AudioErrorCode
from audio.paced_sink import PacedSink
from audio.pacing import MAX_CATCH_UP_S
from audio.pcm import SampleAligner
from audio.ports import BYTES_PER_SAMPLE, SAMPLE_RATE, Chunk, StreamInfo
from audio.spec import TcpSpec

CONNECT_TIMEOUT_S = 5.0
NO_FRAMES_S = 2.0
STALLED_S = 1.0
"""A reader idle for this long gets what is new, not the backlog."""
BUFFER_BYTES = SAMPLE_RATE * BYTES_PER_SAMPLE
"""A second: more than that waits on the sender's side."""
SEND_BUFFER_BYTES = BUFFER_BYTES // 2
"""How far a slow speaker may fall behind; beyond that, audio is not sent at all."""
DEAD_PEER_MS = 5_000


class _Connection(asyncio.Protocol):
    """Collects received data, up to ``keep_bytes`` (0: discards it), and remembers how the connection ended."""

    def __init__(self, *, keep_bytes: int) -> None:
        self._keep_bytes = keep_bytes
        self._aligner = SampleAligner()
        self.received = bytearray()
        self.ended: str | None = None
        self.changed = asyncio.Event()
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if not self._keep_bytes or self.transport is None:
            return
        self.received += self._aligner.feed(data)
        self.changed.set()
        if len(self.received) >= self._keep_bytes:
            self.transport.pause_reading()

    def take(self, count: int) -> bytes:
        """The oldest ``count`` bytes, which must be available."""
        taken = bytes(self.received[:count])
        del self.received[:count]
        if self.transport is not None and len(self.received) < self._keep_bytes:
            self.transport.resume_reading()
        return taken

    def eof_received(self) -> bool:
        self._end("the other side closed it")
        return False

    def connection_lost(self, error: Exception | None) -> None:
        self._end(str(error) if error else "the other side closed it")

    def _end(self, reason: str) -> None:
        self.ended = self.ended or reason
        self.changed.set()


async def _connect(spec: TcpSpec, *, keep_bytes: int) -> _Connection:
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            transport, connection = await loop.create_connection(
                lambda: _Connection(keep_bytes=keep_bytes), spec.host, spec.port
            )
    except TimeoutError as error:
        reason = f"no answer within {CONNECT_TIMEOUT_S:.0f} s"
        raise AudioError(AudioErrorCode.CONNECT_FAILED, address=spec.address, reason=reason) from error
    except (OSError, UnicodeError) as error:
        # UnicodeError: a host name that cannot be one.
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise AudioError(AudioErrorCode.CONNECT_FAILED, address=spec.address, reason=reason) from error
    _tune(transport.get_extra_info("socket"))
    return connection


def _tune(connected: socket.socket) -> None:
    """Set small buffers, because buffering is latency, and keepalives that notice a dead peer in seconds."""
    with contextlib.suppress(OSError):
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES // 2)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, DEAD_PEER_MS)


class TcpSource:
    """A remote microphone, paced by its sender.

    A sender that does not pace itself (``nc < file``) is throttled: audio is never more than half a second
    ahead of the clock. A consumer that has not read for a second gets what is new; the backlog is
    dropped.
    """

    def __init__(self, spec: TcpSpec, chunk_bytes: int) -> None:
        self.dropped_chunks = 0
        self._spec = spec
        self._chunk_bytes = chunk_bytes
        self._connection: _Connection | None = None
        self._start = -math.inf
        self._given = 0
        self._last_read = 0.0

    async def open(self) -> StreamInfo:
        """Connect. Raises ``AudioError`` with ``CONNECT_FAILED``."""
        self._connection = await _connect(self._spec, keep_bytes=max(BUFFER_BYTES, 2 * self._chunk_bytes))
        self._last_read = time.monotonic()
        return StreamInfo(self._spec.address, SAMPLE_RATE)

    async def read(self) -> Chunk:
        """The next chunk, once received.

        Raises ``AudioError``: ``NO_FRAMES`` when nothing has arrived for two seconds (reading may be tried
        again), ``CONNECTION_LOST`` when the other side is gone and all it sent was read.
        """
        connection = self._connection
        if connection is None:
            raise AudioError(
                AudioErrorCode.CONNECTION_LOST, address=self._spec.address, reason="it was closed here"
            )
        if time.monotonic() - self._last_read > STALLED_S:
            self._drop_backlog(connection)
        pcm = await self._receive(connection)
        arrived = time.monotonic()
        due = max(arrived, self._earliest(arrived))
        if due > arrived:
            await asyncio.sleep(due - arrived)
        self._last_read = time.monotonic()
        return Chunk(pcm, due)

    async def close(self) -> None:
        """Hang up; may be called twice, and before ``open``."""
        connection, self._connection = self._connection, None
        if connection is not None and connection.transport is not None:
            connection.transport.close()

    async def _receive(self, connection: _Connection) -> bytes:
        while len(connection.received) < self._chunk_bytes:
            if connection.ended is not None:
                if connection.received:
                    return connection.take(len(connection.received)).ljust(self._chunk_bytes, b"\0")
                raise AudioError(
                    AudioErrorCode.CONNECTION_LOST, address=self._spec.address, reason=connection.ended
                )
            connection.changed.clear()
            try:
                async with asyncio.timeout(NO_FRAMES_S):
                    await connection.changed.wait()
            except TimeoutError:
                raise AudioError(AudioErrorCode.NO_FRAMES, device=self._spec.address) from None
        return connection.take(self._chunk_bytes)

    def _earliest(self, arrived: float) -> float:
        """The earliest time for the next chunk: half a second ahead of real time."""
        given_s = self._given * self._chunk_bytes / BYTES_PER_SAMPLE / SAMPLE_RATE
        self._given += 1
        # A sender slower than the clock earns no right to be faster later.
        self._start = max(self._start, arrived - given_s)
        return self._start + given_s - MAX_CATCH_UP_S

    def _drop_backlog(self, connection: _Connection) -> None:
        whole = len(connection.received) // self._chunk_bytes
        if whole:
            connection.take(whole * self._chunk_bytes)
            self.dropped_chunks += whole


class TcpSink(PacedSink):
    """A remote speaker. One that reads too slowly misses audio while it is half a second behind."""

    def __init__(self, spec: TcpSpec, block_samples: int) -> None:
        super().__init__(block_samples)
        self.dropped_blocks = 0
        self._spec = spec
        self._connection: _Connection | None = None

    async def _open(self) -> StreamInfo:
        self._connection = await _connect(self._spec, keep_bytes=0)
        return StreamInfo(self._spec.address, SAMPLE_RATE)

    def _play(self, pcm: bytes) -> None:
        connection = self._connection
        if connection is None or connection.transport is None:
            return
        if connection.ended is not None:
            raise AudioError(
                AudioErrorCode.CONNECTION_LOST, address=self._spec.address, reason=connection.ended
            )
        if connection.transport.get_write_buffer_size() > SEND_BUFFER_BYTES:
            self.dropped_blocks += 1
            return
        connection.transport.write(pcm)

    async def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None and connection.transport is not None:
            connection.transport.close()
