"""The microphone: what PortAudio captures, as chunks at 24 000 Hz mono."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from audio import portaudio
from audio.devices import find
from audio.errors import AudioError, AudioErrorCode
from audio.pacing import CaptureClock
from audio.pcm import Chunker, is_digital_silence
from audio.portaudio import Format
from audio.ports import BYTES_PER_SAMPLE, SAMPLE_RATE, Chunk, StreamInfo

BLOCK_S = 0.02
NO_FRAMES_S = 2.0
SILENT_BYTES = SAMPLE_RATE * BYTES_PER_SAMPLE
"""A second of exact zeros is no quiet room but a microphone that is switched off or forbidden."""
QUEUE_BYTES = SAMPLE_RATE * BYTES_PER_SAMPLE
"""A second of sound waits for a slow reader; then the oldest is dropped, since late speech is of no use."""


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
        self._wanted = wanted
        self._on_warning = on_warning
        self._chunker = Chunker(chunk_bytes)
        self._chunks: deque[Chunk] = deque(maxlen=max(2, -(-QUEUE_BYTES // chunk_bytes)))
        self._clock = CaptureClock()
        self._name = wanted or "microphone"
        self._captured = 0.0
        self._zero_bytes = 0
        self._last_frames = 0.0
        self._lost: AudioError | None = None
        self._changed = asyncio.Event()
        self._sounddevice: Any = None
        self._stream: Any = None
        self._opened = False
        self._closing = False

    async def open(self) -> StreamInfo:
        """Open the device and start capturing. Raises ``AudioError`` (see ``audio.errors``)."""
        loop = asyncio.get_running_loop()
        self._opened = True
        rate_hz = await portaudio.run(lambda: self._open_stream(loop))
        self._last_frames = time.monotonic()
        return StreamInfo(self._name, rate_hz, self._stream.latency * 1_000)

    async def read(self) -> Chunk:
        """The next chunk, when it has been captured.

        Raises ``AudioError``: ``DEVICE_LOST`` when the device is gone, after what it gave before;
        ``NO_FRAMES`` when it has given nothing for two seconds (reading may be tried again).
        """
        while not self._chunks:
            if self._lost is not None:
                raise self._lost
            self._changed.clear()
            silent_for = time.monotonic() - self._last_frames
            if silent_for >= NO_FRAMES_S:
                self._last_frames = time.monotonic()
                raise AudioError(AudioErrorCode.NO_FRAMES, device=self._name)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(NO_FRAMES_S - silent_for):
                    await self._changed.wait()
        return self._chunks.popleft()

    async def close(self) -> None:
        """Stop capturing and release the device; may be called twice, and before ``open``."""
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

    def _open_stream(self, loop: asyncio.AbstractEventLoop) -> int:
        """On PortAudio's thread: find, negotiate, open, start. Returns the device's rate."""
        sd = self._sounddevice = portaudio.load()
        device = find(sd, "input", self._wanted)
        self._name = device.name
        accepted = portaudio.negotiate(sd, "input", int(device.id))
        receive = self._receiver(accepted)

        def on_block(indata: Any, frames: int, _time: Any, status: Any) -> None:
            data, arrived, overflowed = bytes(indata), time.monotonic(), bool(status.input_overflow)
            # RuntimeError: the loop is closed already, nobody wants the sound.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(receive, data, frames, arrived, overflowed)

        def on_finished() -> None:
            if not self._closing:
                portaudio.mark_outdated()
                with contextlib.suppress(RuntimeError):
                    loop.call_soon_threadsafe(self._on_lost)

        self._stream = portaudio.start(
            sd,
            lambda: sd.RawInputStream(
                samplerate=accepted.rate_hz,
                blocksize=round(accepted.rate_hz * BLOCK_S),
                device=int(device.id),
                channels=accepted.channels,
                dtype="int16",
                latency="low",
                callback=on_block,
                finished_callback=on_finished,
            ),
            "input",
            device.name,
            accepted.rate_hz,
        )
        return accepted.rate_hz

    def _receiver(self, accepted: Format) -> Callable[[bytes, int, float, bool], None]:
        """What turns the device's blocks into chunks; loads the resampler only if there is need of one."""
        convert: Callable[[bytes], bytes] = bytes
        if accepted != Format(SAMPLE_RATE, 1):
            from audio.resample import ToRelayFormat

            convert = ToRelayFormat(accepted.rate_hz, accepted.channels).feed

        def receive(data: bytes, frames: int, arrived: float, overflowed: bool) -> None:
            if self._closing:
                return
            if overflowed:
                self._clock.restart()
            self._captured += frames * SAMPLE_RATE / accepted.rate_hz
            self._on_sound(convert(data), arrived)

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
            self.warning = AudioError(AudioErrorCode.DIGITAL_SILENCE, device=self._name)
            if self._on_warning is not None:
                self._on_warning(self.warning)

    def _on_lost(self) -> None:
        self._lost = AudioError(AudioErrorCode.DEVICE_LOST, device=self._name)
        self._changed.set()
