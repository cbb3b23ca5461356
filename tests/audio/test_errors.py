"""Codes and sentences of what can go wrong."""

from __future__ import annotations

import platform
import re
import shutil

import pytest

from audio import errors
from audio.errors import AudioError, AudioErrorCode
from audio.install_hint import portaudio_install_command
from tests.evil_strings import EVIL, harm_in


def _params_of(code: AudioErrorCode) -> set[str]:
    return set(re.findall(r"\{(\w+)", errors._SENTENCES[code]))


@pytest.mark.parametrize("code", AudioErrorCode)
def test_every_code_says_what_to_do_and_with_what(code: AudioErrorCode) -> None:
    params = {name: f"<{name}>" for name in _params_of(code)}
    error = AudioError(code, **params)
    assert error.code is code
    assert error.params == params
    assert all(value in str(error) for value in params.values())
    # More than a statement: there is advice in it.
    assert len(str(error).split()) >= 6 or code is AudioErrorCode.BAD_SPEC


def test_params_with_braces_are_harmless() -> None:
    assert "{x}%s" in str(AudioError(AudioErrorCode.DEVICE_BUSY, device="{x}%s"))


@pytest.mark.parametrize("text", EVIL.values(), ids=EVIL)
def test_no_name_on_disk_or_of_a_device_does_harm(text: str) -> None:
    error = AudioError(AudioErrorCode.DEVICE_FAILED, device=text, reason=text)
    assert str(error).encode()
    assert "\n" not in str(error)
    # Names may hold combining and variant signs; what a terminal would obey is gone.
    assert [harm for harm in harm_in(error.params["device"]) if harm.startswith("U+")] == []


def test_japanese_names_stay_as_they_are() -> None:
    path = "録音\u3000２０２６年/葛\U000e0100城さん か\u3099.wav"
    assert AudioError(AudioErrorCode.FILE_NOT_FOUND, path=path).params["path"] == path


@pytest.mark.parametrize(
    ("system", "release", "command"),
    [
        ("Linux", {"ID": "debian"}, "sudo apt-get install libportaudio2 libasound2-plugins"),
        ("Linux", {"ID": "x", "ID_LIKE": "ubuntu debian"}, "sudo apt-get install libportaudio2 libasound2-plugins"),
        ("Linux", {"ID": "x", "ID_LIKE": "rhel fedora"}, "sudo dnf install portaudio alsa-plugins-pulseaudio"),
        ("Linux", {"ID": "arch"}, "sudo pacman -S portaudio alsa-plugins"),
        ("Linux", {"ID": "alpine"}, "sudo apk add portaudio alsa-plugins-pulse"),
        ("Darwin", {}, "brew install portaudio"),
    ],
)  # fmt: skip
def test_install_command_fits_the_system(
    monkeypatch: pytest.MonkeyPatch, system: str, release: dict[str, str], command: str
) -> None:
    monkeypatch.setattr(platform, "system", lambda: system)
    monkeypatch.setattr(platform, "freedesktop_os_release", lambda: release)
    assert portaudio_install_command() == command


def test_install_command_of_an_unknown_linux_goes_by_its_package_tool(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def no_release() -> dict[str, str]:
        raise OSError("no os-release")

    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr(platform, "freedesktop_os_release", no_release)
    monkeypatch.setattr(shutil, "which", lambda tool: tool if tool == "pacman" else None)
    assert portaudio_install_command() == "sudo pacman -S portaudio alsa-plugins"
