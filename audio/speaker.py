"""The speaker: PortAudio asks for blocks, and we pull them."""

from __future__ import annotations

from typing import Any

from audio.device_stream import DeviceStream
from audio.errors import AudioError
from audio.portaudio import Format
from audio.ports import BYTES_PER_SAMPLE, SAMPLE_RATE, PullPcm, StreamInfo

LATENCY_S = 0.1
"""The device's buffer. At PortAudio's "low" (40 ms) two busy Python threads were enough to cause gaps."""


class SpeakerSink:
    """A speaker. Pulls from PortAudio's callback, one of our blocks at a time, and buffers less than one block.

    After an interruption the next block pulled is the first that is silent; what was pulled before is heard
    for another ``StreamInfo.latency_ms``. So: samples heard = samples pulled - ``latency_ms`` * 24.
    """

    def __init__(self, wanted: str | None, block_samples: int) -> None:
        self._block_samples = block_samples
        self._lost: AudioError | None = None
        self._device = DeviceStream("output", wanted, self._device_lost)

    @property
    def lost(self) -> AudioError | None:
        """``DEVICE_LOST`` if the device was disconnected."""
        return self._lost

    async def open(self, pull: PullPcm) -> StreamInfo:
        """Open the device and start pulling. Raises ``AudioError`` (see ``audio.errors``)."""
        accepted = await self._device.open(lambda accepted: self._play(accepted, pull))
        latency_ms = self._device.latency_ms
        if accepted.rate_hz != SAMPLE_RATE:
            from audio.resample import LIVE_DELAY_MS

            latency_ms += LIVE_DELAY_MS
        return StreamInfo(self._device.name, accepted.rate_hz, latency_ms)

    async def close(self) -> None:
        """Stop playing at once and release the device; may be called twice, and before ``open``."""
        await self._device.close()

    def _play(self, accepted: Format, pull: PullPcm) -> dict[str, Any]:
        feed = DeviceFeed(pull, accepted, self._block_samples)

        def on_block(outdata: Any, frames: int, _time: Any, _status: Any) -> None:
            outdata[:] = feed.take(frames)

        blocksize = self._block_samples * accepted.rate_hz // SAMPLE_RATE
        return {"blocksize": blocksize, "latency": LATENCY_S, "callback": on_block}

    def _device_lost(self, error: AudioError) -> None:
        self._lost = error


class DeviceFeed:
    """Turns blocks pulled at 24 000 Hz mono into frames of a device's own format."""

    def __init__(self, pull: PullPcm, accepted: Format, block_samples: int) -> None:
        self._pull = pull
        self._channels = accepted.channels
        self._block_samples = block_samples
        self._ready = bytearray()
        self._resampler = None
        if accepted.rate_hz != SAMPLE_RATE:
            from audio.resample import Resampler

            self._resampler = Resampler(SAMPLE_RATE, accepted.rate_hz, "live")

    def take(self, frames: int) -> bytes:
        """Exactly ``frames`` interleaved frames, the mono sound on every channel."""
        mono = self._pull(frames) if self._resampler is None else self._take_resampled(frames)
        if self._channels == 1:
            return mono
        import numpy as np

        spread: bytes = np.repeat(np.frombuffer(mono, dtype="<i2"), self._channels).tobytes()
        return spread

    def _take_resampled(self, frames: int) -> bytes:
        assert self._resampler is not None
        wanted = frames * BYTES_PER_SAMPLE
        while len(self._ready) < wanted:
            self._ready += self._resampler.feed(self._pull(self._block_samples))
        taken = bytes(self._ready[:wanted])
        del self._ready[:wanted]
        return taken
