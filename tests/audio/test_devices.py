"""Which device is meant, and why there is none."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from audio import portaudio
from audio.devices import Device, choose, list_devices
from audio.errors import AudioError, AudioErrorCode

if TYPE_CHECKING:
    from conftest import FakeDevice, FakeSoundDevice


def _device(id: int, name: str, *, default: bool = False, inputs: int = 1, outputs: int = 1) -> Device:
    return Device(str(id), name, "ALSA", inputs, outputs, default, default, 48_000)


DEVICES = [
    _device(0, "HDMI", inputs=0),
    _device(1, "USB Headset"),
    _device(2, "usb microphone", outputs=0, default=True),
    _device(3, "Mic 1"),
]


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        (None, "usb microphone"),
        ("1", "USB Headset"),
        ("usb", "usb microphone"),
        ("HEADSET", "USB Headset"),
        ("mic 1", "Mic 1"),
        ("mic", "usb microphone"),
        ("3", "Mic 1"),
    ],
)
def test_a_microphone_is_found_by_id_name_or_part(wanted: str | None, name: str) -> None:
    assert choose(DEVICES, "input", wanted).name == name


def test_without_a_default_the_first_is_taken() -> None:
    assert choose(DEVICES[:2], "input", None).name == "USB Headset"
    assert choose(DEVICES[:2], "output", None).name == "HDMI"


@pytest.mark.parametrize("wanted", ["0", "hdmi", "nonsense", "99"])
def test_what_is_not_there_is_refused_with_a_list_of_what_is(wanted: str) -> None:
    with pytest.raises(AudioError) as caught:
        choose(DEVICES, "input", wanted)
    assert caught.value.code is AudioErrorCode.DEVICE_NOT_FOUND
    assert caught.value.params["available"] == "1 USB Headset, 2 usb microphone, 3 Mic 1"


def test_no_device_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portaudio, "_forbidden_sound_devices", lambda: None)
    with pytest.raises(AudioError) as caught:
        choose(DEVICES[:1], "input", "usb")
    assert caught.value.code is AudioErrorCode.NO_DEVICE
    assert caught.value.params == {"direction": "input"}


def test_devices_that_we_may_not_open_are_not_called_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    device = tmp_path / "pcmC0D0c"
    device.touch()
    hidden = portaudio._forbidden_sound_devices
    assert hidden(tmp_path) is None
    monkeypatch.setattr(portaudio.os, "access", lambda path, mode: False)
    assert hidden(tmp_path) == str(device)
    assert hidden(tmp_path / "none") is None
    monkeypatch.setattr(portaudio, "_forbidden_sound_devices", lambda: hidden(tmp_path))
    with pytest.raises(AudioError) as caught:
        choose([], "input", None)
    assert caught.value.code is AudioErrorCode.PERMISSION_DENIED
    assert caught.value.params == {"device": str(device)}


def test_devices_are_listed_as_portaudio_has_them(
    sound: FakeSoundDevice, fake_device: type[FakeDevice]
) -> None:
    assert list_devices() == []
    sound.add(fake_device("Built-in", inputs=2, outputs=2, rate=44_100.0), default=True)
    sound.add(fake_device("HDMI", inputs=0, outputs=8))
    assert list_devices() == [
        Device("0", "Built-in", "Fake", 2, 2, True, True, 44_100),
        Device("1", "HDMI", "Fake", 0, 8, False, False, 48_000),
    ]
    # The first look found PortAudio freshly started; the second started it anew, to see what is new.
    assert sound.restarts == 1


def test_a_name_that_is_not_utf_8_hides_no_other_device(
    sound: FakeSoundDevice, fake_device: type[FakeDevice], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("Built-in", "caf\udce9", "HDMI"):
        sound.add(fake_device(name))
    listed = sound.query_devices

    def query(index: int | None = None) -> Any:
        if index is not None and index >= len(sound.devices):
            raise sound.PortAudioError(f"Error querying device {index}")
        for info in listed() if index is None else [listed(index)]:
            info["name"].encode("utf-8", "surrogateescape").decode("utf-8")  # as sounddevice decodes it
        return listed(index)

    monkeypatch.setattr(sound, "query_devices", query)
    assert [(device.id, device.name) for device in list_devices()] == [("0", "Built-in"), ("2", "HDMI")]


@pytest.mark.usefixtures("no_portaudio")
def test_without_the_library_the_install_command_is_told() -> None:
    with pytest.raises(AudioError) as caught:
        list_devices()
    assert caught.value.code is AudioErrorCode.LIBRARY_MISSING
    assert "portaudio" in caught.value.params["command"]
    assert caught.value.params["command"] in str(caught.value)
    assert "sounddevice" not in sys.modules
