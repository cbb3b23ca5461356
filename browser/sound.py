"""A visitor's microphone and loudspeaker as two loopback ports, to which the visitor's console connects.

The console knows them as ``tcp:127.0.0.1:PORT`` (PCM16, 24 000 Hz, mono). Each port takes one connection at a
time; a second one is refused while the first is open, so nobody can listen in.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable
from typing import cast

from audio.pcm import SampleAligner
from audio.ports import BYTES_PER_MS, SAMPLE_RATE

LOOPBACK = "127.0.0.1"
LATE_BYTES = 500 * BYTES_PER_MS
"""How far (bytes) either direction may fall behind. Beyond that sound is dropped: late speech is worth nothing."""
RATES_HZ = (8_000, 192_000)


class Line(asyncio.Protocol):
    """One direction: a listener for the console, ``arrived`` for what the console sends."""

    def __init__(self, arrived: Callable[[bytes], None] | None = None) -> None:
        self.dropped_bytes = 0
        self._arrived = arrived
        self._server: asyncio.Server | None = None
        self._transport: asyncio.WriteTransport | None = None

    async def open(self) -> None:
        """Listen on a free port. Raises ``OSError``."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self), LOOPBACK, 0)

    @property
    def port(self) -> int:
        """The port it listens on."""
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def connected(self) -> bool:
        """Whether the console has it open."""
        return self._transport is not None

    def send(self, pcm: bytes) -> None:
        """Send to the console, if it listens and keeps up."""
        if self._transport is None:
            return
        if self._transport.get_write_buffer_size() > LATE_BYTES:
            self.dropped_bytes += len(pcm)
            return
        self._transport.write(pcm)

    def close(self) -> None:
        """Stop listening and hang up."""
        if self._server is not None:
            self._server.close()
        if self._transport is not None:
            self._transport.close()

    def take(self, transport: asyncio.WriteTransport) -> bool:
        """Let ``transport`` have the line, unless somebody has it."""
        if self._transport is not None:
            return False
        self._transport = transport
        return True

    def release(self, transport: asyncio.WriteTransport | None) -> None:
        """``transport`` has ended."""
        if transport is self._transport:
            self._transport = None

    def receive(self, pcm: bytes) -> None:
        """``pcm``, whole samples, came from the console."""
        if self._arrived is not None and pcm:
            self._arrived(pcm)


class _Connection(asyncio.Protocol):
    def __init__(self, line: Line) -> None:
        self._line = line
        self._aligner = SampleAligner()
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        accepted = cast(asyncio.WriteTransport, transport)
        if not self._line.take(accepted):
            accepted.abort()
            return
        self._transport = accepted
        with contextlib.suppress(OSError):
            accepted.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def data_received(self, data: bytes) -> None:
        if self._transport is not None:
            self._line.receive(self._aligner.feed(data))

    def connection_lost(self, error: Exception | None) -> None:
        self._line.release(self._transport)


class Sound:
    """Both directions of one visitor.

    ``play`` gets the customer's voice for the browser. It may be replaced: the browser comes after the ports, and
    may come again.
    """

    def __init__(self) -> None:
        self.play: Callable[[bytes], None] = _nobody
        self._microphone = Line()
        self._loudspeaker = Line(lambda pcm: self.play(pcm))

    async def open(self) -> None:
        """Open both ports. Raises ``OSError``."""
        await self._microphone.open()
        await self._loudspeaker.open()

    @property
    def source(self) -> str:
        """The microphone, as the console's ``--source`` names it."""
        return f"tcp:{LOOPBACK}:{self._microphone.port}"

    @property
    def sink(self) -> str:
        """The loudspeaker, as the console's ``--sink`` names it."""
        return f"tcp:{LOOPBACK}:{self._loudspeaker.port}"

    @property
    def heard_by_console(self) -> bool:
        """Whether the console has the microphone open: it does during a conversation."""
        return self._microphone.connected

    @property
    def dropped_bytes(self) -> int:
        """Speech that came while the console did not keep up."""
        return self._microphone.dropped_bytes

    def speak(self, pcm: bytes) -> None:
        """The visitor said ``pcm``: PCM16, 24 000 Hz, mono, whole samples."""
        self._microphone.send(pcm)

    def close(self) -> None:
        """Close both ports."""
        self._microphone.close()
        self._loudspeaker.close()


class FromRate:
    """PCM16 mono of ``rate_hz`` (8 to 192 kHz) to 24 000 Hz.

    Firefox lets nobody choose the rate of a microphone, so resampling is done here for every browser alike.
    """

    def __init__(self, rate_hz: int) -> None:
        """Raises ``ValueError`` for a rate that no microphone has."""
        if not RATES_HZ[0] <= rate_hz <= RATES_HZ[1]:
            raise ValueError(rate_hz)
        self._resampler = None
        if rate_hz != SAMPLE_RATE:
            from audio.resample import Resampler  # numpy and soxr, 100 ms, only where they are needed

            self._resampler = Resampler(rate_hz, SAMPLE_RATE, "live")

    def feed(self, pcm: bytes) -> bytes:
        """The output for ``pcm``, whole samples."""
        return pcm if self._resampler is None else self._resampler.feed(pcm)


def _nobody(pcm: bytes) -> None:
    """No browser is listening."""
