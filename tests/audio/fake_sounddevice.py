"""A stand-in for sounddevice, with devices that tests plug in and drive."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from types import ModuleType, SimpleNamespace
from typing import Any


class PortAudioError(Exception):
    """As sounddevice raises it: ``(text, number[, (host api, system's number, system's words)])``."""


@dataclass
class FakeDevice:
    """A device, the formats it accepts as (rate, channels), and how opening it fails."""

    name: str
    inputs: int = 1
    outputs: int = 0
    rate: float = 48_000.0
    accepts: set[tuple[int, int]] = field(default_factory=lambda: {(24_000, 1), (48_000, 1)})
    fails: PortAudioError | None = None


class FakeStream:
    """A stream that a test drives, as PortAudio's thread would."""

    def __init__(self, library: FakeSoundDevice, settings: dict[str, Any]) -> None:
        self.settings = settings
        self.latency = 0.0425
        self.state = "made"
        self.hang: threading.Event | None = None
        self._library = library
        failure = library.devices[settings["device"]].fails
        if failure is not None:
            raise failure

    def start(self) -> None:
        self.state = "started"

    def abort(self) -> None:
        if self.hang is not None:
            self.hang.wait(10)
        if self.state == "lost":
            raise PortAudioError("Stream is stopped", -9983)
        self.state = "aborted"

    def close(self) -> None:
        self.state = "closed"
        self.settings["finished_callback"]()

    def capture(self, data: bytes, *, overflow: bool = False) -> None:
        """The device has captured ``data``."""
        frames = len(data) // 2 // self.settings["channels"]
        self.settings["callback"](memoryview(data), frames, None, SimpleNamespace(input_overflow=overflow))

    def play(self, frames: int) -> bytes:
        """What the device is given when it asks for ``frames``."""
        out = bytearray(frames * 2 * self.settings["channels"])
        self.settings["callback"](memoryview(out), frames, None, SimpleNamespace(output_underflow=False))
        return bytes(out)

    def lose(self) -> None:
        """The device goes away."""
        self.state = "lost"
        self.settings["finished_callback"]()


class FakeSoundDevice(ModuleType):
    """The part of sounddevice that this room uses."""

    def __init__(self) -> None:
        super().__init__("sounddevice")
        self.PortAudioError = PortAudioError
        self.devices: list[FakeDevice] = []
        self.default = SimpleNamespace(device=[-1, -1])
        self.streams: list[FakeStream] = []
        self.restarts = 0

    def add(self, device: FakeDevice, *, default: bool = False) -> FakeDevice:
        """Plug in ``device``."""
        self.devices.append(device)
        index = len(self.devices) - 1
        if default:
            was = self.default.device
            self.default.device = [index if device.inputs else was[0], index if device.outputs else was[1]]
        return device

    def query_devices(self, index: int | None = None) -> Any:
        """All devices, or one. As the real one it refuses all for one name that is not UTF-8."""
        asked = self.devices if index is None else [self.devices[index]]
        for device in asked:
            device.name.encode("utf-8", "surrogateescape").decode()
        infos = [
            {
                "name": d.name,
                "hostapi": 0,
                "max_input_channels": d.inputs,
                "max_output_channels": d.outputs,
                "default_samplerate": d.rate,
            }
            for d in self.devices
        ]
        return infos if index is None else infos[index]

    def query_hostapis(self) -> Any:
        """The one host API there is."""
        return [{"name": "Fake", "devices": list(range(len(self.devices)))}]

    def _check(self, device: int, channels: int, dtype: str, samplerate: int) -> None:
        asked = self.devices[device]
        assert dtype == "int16"
        if asked.fails is not None:
            raise asked.fails
        if not any(rate == samplerate for rate, _ in asked.accepts):
            raise PortAudioError("Invalid sample rate", -9997)
        if (samplerate, channels) not in asked.accepts:
            raise PortAudioError("Invalid number of channels", -9998)

    check_input_settings = check_output_settings = _check

    def _open(self, **settings: Any) -> FakeStream:
        stream = FakeStream(self, settings)
        self.streams.append(stream)
        return stream

    RawInputStream = RawOutputStream = _open

    def _terminate(self) -> None:
        self.restarts += 1

    def _initialize(self) -> None:
        pass

    def _exit_handler(self) -> None:
        pass
