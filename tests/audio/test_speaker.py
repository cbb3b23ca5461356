"""The speaker, on a PortAudio that the test plays."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio.errors import AudioError, AudioErrorCode
from audio.generated import sine
from audio.open import make_sink
from audio.portaudio import Format
from audio.speaker import DeviceFeed
from tests.audio.fake_sounddevice import FakeDevice, FakeSoundDevice


class Voice:
    """A tone, sample by sample, until it is told to stop."""

    def __init__(self) -> None:
        self.pulled: list[int] = []
        self.speaking = True

    def __call__(self, samples: int) -> bytes:
        start = sum(self.pulled)
        self.pulled.append(samples)
        return sine(440, start, samples) if self.speaking else bytes(2 * samples)


async def test_the_device_gets_what_is_pulled(sound: FakeSoundDevice) -> None:
    sound.add(FakeDevice("Headset", inputs=0, outputs=2), default=True)
    voice = Voice()
    sink = make_sink("speaker")
    info = await sink.open(voice)
    stream = sound.streams[0]
    assert (info.name, info.rate_hz) == ("Headset", 24_000)
    assert info.latency_ms == pytest.approx(42.5)
    assert stream.settings["latency"] == 0.1
    assert stream.settings["blocksize"] == 480
    assert stream.play(480) + stream.play(480) == sine(440, 0, 960)
    assert voice.pulled == [480, 480]
    await sink.close()
    await sink.close()
    assert stream.state == "closed"
    assert sink.lost is None


@pytest.mark.parametrize(("rate", "frames"), [(44_100, 882), (48_000, 960), (16_000, 320), (96_000, 1_920)])
@pytest.mark.parametrize("channels", [1, 2])
def test_a_device_of_another_format_plays_the_same_tone(rate: int, frames: int, channels: int) -> None:
    voice = Voice()
    feed = DeviceFeed(voice, Format(rate, channels), 480)
    played = b"".join(feed.take(frames) for _ in range(50))
    heard = np.frombuffer(played, "<i2").reshape(-1, channels)
    assert len(heard) == 50 * frames
    assert (heard == heard[:, :1]).all()
    tone = heard[:, 0].astype(float)
    spectrum = np.abs(np.fft.rfft(tone * np.hanning(len(tone))))
    assert np.argmax(spectrum) * rate / len(tone) == pytest.approx(440, abs=2)
    # No more is pulled than what plays and less than one block of ours in hand, besides the filter's own.
    assert sum(voice.pulled) <= 50 * 480 + 2 * 480


@given(st.lists(st.integers(1, 3_000), max_size=30), st.sampled_from([8_000, 24_000, 44_100, 48_000]))
def test_a_device_gets_exactly_what_it_asks_for(asked: list[int], rate: int) -> None:
    feed = DeviceFeed(Voice(), Format(rate, 2), 480)
    assert [len(feed.take(frames)) for frames in asked] == [frames * 4 for frames in asked]


async def test_an_interrupted_voice_is_silent_within_a_block(
    sound: FakeSoundDevice,
) -> None:
    accepts = {(48_000, 2)}
    sound.add(FakeDevice("Card", inputs=0, outputs=2, accepts=accepts), default=True)
    voice = Voice()
    sink = make_sink("speaker")
    await sink.open(voice)
    stream = sound.streams[0]
    for _ in range(10):
        assert any(stream.play(960))
    voice.speaking = False
    # What is left is in the resampler: less than one block.
    stream.play(960)
    assert not any(stream.play(960)[480:])
    assert not any(stream.play(960))
    await sink.close()


async def test_a_lost_speaker_says_so(sound: FakeSoundDevice) -> None:
    sound.add(FakeDevice("Headset", inputs=0, outputs=2), default=True)
    sink = make_sink("speaker:head")
    await sink.open(Voice())
    before = sink.lost
    sound.streams[0].lose()
    assert before is None
    assert isinstance(sink.lost, AudioError)
    assert sink.lost.code is AudioErrorCode.DEVICE_LOST
    await sink.close()


@pytest.mark.parametrize(
    ("spec", "code"),
    [("speaker:hdmi", AudioErrorCode.DEVICE_NOT_FOUND), ("speaker", AudioErrorCode.DEVICE_BUSY)],
)
async def test_a_speaker_that_cannot_be_opened(
    sound: FakeSoundDevice, spec: str, code: AudioErrorCode
) -> None:
    busy = sound.PortAudioError("Device unavailable", -9985)
    sound.add(FakeDevice("Headset", inputs=0, outputs=2, fails=busy), default=True)
    sink = make_sink(spec)
    with pytest.raises(AudioError) as caught:
        await sink.open(Voice())
    assert caught.value.code is code
    await sink.close()


async def test_a_box_without_any_speaker(sound: FakeSoundDevice) -> None:
    sound.add(FakeDevice("Microphone"), default=True)
    sink = make_sink("speaker")
    with pytest.raises(AudioError) as caught:
        await sink.open(Voice())
    assert caught.value.code is AudioErrorCode.NO_DEVICE
    assert caught.value.params == {"direction": "output"}
