"""What a visitor's microphone sends, judged."""

from __future__ import annotations

import asyncio
import math
import shutil
import socket
import subprocess
from array import array

import pytest

from audio.incoming import Incoming, Reading, Verdict, listen
from audio.spec import TcpSpec


def tone(samples: int, amplitude: int = 8_000) -> bytes:
    return array("h", (int(amplitude * math.sin(n / 9)) for n in range(samples))).tobytes()


def after(
    seconds: float, rate_hz: int, *, amplitude: int = 8_000, channels: int = 1, burst: int = 0
) -> Reading:
    """The reading after so long of a sender with this rate, in pieces of 20 ms that break samples apart."""
    incoming = Incoming(0.0)
    if burst:
        incoming.feed(tone(burst), 0.0)
    data = tone(rate_hz * channels // 50, amplitude)
    at = 0.0
    while at < seconds:
        at += 0.02
        incoming.feed(data[:333], at)
        incoming.feed(data[333:], at)
    return incoming.reading(at)


def test_a_voice_at_the_right_rate_is_good() -> None:
    reading = after(4, 24_000)
    assert reading.verdict is Verdict.GOOD
    assert reading.samples_per_s == pytest.approx(24_000, rel=0.02)
    assert reading.peak_dbfs == pytest.approx(-12.2, abs=0.5)


@pytest.mark.parametrize(
    ("rate_hz", "channels"), [(48_000, 1), (16_000, 1), (44_100, 1), (24_000, 2), (8_000, 1)]
)
def test_any_other_format_is_named_by_its_samples(rate_hz: int, channels: int) -> None:
    reading = after(4, rate_hz, channels=channels)
    assert reading.verdict is Verdict.WRONG_RATE
    assert reading.samples_per_s == pytest.approx(rate_hz * channels, rel=0.02)


def test_what_had_been_collected_before_does_not_count() -> None:
    assert after(3.2, 24_000, burst=240_000).verdict is Verdict.GOOD


@pytest.mark.parametrize(
    ("amplitude", "verdict"), [(0, Verdict.SILENT), (9, Verdict.FAINT), (900, Verdict.GOOD)]
)
def test_silence_is_told_from_a_faint_microphone(amplitude: int, verdict: Verdict) -> None:
    assert after(4, 24_000, amplitude=amplitude).verdict is verdict


def test_it_takes_three_seconds_to_judge() -> None:
    assert after(2.8, 48_000).verdict is Verdict.LISTENING
    assert after(2.8, 24_000).peak_dbfs > -20


def test_a_sender_that_stops_is_noticed() -> None:
    incoming = Incoming(0.0)
    assert incoming.reading(1.0).verdict is Verdict.LISTENING
    assert incoming.reading(2.0).verdict is Verdict.NOTHING
    incoming.feed(tone(480), 2.5)
    assert incoming.reading(2.6).verdict is Verdict.LISTENING
    assert incoming.reading(4.6).verdict is Verdict.NOTHING


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


async def first(spec: TcpSpec, wanted: Verdict) -> Reading:
    async with asyncio.timeout(20):
        async for reading in listen(spec):
            if reading.verdict is wanted:
                return reading
    raise AssertionError


async def test_nobody_then_somebody() -> None:
    port = free_port()
    spec = TcpSpec("127.0.0.1", port)
    assert await first(spec, Verdict.NOBODY)

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(tone(480))
        await reader.read()

    server = await asyncio.start_server(speak, "127.0.0.1", port)
    async with server:
        assert (await first(spec, Verdict.LISTENING)).peak_dbfs > -20


@pytest.mark.system
@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs ffmpeg")
@pytest.mark.parametrize(("rate_hz", "verdict"), [(24_000, Verdict.GOOD), (48_000, Verdict.WRONG_RATE)])
async def test_ffmpeg_is_judged_right(rate_hz: int, verdict: Verdict) -> None:
    port = free_port()
    sender = await asyncio.create_subprocess_exec(
        "ffmpeg", "-loglevel", "error", "-re", "-f", "lavfi", "-i", f"sine=frequency=440:sample_rate={rate_hz}",
         "-ac", "1", "-f", "s16le", f"tcp://127.0.0.1:{port}?listen=1",
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        reading = await first(TcpSpec("127.0.0.1", port), verdict)
    finally:
        sender.kill()
        await sender.wait()
    assert reading.samples_per_s == pytest.approx(rate_hz, rel=0.08)
