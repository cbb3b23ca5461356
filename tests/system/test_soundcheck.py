"""The soundcheck on a (virtual) sound card: what is played and heard is measured, not assumed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from audio.pcm import level
from audio.ports import SAMPLE_RATE
from tests.system.sound_card import SoundCard
from tests.system.test_doctor_sound import tone
from tui.host.soundcheck.client import SoundcheckProcess
from tui.host.soundcheck.protocol import (
    Failed,
    Levels,
    ListDevices,
    Listed,
    Listen,
    Opened,
    PlayTone,
    RecordAndPlay,
    Said,
    Trial,
)

pytestmark = pytest.mark.system


class Check:
    """The process, and all that it said."""

    def __init__(self, process: SoundcheckProcess) -> None:
        self.process = process
        self.said: list[Said] = []

    async def until(self, condition: Callable[[list[Said]], object], seconds: float = 20.0) -> None:
        deadline = time.monotonic() + seconds
        while not condition(self.said):
            assert time.monotonic() < deadline, self.said
            await asyncio.sleep(0.02)
            self.said += self.process.drain()

    async def pulse(self) -> str:
        """The id of the device that leads to PulseAudio."""
        self.process.tell(ListDevices())
        await self.until(lambda said: any(isinstance(one, Listed) for one in said))
        [listed] = [one for one in self.said if isinstance(one, Listed)]
        return next(device.id for device in listed.devices if device.name == "pulse")

    def level(self, device: str) -> float:
        """The newest RMS in dBFS."""
        levels = [
            one.levels[device][0] for one in self.said if isinstance(one, Levels) and device in one.levels
        ]
        return levels[-1] if levels else -200.0


def strongest_hz(pcm: bytes) -> float:
    samples = np.frombuffer(pcm, dtype="<i2").astype(float)
    power = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.fft.rfftfreq(len(samples), 1 / SAMPLE_RATE)[int(power.argmax())])


async def test_levels_tone_and_recording_are_those_of_the_card(sound_card: SoundCard, tmp_path: Path) -> None:
    check = Check(await SoundcheckProcess.start(tmp_path / "soundcheck.log"))
    try:
        pulse = await check.pulse()
        check.process.tell(Listen(inputs=(pulse,)))
        await check.until(lambda said: any(isinstance(one, Opened) for one in said))
        await check.until(lambda _: check.level(pulse) == -120, 10)
        sound_card.say(tone(20.0))
        await check.until(lambda _: check.level(pulse) == pytest.approx(-15, abs=2))

        heard = sound_card.record()
        check.process.tell(RecordAndPlay(input=pulse, output=pulse, seconds=1.0))
        await check.until(lambda said: any(isinstance(one, Trial) and one.stage == "done" for one in said))
        trials = [one for one in check.said if isinstance(one, Trial)]
        assert [one.stage for one in trials] == ["recording", "playing", "done"]
        assert trials[-1].peak_dbfs == pytest.approx(-12, abs=2)
        pcm = heard.stop()
        assert level(pcm).peak_dbfs == pytest.approx(-12, abs=2)
        assert strongest_hz(pcm) == pytest.approx(440, abs=5)

        check.said.clear()
        heard = sound_card.record()
        check.process.tell(PlayTone(output=pulse))
        await check.until(lambda said: any(isinstance(one, Trial) and one.stage == "done" for one in said))
        pcm = heard.stop()
        assert level(pcm).peak_dbfs == pytest.approx(-20, abs=2)
        assert strongest_hz(pcm) == pytest.approx(440, abs=5)
        assert not [one for one in check.said if isinstance(one, Failed)]
    finally:
        await check.process.stop()


async def test_a_card_that_is_torn_out_is_said(sound_card: SoundCard, tmp_path: Path) -> None:
    check = Check(await SoundcheckProcess.start(tmp_path / "soundcheck.log"))
    try:
        pulse = await check.pulse()
        check.process.tell(Listen(inputs=(pulse,)))
        await check.until(lambda said: any(isinstance(one, Levels) for one in said))
        sound_card.kill()
        await check.until(lambda said: any(isinstance(one, Failed) for one in said), 30)
        failed = next(one for one in check.said if isinstance(one, Failed))
        assert failed.device == pulse
        assert failed.code in ("device_lost", "no_frames")
    finally:
        await check.process.stop()
