"""A stream from or to a sound device: finding the device, opening it in a format it supports, and releasing it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

from audio import portaudio
from audio.devices import find
from audio.errors import AudioError, AudioErrorCode
from audio.portaudio import Direction, Format


class DeviceStream:
    """Shared by microphone and speaker. ``on_lost`` gets ``DEVICE_LOST``, on a PortAudio thread."""

    def __init__(
        self, direction: Direction, wanted: str | None, on_lost: Callable[[AudioError], None]
    ) -> None:
        self.name = wanted or {"input": "microphone", "output": "speaker"}[direction]
        """The device's, once it is found."""
        self.closing = False
        """``close`` was called: what still comes from the device is not wanted."""
        self._direction: Direction = direction
        self._wanted = wanted
        self._on_lost = on_lost
        self._sounddevice: Any = None
        self._stream: Any = None
        self._opened = False

    @property
    def latency_ms(self) -> float:
        """Between a sample's sound and its block. Only after ``open``."""
        latency_s: float = self._stream.latency
        return latency_s * 1_000

    async def open(self, settings: Callable[[Format], dict[str, Any]]) -> Format:
        """Open the device and start. Raises ``AudioError`` (see ``audio.errors``).

        ``settings`` gives what else the stream is made with (``callback``, ``blocksize``, ``latency``), for the
        format that the device takes; it is called on PortAudio's thread.
        """
        self._opened = True
        return await portaudio.run(lambda: self._open(settings))

    async def close(self) -> None:
        """Stop at once and release the device; may be called twice, and before ``open``."""
        self.closing = True
        if self._opened:
            # On that thread, because an ``open`` that was cancelled may still be busy there.
            # One that does not answer is left behind (AudioError); nobody can do more for it.
            with contextlib.suppress(AudioError):
                await portaudio.run(self._close, portaudio.CLOSE_LIMIT_S)

    def _open(self, settings: Callable[[Format], dict[str, Any]]) -> Format:
        sd = self._sounddevice = portaudio.load()
        device = find(sd, self._direction, self._wanted)
        self.name = device.name
        accepted = portaudio.negotiate(sd, self._direction, int(device.id))
        kind = sd.RawInputStream if self._direction == "input" else sd.RawOutputStream
        chosen = settings(accepted)
        self._stream = portaudio.start(
            sd,
            lambda: kind(
                samplerate=accepted.rate_hz,
                device=int(device.id),
                channels=accepted.channels,
                dtype="int16",
                finished_callback=self._finished,
                **chosen,
            ),
            self._direction,
            device.name,
            accepted.rate_hz,
        )
        return accepted

    def _close(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            portaudio.stop(self._sounddevice, stream)

    def _finished(self) -> None:
        if not self.closing:
            portaudio.mark_outdated()
            self._on_lost(AudioError(AudioErrorCode.DEVICE_LOST, device=self.name))
