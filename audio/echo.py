"""Removing the customer's voice, picked up from the speaker, from what the microphone sends.

WebRTC's echo canceller and noise suppressor, through the optional package ``pywebrtc-audio`` (extra
``[aec]``). Its gain control stays off: with it, less than 2 dB of echo was cancelled instead of 20.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import Any

from audio.errors import AudioError, AudioErrorCode
from audio.ports import BYTES_PER_MS, SAMPLE_RATE

BLOCK_BYTES = 10 * BYTES_PER_MS
"""The canceller works on exactly 10 ms: 240 samples."""
MAX_PLAYED_BYTES = 500 * BYTES_PER_MS
"""How far playback may run ahead of capture before the oldest is dropped: device latency plus jitter."""
INSTALL_COMMAND = 'pip install "salesmind-console[aec]"'


class EchoCanceller:
    """Pass everything handed to the sink to ``played`` (including silence), and captured audio to ``clean``.

    The first two seconds with sound from the speaker are spent learning the room. ``played`` may be called
    from the sink's thread; ``clean`` from one thread at a time.
    """

    def __init__(self) -> None:
        """Raises ``AudioError`` with ``AEC_MISSING`` if the package is not installed."""
        try:
            import numpy
            import pywebrtc_audio
        except ImportError as error:
            raise AudioError(AudioErrorCode.AEC_MISSING, command=INSTALL_COMMAND) from error
        self._numpy = numpy
        self._processor: Any = pywebrtc_audio.AudioProcessor(
            sample_rate=SAMPLE_RATE, num_channels=1, echo_cancellation=True, noise_suppression=True
        )
        self._lock = threading.Lock()
        self._played: deque[bytes] = deque()
        self._played_bytes = 0
        self._captured = bytearray()
        self._cleaned = bytearray()

    def played(self, pcm: bytes) -> None:
        """``pcm`` was handed to the sink. Any thread; quick."""
        with self._lock:
            self._played.append(pcm)
            self._played_bytes += len(pcm)
            while self._played_bytes > MAX_PLAYED_BYTES and len(self._played) > 1:
                self._played_bytes -= len(self._played.popleft())

    def clean(self, pcm: bytes) -> bytes:
        """As many bytes as were passed in, without the echo; up to 10 ms late unless they are whole 10 ms blocks."""
        self._captured += pcm
        while len(self._captured) >= BLOCK_BYTES:
            near = bytes(self._captured[:BLOCK_BYTES])
            del self._captured[:BLOCK_BYTES]
            self._cleaned += self._process(near, self._take_played())
        if len(self._cleaned) < len(pcm):
            # Only ever the first time: from then on there are 10 ms in hand.
            self._cleaned[:0] = bytes(BLOCK_BYTES)
        cleaned = bytes(self._cleaned[: len(pcm)])
        del self._cleaned[: len(pcm)]
        return cleaned

    def _take_played(self) -> bytes:
        """The next 10 ms that went to the speaker, or silence."""
        taken = bytearray()
        with self._lock:
            while self._played and len(taken) < BLOCK_BYTES:
                first = self._played.popleft()
                missing = BLOCK_BYTES - len(taken)
                taken += first[:missing]
                if len(first) > missing:
                    self._played.appendleft(first[missing:])
            self._played_bytes -= len(taken)
        return bytes(taken.ljust(BLOCK_BYTES, b"\0"))

    def _process(self, near: bytes, far: bytes) -> bytes:
        np = self._numpy
        cleaned: bytes = self._processor.process(
            np.frombuffer(near, dtype="<i2"), np.frombuffer(far, dtype="<i2")
        ).tobytes()
        return cleaned
