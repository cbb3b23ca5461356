"""The input audio buffer: appended but not yet committed. Pure.

Positions are milliseconds since the first byte ever appended to the session, as in the protocol's events.
"""

from __future__ import annotations

from backend.engine.protocol import BYTES_PER_MS, ProtocolError

MIN_COMMIT_MS = 100
MAX_BUFFER_MS = 30 * 60 * 1000


class InputBuffer:
    """PCM16 24 kHz mono, cut at the front as it is used."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._origin = 0  # position in bytes of the first byte kept
        self._odd = b""  # half a sample, waiting for its other half

    @property
    def end_ms(self) -> int:
        """How much has been appended since the session began."""
        return (self._origin + len(self._data)) // BYTES_PER_MS

    @property
    def held_ms(self) -> int:
        """How much is in the buffer."""
        return len(self._data) // BYTES_PER_MS

    def append(self, audio: bytes) -> bytes:
        """Append ``audio``; returns the whole samples that became available.

        Raises ``ProtocolError`` when the buffer would hold more than half an hour.
        """
        if self.held_ms + len(audio) // BYTES_PER_MS > MAX_BUFFER_MS:
            raise ProtocolError(
                "invalid_value", "The input audio buffer is full; commit or clear it.", "audio"
            )
        audio = self._odd + audio
        whole = len(audio) - len(audio) % 2
        self._odd = audio[whole:]
        self._data += audio[:whole]
        return audio[:whole]

    def clear(self) -> None:
        """Empty the buffer, including a trailing half sample; positions continue."""
        self.drop_half_sample()
        self._origin += len(self._data)
        self._data.clear()

    def drop_half_sample(self) -> None:
        """What is appended next begins with a whole sample: it is other audio than what came before."""
        self._odd = b""

    def forget_before(self, position_ms: int) -> None:
        """Drop everything before ``position_ms``."""
        count = max(0, min(position_ms * BYTES_PER_MS - self._origin, len(self._data)))
        del self._data[:count]
        self._origin += count

    def take(self, start_ms: int, end_ms: int) -> bytes:
        """The audio from ``start_ms`` to ``end_ms``; everything before ``end_ms`` leaves the buffer."""
        self.forget_before(start_ms)
        before = self._origin
        length = min(end_ms * BYTES_PER_MS - before, len(self._data))
        taken = bytes(self._data[:length])
        self.forget_before(end_ms)
        return taken

    def peek(self, start_ms: int, end_ms: int) -> bytes:
        """The audio from ``start_ms`` to ``end_ms``, which stays in the buffer."""
        first, last = (max(0, at * BYTES_PER_MS - self._origin) for at in (start_ms, end_ms))
        return bytes(self._data[first:last])

    def take_all(self) -> bytes:
        """Every whole sample in the buffer; nothing stays. Raises ``ProtocolError`` when that is less than 100 ms."""
        if self.held_ms < MIN_COMMIT_MS:
            message = (
                f"Error committing input audio buffer: buffer too small. Expected at least {MIN_COMMIT_MS}ms "
                f"of audio, but buffer only has {len(self._data) / BYTES_PER_MS:.2f}ms of audio."
            )
            raise ProtocolError("input_audio_buffer_commit_empty", message)
        taken = bytes(self._data)
        self.clear()
        return taken
