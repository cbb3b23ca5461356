"""The speaker: PortAudio asks for blocks, and we pull them."""

from __future__ import annotations

import contextlib
from typing import Any

from audio import portaudio
from audio.devices import find
from audio.errors import AudioError, AudioErrorCode
from audio.portaudio import Format
from audio.ports import BYTES_PER_SAMPLE, SAMPLE_RATE, PullPcm, StreamInfo

LATENCY_S = 0.1
"""What the device may hold. At PortAudio's "low" (40 ms) two busy Python threads were enough for gaps."""


class SpeakerSink:
    """A speaker. Pulls from PortAudio's callback, one block of ours at a time, and keeps less than one block.

    After an interruption the next block pulled is the first that is silent; what was pulled before is heard
    for another ``StreamInfo.latency_ms``. So: samples heard = samples pulled - ``latency_ms`` * 24.
    """

    def __init__(self, wanted: str | None, block_samples: int) -> None:
        self._wanted = wanted
        self._block_samples = block_samples
        self._name = wanted or "speaker"
        self._lost: AudioError | None = None
        self._sounddevice: Any = None
        self._stream: Any = None
        self._opened = False
        self._closing = False

    @property
    def lost(self) -> AudioError | None:
        """``DEVICE_LOST`` when the device went away."""
        return self._lost

    async def open(self, pull: PullPcm) -> StreamInfo:
        """Open the device and start pulling. Raises ``AudioError`` (see ``audio.errors``)."""
        self._opened = True
        accepted = await portaudio.run(lambda: self._open_stream(pull))
        latency_ms = self._stream.latency * 1_000
        if accepted.rate_hz != SAMPLE_RATE:
            from audio.resample import LIVE_DELAY_MS

            latency_ms += LIVE_DELAY_MS
        return StreamInfo(self._name, accepted.rate_hz, latency_ms)

    async def close(self) -> None:
        """Be silent at once and release the device; may be called twice, and before ``open``."""
        self._closing = True
        if self._opened:
            # On that thread, because an ``open`` that was cancelled may still be busy there.
            # One that does not answer is left behind (AudioError); nobody can do more for it.
            with contextlib.suppress(AudioError):
                await portaudio.run(self._close_stream, portaudio.CLOSE_LIMIT_S)

    def _close_stream(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            portaudio.stop(self._sounddevice, stream)

    def _open_stream(self, pull: PullPcm) -> Format:
        """On PortAudio's thread: find, negotiate, open, start."""
        sd = self._sounddevice = portaudio.load()
        device = find(sd, "output", self._wanted)
        self._name = device.name
        accepted = portaudio.negotiate(sd, "output", int(device.id))
        feed = DeviceFeed(pull, accepted, self._block_samples)

        def on_block(outdata: Any, frames: int, _time: Any, _status: Any) -> None:
            outdata[:] = feed.take(frames)

        def on_finished() -> None:
            if not self._closing:
                portaudio.mark_outdated()
                self._lost = AudioError(AudioErrorCode.DEVICE_LOST, device=self._name)

        self._stream = portaudio.start(
            sd,
            lambda: sd.RawOutputStream(
                samplerate=accepted.rate_hz,
                blocksize=self._block_samples * accepted.rate_hz // SAMPLE_RATE,
                device=int(device.id),
                channels=accepted.channels,
                dtype="int16",
                latency=LATENCY_S,
                callback=on_block,
                finished_callback=on_finished,
            ),
            "output",
            device.name,
            accepted.rate_hz,
        )
        return accepted


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
