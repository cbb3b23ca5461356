"""Sound over TCP, against a real server on the loopback."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from audio import tcp
from audio.errors import AudioError, AudioErrorCode
from audio.generated import sine
from audio.open import make_sink, make_source
from audio.ports import Source

WaitUntil = Callable[[Callable[[], bool]], Awaitable[None]]
CHUNK = 960


@dataclass
class Peer:
    """The other side: one listening port and whoever connects to it."""

    port: int = 0
    received: bytearray = field(default_factory=bytearray)
    connected: asyncio.Event = field(default_factory=asyncio.Event)
    hung_up: asyncio.Event = field(default_factory=asyncio.Event)
    writer: asyncio.StreamWriter | None = None
    reading: bool = True

    @property
    def spec(self) -> str:
        """Where to connect."""
        return f"tcp:127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Keep what comes until the other side hangs up."""
        self.writer = writer
        self.connected.set()
        try:
            while self.reading and (data := await reader.read(65_536)):
                self.received += data
            if self.reading:
                self.hung_up.set()
        except ConnectionError:
            self.hung_up.set()

    async def send(self, data: bytes) -> None:
        """Send ``data`` to whoever is connected."""
        await self.connected.wait()
        assert self.writer is not None
        self.writer.write(data)
        await self.writer.drain()


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    other = Peer()
    server = await asyncio.start_server(other.serve, "127.0.0.1", 0)
    other.port = server.sockets[0].getsockname()[1]
    yield other
    server.close()
    if other.writer is not None:
        other.writer.close()
    await server.wait_closed()


async def _read(source: Source) -> bytes:
    async with asyncio.timeout(5):
        return (await source.read()).pcm


async def test_what_is_sent_is_what_is_read_however_it_is_cut(peer: Peer) -> None:
    source = make_source(peer.spec, chunk_bytes=CHUNK)
    info = await source.open()
    assert (info.name, info.rate_hz) == (f"127.0.0.1:{peer.port}", 24_000)
    pcm = sine(440, 0, 2_400)
    for at in range(0, len(pcm), 333):
        await peer.send(pcm[at : at + 333])
    assert b"".join([await _read(source) for _ in range(5)]) == pcm
    await source.close()
    async with asyncio.timeout(5):
        await peer.hung_up.wait()


async def test_the_rest_is_given_before_the_loss_is_told(peer: Peer) -> None:
    source = make_source(peer.spec, chunk_bytes=CHUNK)
    await source.open()
    await peer.send(sine(440, 0, 500))
    assert peer.writer is not None
    peer.writer.close()
    assert await _read(source) == sine(440, 0, 480)
    assert await _read(source) == sine(440, 480, 20).ljust(CHUNK, b"\0")
    for _ in range(2):
        with pytest.raises(AudioError) as caught:
            await _read(source)
        assert caught.value.code is AudioErrorCode.CONNECTION_LOST
    await source.close()


async def test_a_reset_is_a_lost_connection(peer: Peer) -> None:
    source = make_source(peer.spec, chunk_bytes=CHUNK)
    await source.open()
    await peer.connected.wait()
    assert peer.writer is not None
    peer.writer.transport.abort()
    with pytest.raises(AudioError) as caught:
        await _read(source)
    assert caught.value.code is AudioErrorCode.CONNECTION_LOST
    await source.close()


async def test_a_silent_sender_is_noticed_and_may_go_on(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tcp, "NO_FRAMES_S", 0.05)
    source = make_source(peer.spec, chunk_bytes=CHUNK)
    await source.open()
    with pytest.raises(AudioError) as caught:
        await _read(source)
    assert caught.value.code is AudioErrorCode.NO_FRAMES
    await peer.send(sine(440, 0, 480))
    assert await _read(source) == sine(440, 0, 480)
    await source.close()


async def test_a_sender_that_does_not_pace_itself_is_slowed_down(peer: Peer) -> None:
    source = make_source(peer.spec, chunk_bytes=4_800)
    await source.open()
    sending = asyncio.create_task(peer.send(sine(440, 0, 24_000 * 30)))
    began = time.monotonic()
    got = b"".join([await _read(source) for _ in range(10)])
    took = time.monotonic() - began
    # A second of sound: half of it at once, the rest in its own time.
    assert got == sine(440, 0, 24_000)
    assert 0.35 < took < 1.0
    assert source.dropped_chunks == 0
    await source.close()
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)


async def test_a_reader_that_stalled_gets_what_is_new(
    peer: Peer, monkeypatch: pytest.MonkeyPatch, wait_until: WaitUntil
) -> None:
    source = make_source(peer.spec, chunk_bytes=CHUNK)
    assert isinstance(source, tcp.TcpSource)
    await source.open()
    await peer.send(sine(440, 0, 4_800))
    connection = source._connection
    assert connection is not None
    await wait_until(lambda: len(connection.received) == 9_600)
    monkeypatch.setattr(tcp, "STALLED_S", -1.0)
    reading = asyncio.create_task(_read(source))
    await wait_until(lambda: source.dropped_chunks == 10)
    await peer.send(sine(100, 0, 480))
    assert await reading == sine(100, 0, 480)
    await source.close()


async def open_source(spec: str) -> None:
    source = make_source(spec, chunk_bytes=CHUNK)
    try:
        await source.open()
    finally:
        await source.close()


async def open_sink(spec: str) -> None:
    sink = make_sink(spec)
    try:
        await sink.open(bytes)
    finally:
        await sink.close()


@pytest.mark.parametrize("open_end", [open_source, open_sink])
@pytest.mark.parametrize("host", ["127.0.0.1", "a..b", "name.invalid"])
async def test_nobody_answers(
    open_end: Callable[[str], Awaitable[None]], host: str, unused_tcp_port: int
) -> None:
    with pytest.raises(AudioError) as caught:
        await open_end(f"tcp:{host}:{unused_tcp_port}")
    assert caught.value.code is AudioErrorCode.CONNECT_FAILED
    assert caught.value.params["address"] == f"{host}:{unused_tcp_port}"
    assert caught.value.params["reason"]


async def test_a_remote_speaker_gets_the_whole_timeline_in_real_time(
    peer: Peer, wait_until: WaitUntil
) -> None:
    pulled = 0

    def pull(samples: int) -> bytes:
        nonlocal pulled
        pulled += samples
        return sine(440, pulled - samples, samples)

    sink = make_sink(peer.spec)
    began = time.monotonic()
    await sink.open(pull)
    await wait_until(lambda: len(peer.received) >= 9_600)
    took = time.monotonic() - began
    await sink.close()
    async with asyncio.timeout(5):
        await peer.hung_up.wait()
    assert 0.15 < took < 0.6
    assert bytes(peer.received) == sine(440, 0, pulled)


async def test_a_remote_speaker_that_hangs_up_is_lost(peer: Peer, wait_until: WaitUntil) -> None:
    sink = make_sink(peer.spec)
    await sink.open(lambda samples: bytes(2 * samples))
    await peer.connected.wait()
    assert peer.writer is not None
    peer.writer.transport.abort()
    await wait_until(lambda: sink.lost is not None)
    assert isinstance(sink.lost, AudioError)
    assert sink.lost.code is AudioErrorCode.CONNECTION_LOST
    await sink.close()


async def test_a_remote_speaker_that_does_not_listen_does_not_fill_memory(
    peer: Peer, wait_until: WaitUntil
) -> None:
    peer.reading = False
    sink = make_sink(peer.spec)
    assert isinstance(sink, tcp.TcpSink)
    # Far more than real time gives, so that the buffers are full at once.
    await sink.open(lambda samples: bytes(4_000_000))
    await wait_until(lambda: sink.dropped_blocks > 2)
    assert sink.lost is None
    await sink.close()
