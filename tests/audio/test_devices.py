"""Which device is meant, and why there is none."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from audio import portaudio
from audio.devices import Device, choose, list_devices, query
from audio.errors import AudioError, AudioErrorCode
from tests.audio.fake_sounddevice import FakeDevice, FakeSoundDevice


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
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert hidden(tmp_path) == str(device)
    assert hidden(tmp_path / "none") is None
    monkeypatch.setattr(portaudio, "_forbidden_sound_devices", lambda: hidden(tmp_path))
    with pytest.raises(AudioError) as caught:
        choose([], "input", None)
    assert caught.value.code is AudioErrorCode.PERMISSION_DENIED
    assert caught.value.params == {"device": str(device)}


def test_devices_are_listed_as_portaudio_has_them(
    sound: FakeSoundDevice,
) -> None:
    assert list_devices() == []
    sound.add(FakeDevice("Built-in", inputs=2, outputs=2, rate=44_100.0), default=True)
    sound.add(FakeDevice("HDMI", inputs=0, outputs=8))
    assert list_devices() == [
        Device("0", "Built-in", "Fake", 2, 2, True, True, 44_100),
        Device("1", "HDMI", "Fake", 0, 8, False, False, 48_000),
    ]
    # The first look found PortAudio freshly started; the second started it anew, to see what is new.
    assert sound.restarts == 1


def test_one_name_that_is_not_utf_8_costs_that_device_only(
    sound: FakeSoundDevice, caplog: pytest.LogCaptureFixture
) -> None:
    sound.add(FakeDevice("Built-in"))
    sound.add(FakeDevice("caf\udce9"), default=True)
    sound.add(FakeDevice("USB"))
    devices = list_devices()
    assert [(device.id, device.name) for device in devices] == [("0", "Built-in"), ("2", "USB")]
    assert choose(devices, "input", None).name == "Built-in"
    assert "1 is left out" in caplog.text


def test_control_characters_in_a_name_are_not_passed_on(
    sound: FakeSoundDevice,
) -> None:
    sound.add(FakeDevice("USB\x1b[2J\n"))
    assert list_devices()[0].name == "USB\ufffd[2J\ufffd"


def test_a_sound_server_that_never_answers_is_not_waited_for(
    sound: FakeSoundDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = threading.Event()
    monkeypatch.setattr(sound, "query_hostapis", lambda: release.wait(20) and [])
    monkeypatch.setattr(portaudio, "_silence_native_errors", lambda: None)
    with pytest.raises(AudioError) as caught:
        portaudio.run_sync(lambda: query(sound), 0.1)
    release.set()
    assert caught.value.code is AudioErrorCode.DEVICE_FAILED
    assert "no answer within 0.1 s" in str(caught.value)
    assert portaudio.run_sync(lambda: "next") == "next"


def test_what_is_said_of_a_silent_sound_server_reaches_the_terminal() -> None:
    """While it looks for devices, sounddevice has file descriptor 2 turned away."""
    program = (
        "import os, sys, threading\n"
        "from audio import portaudio\n"
        "def hang():\n"
        "    with portaudio._keeping_stderr():\n"
        "        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)\n"
        "        threading.Event().wait(20)\n"
        "try:\n"
        "    portaudio.run_sync(hang, 0.1)\n"
        "except Exception as error:\n"
        "    print(error, file=sys.stderr)\n"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=20)
    assert "no answer within 0.1 s" in result.stderr


@pytest.mark.usefixtures("no_portaudio")
def test_without_the_library_the_install_command_is_told() -> None:
    with pytest.raises(AudioError) as caught:
        list_devices()
    assert caught.value.code is AudioErrorCode.LIBRARY_MISSING
    assert "portaudio" in caught.value.params["command"]
    assert caught.value.params["command"] in str(caught.value)
    assert "sounddevice" not in sys.modules
