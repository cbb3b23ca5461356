"""A visitor's sound on two loopback ports."""

from __future__ import annotations

import asyncio
import itertools
import math
from array import array
from collections.abc import AsyncIterator

import pytest

from audio.ports import BYTES_PER_MS
from audio.spec import TcpSpec, parse_sink, parse_source
from audio.tcp import TcpSink, TcpSource
from browser.sound import LATE_BYTES, FromRate, Sound

CHUNK_BYTES = 1920


@pytest.fixture
async def sound() -> AsyncIterator[Sound]:
    opened = Sound()
    await opened.open()
    yield opened
    opened.close()


async def until_heard(sound: Sound, heard: bool = True) -> None:
    while sound.heard_by_console is not heard:  # noqa: ASYNC110 - a state of the loop itself, not of another task
        await asyncio.sleep(0)


def spec(text: str) -> TcpSpec:
    parsed = parse_source(text)
    assert isinstance(parsed, TcpSpec)
    return parsed


async def test_the_consoles_own_source_hears_the_visitor(sound: Sound) -> None:
    source = TcpSource(spec(sound.source), CHUNK_BYTES)
    sound.speak(b"\7\7" * 960)  # before anybody listens: lost, not kept
    await source.open()
    await until_heard(sound)
    sound.speak(b"\1\2" * 960)
    chunk = await source.read()
    assert chunk.pcm == b"\1\2" * 960
    await source.close()


async def test_the_browser_hears_the_consoles_own_sink(sound: Sound) -> None:
    heard = asyncio.Queue[bytes]()
    sound.play = heard.put_nowait
    parsed = parse_sink(sound.sink)
    assert isinstance(parsed, TcpSpec)
    sink = TcpSink(parsed, 480)
    await sink.open(lambda samples: b"\3\4" * samples)
    async with asyncio.timeout(5):
        pcm = await heard.get()
    assert pcm[:2] == b"\3\4"
    assert len(pcm) % 2 == 0
    await sink.close()


async def test_nobody_can_listen_in(sound: Sound) -> None:
    """A second connection is hung up on; a later one, after the first has gone, is welcome."""
    where = spec(sound.source)
    _, first = await asyncio.open_connection(where.host, where.port)
    await until_heard(sound)
    second_reader, second = await asyncio.open_connection(where.host, where.port)
    sound.speak(b"\1\2")
    with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
        await second_reader.readexactly(1)
    second.close()
    first.close()
    await until_heard(sound, False)
    third_reader, third = await asyncio.open_connection(where.host, where.port)
    await until_heard(sound)
    sound.speak(b"\5\6")
    assert await third_reader.readexactly(2) == b"\5\6"
    third.close()


async def test_speech_that_nobody_takes_is_dropped(sound: Sound) -> None:
    where = spec(sound.source)
    reader, writer = await asyncio.open_connection(where.host, where.port, limit=1024)
    await until_heard(sound)
    for _ in range(10_000):
        sound.speak(bytes(CHUNK_BYTES))
    # The kernel's buffers take some megabytes; ours take half a second.
    assert sound.dropped_bytes > 10_000 * CHUNK_BYTES - LATE_BYTES - 10_000_000
    writer.close()
    assert not reader.at_eof()


async def test_two_visitors_have_ports_of_their_own(sound: Sound) -> None:
    other = Sound()
    await other.open()
    assert len({sound.source, sound.sink, other.source, other.sink}) == 4
    other.close()


@pytest.mark.parametrize("rate_hz", [16_000, 24_000, 44_100, 48_000])
def test_every_rate_becomes_ours(rate_hz: int) -> None:
    """Two seconds of 440 Hz stay two seconds of 440 Hz."""
    sine = array("h", (int(9_000 * math.sin(2 * math.pi * 440 * n / rate_hz)) for n in range(2 * rate_hz)))
    from_rate = FromRate(rate_hz)
    block = rate_hz // 25 * 2
    data = sine.tobytes()
    out = b"".join(from_rate.feed(data[at : at + block]) for at in range(0, len(data), block))
    assert len(out) == pytest.approx(2_000 * BYTES_PER_MS, rel=0.01)
    values = array("h", out)
    crossings = sum(a < 0 <= b for a, b in itertools.pairwise(values))
    assert crossings / (len(values) / 24_000) == pytest.approx(440, rel=0.01)


@pytest.mark.parametrize("rate_hz", [0, -1, 7_999, 192_001])
def test_rates_that_no_microphone_has(rate_hz: int) -> None:
    with pytest.raises(ValueError, match=str(rate_hz)):
        FromRate(rate_hz)
