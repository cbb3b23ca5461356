"""The command that installs PortAudio on this system."""

from __future__ import annotations

import platform
import shutil

# By the ID (or ID_LIKE) of os-release. The ALSA plug-ins are what lets PortAudio see PulseAudio and PipeWire.
_BY_SYSTEM = {
    "debian": "sudo apt-get install libportaudio2 libasound2-plugins",
    "ubuntu": "sudo apt-get install libportaudio2 libasound2-plugins",
    "fedora": "sudo dnf install portaudio alsa-plugins-pulseaudio",
    "rhel": "sudo dnf install portaudio alsa-plugins-pulseaudio",
    "arch": "sudo pacman -S portaudio alsa-plugins",
    "alpine": "sudo apk add portaudio alsa-plugins-pulse",
    "suse": "sudo zypper install portaudio alsa-plugins-pulse",
}
_BY_TOOL = {"apt-get": "debian", "dnf": "fedora", "pacman": "arch", "apk": "alpine", "zypper": "suse"}
_MACOS = "brew install portaudio"
_WINDOWS = "pip install --force-reinstall sounddevice"


def portaudio_install_command() -> str:
    """One shell command that installs PortAudio here."""
    system = platform.system()
    if system == "Darwin":
        return _MACOS
    if system == "Windows":
        return _WINDOWS
    for name in _distribution_names():
        if name in _BY_SYSTEM:
            return _BY_SYSTEM[name]
    for tool, name in _BY_TOOL.items():
        if shutil.which(tool):
            return _BY_SYSTEM[name]
    return _BY_SYSTEM["debian"]


def _distribution_names() -> list[str]:
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return []
    return [release.get("ID", ""), *release.get("ID_LIKE", "").split()]
