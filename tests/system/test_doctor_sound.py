"""`salesmind doctor` and `salesmind devices` on a (virtual) sound card: what is heard is measured, not assumed."""

from __future__ import annotations

import math
import struct

import pytest

from tests.system.sound_card import SoundCard
from tui.doctor.sound import check_input, check_output
from tui.host.devices import list_devices

pytestmark = pytest.mark.system


def tone(seconds: float, rate_hz: int = 24_000) -> bytes:
    """440 Hz at -12 dBFS peak, which is -15 dBFS RMS."""
    amplitude = 32_767 * 10 ** (-12 / 20)
    count = round(seconds * rate_hz)
    values = (round(amplitude * math.sin(2 * math.pi * 440 * n / rate_hz)) for n in range(count))
    return struct.pack(f"<{count}h", *values)


async def test_a_microphone_is_good_only_if_something_is_heard(sound_card: SoundCard) -> None:
    silent = await check_input("mic")
    assert silent.state == "failed", "exact zeros are no working microphone"
    sound_card.say(tone(6.0))
    heard = await check_input("mic")
    assert heard.state == "ok", heard
    level = float(heard.found.split(" dBFS")[0].rsplit(" ", 1)[1])
    assert level == pytest.approx(-15, abs=2)


async def test_a_loudspeaker_takes_sound(sound_card: SoundCard) -> None:
    assert (await check_output("speaker")).state == "ok"


async def test_a_device_that_is_not_there_is_named(sound_card: SoundCard) -> None:
    found = await check_input("mic:no such device")
    assert found.state == "failed"
    assert "no such device" in found.found


async def test_the_card_is_listed_by_the_child(sound_card: SoundCard) -> None:
    found = await list_devices()
    assert found.problem is None
    assert any(device.inputs for device in found.listed)
    assert found.microphones and found.speakers
