"""The microphone: what PortAudio captures, as chunks at 24 000 Hz mono."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from audio.device_stream import DeviceStream
from audio.errors import AudioError, AudioErrorCode
from audio.pacing import CaptureClock
from audio.pcm import Chunker, is_digital_silence
from audio.portaudio import Format
from audio.ports import BYTES_PER_SAMPLE, SAMPLE_RATE, Chunk, StreamInfo

if TYPE_CHECKING:
    from audio.resample import ToRelayFormat

BLOCK_S = 0.02
NO_FRAMES_S = 2.0
SILENT_BYTES = SAMPLE_RATE * BYTES_PER_SAMPLE
"""A second of exact zeros is not a quiet room but a microphone that is off or not permitted."""
QUEUE_BYTES = SAMPLE_RATE * BYTES_PER_SAMPLE
"""Up to a second of audio waits for a slow reader; then the oldest is dropped, since late speech is useless."""


class MicrophoneSource:
    """A microphone. The PortAudio callback only copies; everything else happens on the event loop.

    ``Chunk.due`` is when the device handed over the chunk's last sample, by a clock that counts samples; it
    was spoken ``StreamInfo.latency_ms`` before that.
    """

    def __init__(
        self,
        wanted: str | None,
        chunk_bytes: int,
        on_warning: Callable[[AudioError], None] | None = None,
    ) -> None:
        self.dropped_chunks = 0
        self.warning: AudioError | None = None
        """What is wrong now without stopping the source (``DIGITAL_SILENCE``); None when it is over."""
        self._on_warning = on_warning
        self._told_of_channels = False
        self._chunker = Chunker(chunk_bytes)
        self._chunks: deque[Chunk] = deque(maxlen=max(2, -(-QUEUE_BYTES // chunk_bytes)))
        self._clock = CaptureClock()
        self._captured = 0.0
        self._zero_bytes = 0
        self._last_frames = 0.0
        self._lost: AudioError | None = None
        self._changed = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._device = DeviceStream("input", wanted, self._device_lost)

    async def open(self) -> StreamInfo:
        """Open the device and start capturing. Raises ``AudioError`` (see ``audio.errors``)."""
        self._loop = asyncio.get_running_loop()
        accepted = await self._device.open(self._capture)
        self._last_frames = time.monotonic()
        return StreamInfo(self._device.name, accepted.rate_hz, self._device.latency_ms)

    async def read(self) -> Chunk:
        """The next chunk, once captured.

        Raises ``AudioError``: ``DEVICE_LOST`` when the device is gone and its audio was read;
        ``NO_FRAMES`` when it has delivered nothing for two seconds (reading may be retried).
        """
        while not self._chunks:
            if self._lost is not None:
                raise self._lost
            self._changed.clear()
            silent_for = time.monotonic() - self._last_frames
            if silent_for >= NO_FRAMES_S:
                self._last_frames = time.monotonic()
                raise AudioError(AudioErrorCode.NO_FRAMES, device=self._device.name)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(NO_FRAMES_S - silent_for):
                    await self._changed.wait()
        return self._chunks.popleft()

    async def close(self) -> None:
        """Stop capturing and release the device; may be called twice, and before ``open``."""
        await self._device.close()

    def _capture(self, accepted: Format) -> dict[str, Any]:
        receive = self._receiver(accepted)

        def on_block(indata: Any, frames: int, _time: Any, status: Any) -> None:
            self._on_loop(receive, bytes(indata), frames, time.monotonic(), bool(status.input_overflow))

        return {"blocksize": round(accepted.rate_hz * BLOCK_S), "latency": "low", "callback": on_block}

    def _on_loop(self, call: Callable[..., None], *arguments: Any) -> None:
        """Called from a PortAudio thread."""
        assert self._loop is not None
        # RuntimeError: the loop is closed already, nobody wants the sound.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(call, *arguments)

    def _receiver(self, accepted: Format) -> Callable[[bytes, int, float, bool], None]:
        """The converter from the device's blocks to chunks; loads the resampler only if needed."""
        convert: Callable[[bytes], bytes] = bytes
        converter: ToRelayFormat | None = None
        if accepted != Format(SAMPLE_RATE, 1):
            from audio.resample import ToRelayFormat

            converter = ToRelayFormat(accepted.rate_hz, accepted.channels)
            convert = converter.feed

        def receive(data: bytes, frames: int, arrived: float, overflowed: bool) -> None:
            if self._device.closing:
                return
            if overflowed:
                self._clock.restart()
            self._captured += frames * SAMPLE_RATE / accepted.rate_hz
            self._on_sound(convert(data), arrived)
            if converter is not None and converter.channels_cancel:
                self._warn_of_channels()

        return receive

    def _on_sound(self, pcm: bytes, arrived: float) -> None:
        self._last_frames = arrived
        self._watch_silence(pcm)
        handed_over = self._clock.captured_at(self._captured, arrived)
        complete = list(self._chunker.feed(pcm))
        later_bytes = self._chunker.pending_bytes + len(complete) * self._chunker.chunk_bytes
        for chunk in complete:
            later_bytes -= len(chunk)
            if len(self._chunks) == self._chunks.maxlen:
                self.dropped_chunks += 1
            due = handed_over - later_bytes / BYTES_PER_SAMPLE / SAMPLE_RATE
            self._chunks.append(Chunk(chunk, due))
        self._changed.set()

    def _watch_silence(self, pcm: bytes) -> None:
        if not is_digital_silence(pcm):
            self._zero_bytes = 0
            self.warning = None
            return
        self._zero_bytes += len(pcm)
        if self._zero_bytes >= SILENT_BYTES and self.warning is None:
            self.warning = AudioError(AudioErrorCode.DIGITAL_SILENCE, device=self._device.name)
            if self._on_warning is not None:
                self._on_warning(self.warning)

    def _warn_of_channels(self) -> None:
        if not self._told_of_channels and self._on_warning is not None:
            self._told_of_channels = True
            self._on_warning(AudioError(AudioErrorCode.CHANNELS_CANCEL, name=self._device.name))

    def _device_lost(self, error: AudioError) -> None:
        self._on_loop(self._end, error)

    def _end(self, error: AudioError) -> None:
        self._lost = error
        self._changed.set()
