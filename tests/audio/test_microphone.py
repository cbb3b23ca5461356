"""The microphone, on a PortAudio that the test plays."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from audio import microphone, portaudio
from audio.errors import AudioError, AudioErrorCode
from audio.generated import sine
from audio.open import make_source
from audio.ports import Source
from tests.audio.fake_sounddevice import FakeDevice, FakeSoundDevice, FakeStream

WaitUntil = Callable[[Callable[[], bool]], Awaitable[None]]
CHUNK = 1_920
BLOCK = 960

# As PortAudio raises them: text, number, and for -9999 what the system said.
FAILURES: list[tuple[tuple[Any, ...], AudioErrorCode]] = [
    (("Device unavailable", -9985), AudioErrorCode.DEVICE_BUSY),
    (("Host error", -9999, (0, -16, "Device or resource busy")), AudioErrorCode.DEVICE_BUSY),
    (("Host error", -9999, (0, -13, "Permission denied")), AudioErrorCode.PERMISSION_DENIED),
    (("Host error", -9999, (0, -2147024891, "")), AudioErrorCode.PERMISSION_DENIED),
    (("Host error", -9999, (0, 0, "Access is denied.")), AudioErrorCode.PERMISSION_DENIED),
    (("Host error", -9999, (0, -19, "No such device")), AudioErrorCode.DEVICE_LOST),
    (("Host error", -9999, (0, -5, "Input/output error")), AudioErrorCode.DEVICE_FAILED),
    (("Internal PortAudio error", -9986), AudioErrorCode.DEVICE_FAILED),
    (("Invalid sample rate", -9997), AudioErrorCode.RATE_REFUSED),
    (("Invalid device", -9996), AudioErrorCode.NO_DEVICE),
    (("Error querying device -1",), AudioErrorCode.DEVICE_FAILED),
]


async def _read(source: Source) -> bytes:
    async with asyncio.timeout(5):
        return (await source.read()).pcm


async def _opened(sound: FakeSoundDevice, source: Source) -> FakeStream:
    await source.open()
    return sound.streams[-1]


@pytest.mark.parametrize(("failure", "code"), FAILURES)
async def test_every_way_a_device_fails_has_its_code(
    sound: FakeSoundDevice, failure: tuple[Any, ...], code: AudioErrorCode
) -> None:
    sound.add(FakeDevice("USB", fails=sound.PortAudioError(*failure)), default=True)
    source = make_source("mic", chunk_bytes=CHUNK)
    with pytest.raises(AudioError) as caught:
        await source.open()
    assert caught.value.code is code
    if code is not AudioErrorCode.NO_DEVICE:
        assert caught.value.params["device"] == "USB"
    await source.close()


@pytest.mark.parametrize(("second_channel", "told"), [(-0.99, 1), (1, 0), (0, 0)])
async def test_a_balanced_microphone_on_a_stereo_socket_is_told(
    sound: FakeSoundDevice, second_channel: float, told: int
) -> None:
    sound.add(FakeDevice("USB", inputs=2, accepts={(24_000, 2)}, rate=24_000.0), default=True)
    warnings: list[AudioError] = []
    source = make_source("mic", chunk_bytes=48_000, on_warning=warnings.append)
    stream = await _opened(sound, source)
    mono = np.frombuffer(sine(440, 0, 480), "<i2")
    for _ in range(100):
        stream.capture(np.stack([mono, second_channel * mono], axis=1).astype("<i2").tobytes())
    await _read(source)
    await source.close()
    assert [(warning.code, warning.params["name"]) for warning in warnings] == [
        (AudioErrorCode.CHANNELS_CANCEL, "USB")
    ] * told


@pytest.mark.usefixtures("no_portaudio")
async def test_the_library_is_missing() -> None:
    source = make_source("mic", chunk_bytes=CHUNK)
    with pytest.raises(AudioError) as caught:
        await source.open()
    assert caught.value.code is AudioErrorCode.LIBRARY_MISSING
    await source.close()


@pytest.mark.parametrize(
    ("accepts", "rate", "channels"),
    [
        ({(24_000, 1), (48_000, 2)}, 24_000, 1),
        ({(24_000, 2), (48_000, 1)}, 24_000, 2),
        ({(48_000, 1)}, 48_000, 1),
        ({(48_000, 2)}, 48_000, 2),
        ({(48_000, 4)}, 48_000, 4),
    ],
)
async def test_a_device_is_opened_the_way_it_can(
    sound: FakeSoundDevice,
    accepts: set[tuple[int, int]],
    rate: int,
    channels: int,
) -> None:
    sound.add(FakeDevice("USB", inputs=4, accepts=accepts), default=True)
    source = make_source("mic:usb", chunk_bytes=CHUNK)
    info = await source.open()
    settings = sound.streams[0].settings
    assert (settings["samplerate"], settings["channels"]) == (rate, channels)
    assert settings["blocksize"] == rate // 50
    assert (info.name, info.rate_hz) == ("USB", rate)
    assert info.latency_ms == pytest.approx(42.5)
    await source.close()
    assert sound.streams[0].state == "closed"


async def test_a_device_with_a_rate_of_its_own_sounds_the_same(sound: FakeSoundDevice) -> None:
    sound.add(FakeDevice("USB", inputs=2, rate=44_100.0, accepts={(44_100, 2)}), default=True)
    source = make_source("mic", chunk_bytes=CHUNK)
    stream = await _opened(sound, source)
    t = np.arange(44_100) / 44_100
    tone = np.rint(8_000 * np.sin(2 * np.pi * 700 * t)).astype("<i2")
    captured = b""
    for at in range(0, len(tone), 882):
        stream.capture(np.repeat(tone[at : at + 882], 2).tobytes())
        if at and at % (882 * 4) == 0:
            captured += await _read(source)
    values = np.frombuffer(captured, "<i2").astype(float)
    spectrum = np.abs(np.fft.rfft(values * np.hanning(len(values))))
    assert np.argmax(spectrum) * 24_000 / len(values) == pytest.approx(700, abs=3)
    assert np.abs(values[2_000:-2_000]).max() == pytest.approx(8_000, rel=0.02)
    await source.close()


async def test_rate_refused_names_both_rates(sound: FakeSoundDevice) -> None:
    sound.add(FakeDevice("Old card", rate=11_025.0, accepts={(8_000, 1)}), default=True)
    source = make_source("mic", chunk_bytes=CHUNK)
    with pytest.raises(AudioError) as caught:
        await source.open()
    assert caught.value.code is AudioErrorCode.RATE_REFUSED
    assert "24000" in str(caught.value)
    assert caught.value.params == {"device": "Old card", "rate": "11025"}
    await source.close()


async def test_chunks_are_what_was_captured(sound: FakeSoundDevice) -> None:
    sound.add(FakeDevice("USB"), default=True)
    source = make_source("mic", chunk_bytes=1_000)
    stream = await _opened(sound, source)
    pcm = sine(440, 0, 2_400)
    for at in range(0, len(pcm), BLOCK):
        stream.capture(pcm[at : at + BLOCK])
    chunks = []
    for _ in range(4):
        async with asyncio.timeout(5):
            chunks.append(await source.read())
    assert b"".join(c.pcm for c in chunks) == pcm[:4_000]
    assert all(later.due > earlier.due for earlier, later in pairwise(chunks))
    assert source.dropped_chunks == 0
    await source.close()


async def test_a_slow_reader_loses_the_oldest_and_it_is_counted(sound: FakeSoundDevice) -> None:
    sound.add(FakeDevice("USB"), default=True)
    source = make_source("mic", chunk_bytes=CHUNK)
    stream = await _opened(sound, source)
    pcm = sine(100, 0, 72_000)
    for at in range(0, len(pcm), BLOCK):
        stream.capture(pcm[at : at + BLOCK])
    # Three seconds were captured and one is kept: the last.
    first = await _read(source)
    assert source.dropped_chunks == 50
    assert first == pcm[50 * CHUNK : 51 * CHUNK]
    await source.close()


async def test_a_second_of_zeros_is_told_once_and_again_after_sound(sound: FakeSoundDevice) -> None:
    warnings: list[AudioError] = []
    sound.add(FakeDevice("USB"), default=True)
    source = make_source("mic", chunk_bytes=CHUNK, on_warning=warnings.append)
    assert isinstance(source, microphone.MicrophoneSource)
    stream = await _opened(sound, source)

    async def capture(blocks: int, data: bytes) -> None:
        for _ in range(blocks):
            stream.capture(data)
            await asyncio.sleep(0)
            while source._chunks:
                await _read(source)

    await capture(48, bytes(BLOCK))
    assert warnings == []
    await capture(10, bytes(BLOCK))
    assert [w.code for w in warnings] == [AudioErrorCode.DIGITAL_SILENCE]
    assert [source.warning] == warnings
    await capture(100, bytes(BLOCK))
    assert len(warnings) == 1
    # One step of one sample is sound.
    await capture(2, b"\x01" + bytes(BLOCK - 1))
    assert source.warning is None
    await capture(60, bytes(BLOCK))
    assert len(warnings) == 2
    await source.close()


async def test_a_lost_device_gives_what_it_had_and_then_says_so(sound: FakeSoundDevice) -> None:
    sound.add(FakeDevice("USB"), default=True)
    source = make_source("mic", chunk_bytes=BLOCK)
    stream = await _opened(sound, source)
    stream.capture(sine(440, 0, 480))
    stream.lose()
    assert await _read(source) == sine(440, 0, 480)
    for _ in range(2):
        with pytest.raises(AudioError) as caught:
            await _read(source)
        assert caught.value.code is AudioErrorCode.DEVICE_LOST
    await source.close()
    # The next one looks for the devices anew.
    again = make_source("mic", chunk_bytes=BLOCK)
    await again.open()
    assert sound.restarts == 1
    await again.close()


async def test_a_device_that_gives_nothing_is_noticed(
    sound: FakeSoundDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(microphone, "NO_FRAMES_S", 0.05)
    sound.add(FakeDevice("USB"), default=True)
    source = make_source("mic", chunk_bytes=BLOCK)
    stream = await _opened(sound, source)
    with pytest.raises(AudioError) as caught:
        await _read(source)
    assert caught.value.code is AudioErrorCode.NO_FRAMES
    # It may come back to life.
    stream.capture(sine(440, 0, 480))
    assert await _read(source) == sine(440, 0, 480)
    await source.close()


async def test_a_large_chunk_in_the_making_is_not_taken_for_silence(
    sound: FakeSoundDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(microphone, "NO_FRAMES_S", 0.2)
    sound.add(FakeDevice("USB"), default=True)
    source = make_source("mic", chunk_bytes=20 * BLOCK)
    stream = await _opened(sound, source)
    reading = asyncio.create_task(_read(source))
    for _ in range(20):
        # Blocks come in real time: twenty of them take twice as long as the watchdog waits.
        await asyncio.sleep(0.02)
        stream.capture(bytes(BLOCK))
    assert len(await reading) == 20 * BLOCK
    await source.close()


async def test_nothing_of_a_closed_microphone_arrives(sound: FakeSoundDevice) -> None:
    sound.add(FakeDevice("USB"), default=True)
    source = make_source("mic", chunk_bytes=BLOCK)
    stream = await _opened(sound, source)
    await source.close()
    await source.close()
    stream.capture(bytes(BLOCK))
    await asyncio.sleep(0)
    assert isinstance(source, microphone.MicrophoneSource)
    assert not source._chunks
    assert source._lost is None


async def test_a_device_plugged_in_later_is_found(sound: FakeSoundDevice) -> None:
    for spec, code in (("mic", AudioErrorCode.NO_DEVICE), ("mic:usb", AudioErrorCode.NO_DEVICE)):
        source = make_source(spec, chunk_bytes=BLOCK)
        with pytest.raises(AudioError) as caught:
            await source.open()
        assert caught.value.code is code
        await source.close()
    # PortAudio makes its list once: each time nothing was found it has to be started anew.
    assert sound.restarts == 1
    sound.add(FakeDevice("USB"), default=True)
    source = make_source("mic:usb", chunk_bytes=BLOCK)
    await source.open()
    assert sound.restarts == 2
    await source.close()


async def test_a_portaudio_that_hangs_does_not_hang_us(
    sound: FakeSoundDevice,
    monkeypatch: pytest.MonkeyPatch,
    wait_until: WaitUntil,
) -> None:
    sound.add(FakeDevice("USB"), default=True)
    source = make_source("mic", chunk_bytes=BLOCK)
    stuck = await _opened(sound, source)
    stuck.hang = threading.Event()
    silenced: list[bool] = []
    monkeypatch.setattr(portaudio, "_silence_native_errors", lambda: silenced.append(True))
    with monkeypatch.context() as impatient:
        impatient.setattr(portaudio, "CLOSE_LIMIT_S", 0.05)
        async with asyncio.timeout(5):
            await source.close()
    assert silenced
    # The next microphone does not wait for the last one.
    again = make_source("mic", chunk_bytes=BLOCK)
    stream = await _opened(sound, again)
    stream.capture(sine(440, 0, 480))
    assert await _read(again) == sine(440, 0, 480)
    await again.close()
    stuck.hang.set()
    await wait_until(lambda: stuck.state == "closed")


def test_what_c_prints_is_silenced_and_what_python_prints_is_not() -> None:
    program = (
        "import os, sys\n"
        "from audio.portaudio import _silence_native_errors\n"
        "_silence_native_errors()\n"
        "os.write(2, b'from C')\n"
        "print('from Python', file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stderr == "from Python\n"
