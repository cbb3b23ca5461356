"""PortAudio replaced or missing, and waiting for something to become true."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator

import pytest

from audio import portaudio
from tests.audio.fake_sounddevice import FakeSoundDevice


@pytest.fixture
def sound(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeSoundDevice]:
    """No PortAudio but this one, freshly loaded and without any device."""
    library = FakeSoundDevice()
    monkeypatch.setitem(sys.modules, "sounddevice", library)
    monkeypatch.setattr(portaudio._State, "loaded", False)
    monkeypatch.setattr(portaudio._State, "outdated", False)
    monkeypatch.setattr(portaudio, "_forbidden_sound_devices", lambda: None)
    yield library
    assert portaudio._State.open_streams == 0, "a test left a stream open"


@pytest.fixture
def no_portaudio(monkeypatch: pytest.MonkeyPatch) -> None:
    """``import sounddevice`` fails the way it does without libportaudio2."""

    class Finder:
        @staticmethod
        def find_spec(name: str, path: object = None, target: object = None) -> None:
            if name == "sounddevice":
                raise OSError("PortAudio library not found")

    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Finder, *sys.meta_path])


@pytest.fixture
def wait_until() -> Callable[[Callable[[], bool]], Awaitable[None]]:
    """Waits until ``condition()`` holds, for at most five seconds."""

    async def wait(condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not condition():  # noqa: ASYNC110 - what is waited for has no event
                await asyncio.sleep(0.002)

    return wait
