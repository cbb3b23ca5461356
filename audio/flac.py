"""FLAC that stays readable when its writer is killed, and reading such a file.

The encoder writes whole frames as it goes, so a killed program leaves a file that flac, ffmpeg and sox play up to
its last frame (4,096 samples, 171 ms at 24 kHz). Only the total in its header is missing, which some readers need:
``count_samples`` finds it in the frames, ``repair`` writes it.
Measured with flac 1.4, ffmpeg 5.1 and sox 14.4 on files of killed writers.
"""

from __future__ import annotations

import hashlib
import io
import os
from pathlib import Path
from types import TracebackType
from typing import Any

from audio.ports import BYTES_PER_SAMPLE, SAMPLE_RATE

MAGIC = b"fLaC"
_STREAMINFO_AT = 8
"""Byte offset of the STREAMINFO block's content, which must come first (RFC 9639, 8.1)."""
_TOTAL_AT = _STREAMINFO_AT + 13
"""Byte whose low 4 bits begin the 36-bit count of samples (RFC 9639, 8.2)."""
_LONGEST_FRAME = 1 << 16
"""More than a frame of 4,096 samples in PCM16 mono can take."""
_BLOCK_SIZES = {1: 192, **{2 + n: 576 << n for n in range(4)}, **{8 + n: 256 << n for n in range(8)}}


def _empty(rate_hz: int) -> bytes:
    """A FLAC of PCM16 mono without sound (RFC 9639, 8.2): libsndfile writes a header with the first sound only."""
    return (
        MAGIC
        + b"\x80\x00\x00\x22"  # STREAMINFO, 34 bytes, the last block of metadata
        + (4_096).to_bytes(2, "big") * 2  # smallest and largest block, in samples
        + bytes(6)  # smallest and largest frame: unknown
        + (rate_hz << 44 | (16 - 1) << 36).to_bytes(8, "big")  # one channel, 16 bits, no samples
        + hashlib.md5(b"", usedforsecurity=False).digest()
    )


class FlacWriter:
    """A new FLAC file of PCM16 mono (never overwrites), readable by its owner only (mode 0600).

    Raises ``OSError`` if the file cannot be created or written; ``FileExistsError`` if it exists.
    """

    def __init__(self, path: Path | str, rate_hz: int = SAMPLE_RATE) -> None:
        import soundfile

        self.path = Path(path)
        self._rate_hz = rate_hz
        descriptor = os.open(
            self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600
        )
        # Unbuffered: what the encoder has given out is with the operating system when a kill comes.
        self._file = _Checked(os.fdopen(descriptor, "r+b", buffering=0))
        self._sound: Any = soundfile.SoundFile(
            self._file, "w", samplerate=rate_hz, channels=1, format="FLAC", subtype="PCM_16"
        )
        self._samples = 0

    @property
    def samples(self) -> int:
        """Samples written so far."""
        return self._samples

    def write(self, pcm: bytes) -> None:
        """Append ``pcm``. Raises ``OSError`` (no space, medium gone)."""
        self._sound.buffer_write(pcm, dtype="int16")
        self._samples += len(pcm) // BYTES_PER_SAMPLE
        self._file.check()

    def sync(self) -> None:
        """Sync the file to disk, so that it survives a power failure. Raises ``OSError``."""
        os.fdatasync(self._file.fileno())

    def close(self) -> None:
        """Complete the file; may be called twice. Raises ``OSError``."""
        if self._sound.closed:
            return
        try:
            self._sound.close()
            if self._samples == 0:
                self._file.write(_empty(self._rate_hz))
            self._file.check()
        finally:
            self._file.close()

    def __enter__(self) -> FlacWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Checked:
    """A file that remembers its error, because libsndfile's callbacks cannot raise it."""

    def __init__(self, file: io.FileIO) -> None:
        self._file = file
        self._error: OSError | None = None

    def check(self) -> None:
        if self._error is not None:
            raise self._error

    def write(self, data: bytes) -> int:
        view = memoryview(data)
        try:
            while view:
                view = view[self._file.write(view) :]
        except OSError as error:
            self._error = self._error or error
        return len(data)

    def read(self, size: int = -1) -> bytes:
        return self._file.read(size)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def flush(self) -> None:
        """Does nothing: there is no buffer."""

    def fileno(self) -> int:
        return self._file.fileno()

    def close(self) -> None:
        self._file.close()


def declared_samples(head: bytes) -> int | None:
    """The header's sample count, 0 if the writer was killed; None if ``head`` (26 bytes or more) is not FLAC."""
    if len(head) < _TOTAL_AT + 5 or head[:4] != MAGIC or head[4] & 0x7F != 0:
        return None
    return int.from_bytes(head[_TOTAL_AT : _TOTAL_AT + 5], "big") & 0xF_FFFF_FFFF


def count_samples(path: Path) -> int:
    """Samples in the whole frames of a FLAC of ``FlacWriter``, however it ended. Raises ``OSError``, ``ValueError``."""
    return _whole_frames(path)[0]


def _whole_frames(path: Path, *, trusted: bool = True) -> tuple[int, int]:
    """Samples in the whole frames, and the byte after them; as the header says if it is ``trusted``.

    Raises ``OSError``, ``ValueError``.
    """
    with path.open("rb") as file:
        head = file.read(_TOTAL_AT + 5)
        if len(head) < _TOTAL_AT + 5 and head[:4] == MAGIC[: len(head)]:
            return 0, 0  # the encoder writes its header, piece by piece, with the first sound
        declared = declared_samples(head)
        if declared is None:
            raise ValueError("not a FLAC file")
        size = file.seek(0, os.SEEK_END)
        if declared and trusted:
            return declared, size
        begin = max(0, size - 2 * _LONGEST_FRAME)
        file.seek(begin)
        samples, end = _end_of_last_frame(file.read())
    return samples, begin + end


def repair(path: Path, *, disk_was_full: bool = False) -> int:
    """Write the missing count into the header; gives the samples. Raises ``OSError``, ``ValueError``.

    ``disk_was_full``: the header may count, and sum up, more than was written, and half a frame may be at the end.
    """
    samples, end = _whole_frames(path, trusted=not disk_was_full)
    if samples == 0:
        with path.open("r+b") as file:
            file.truncate(0)
            file.write(_empty(SAMPLE_RATE))
        return 0
    with path.open("r+b") as file:
        file.truncate(end)
        file.seek(_TOTAL_AT)
        high = file.read(1)[0] & 0xF0
        file.seek(_TOTAL_AT)
        file.write((high << 32 | samples).to_bytes(5, "big"))
        if disk_was_full:
            file.write(bytes(16))  # the MD5 sum: unknown
    return samples


class FlacReader:
    """PCM16 mono from a FLAC of ``FlacWriter``, even one whose writer was killed.

    Raises ``OSError`` if it cannot be read and ``ValueError`` if it is not FLAC.
    """

    def __init__(self, path: Path) -> None:
        import soundfile

        self.samples = count_samples(path)
        """Samples in the file."""
        self._sound: Any = None
        if self.samples == 0:
            return
        try:
            self._sound = soundfile.SoundFile(_Counted(path, self.samples), "r")
        except soundfile.LibsndfileError as error:
            raise ValueError(str(error)) from None

    def read(self, samples: int) -> bytes:
        """At most ``samples`` from the current position; empty at the end."""
        if self._sound is None:
            return b""
        return bytes(self._sound.buffer_read(min(samples, self.samples - self._sound.tell()), dtype="int16"))

    def seek(self, sample: int) -> None:
        """Continue reading at ``sample``, counted from 0."""
        if self._sound is not None:
            self._sound.seek(min(max(0, sample), self.samples))

    def close(self) -> None:
        """Close the file."""
        if self._sound is not None:
            self._sound.close()


class _Counted(io.FileIO):
    """The file with the true count in its header, whatever is written there."""

    def __init__(self, path: Path, samples: int) -> None:
        super().__init__(path, "rb")
        start = self.read(_TOTAL_AT + 5)
        high = start[_TOTAL_AT] & 0xF0
        self._patch = (high << 32 | samples).to_bytes(5, "big")
        self.seek(0)

    def readinto(self, buffer: Any) -> int | None:
        at = self.tell()
        count = super().readinto(buffer)
        view = memoryview(buffer).cast("B")
        for n, byte in enumerate(self._patch, start=_TOTAL_AT - at):
            if count and 0 <= n < count:
                view[n] = byte
        return count

    def read(self, size: int | None = -1) -> bytes:
        at = self.tell()
        data = bytearray(super().read(-1 if size is None else size) or b"")
        if hasattr(self, "_patch"):
            for n, byte in enumerate(self._patch, start=_TOTAL_AT - at):
                if 0 <= n < len(data):
                    data[n] = byte
        return bytes(data)


# --- frames (RFC 9639, 9.1) ------------------------------------------------------------------------


def _end_of_last_frame(tail: bytes) -> tuple[int, int]:
    """First sample and first byte after the last frame in ``tail`` that is whole; zeros when there is none."""
    starts = [at for at in _sync_codes(tail) if _header(tail, at) is not None]
    for begin, end in zip(reversed(starts), [len(tail), *reversed(starts)], strict=False):
        found = _header(tail, begin)
        assert found is not None
        number, block = found
        if _crc16(tail[begin : end - 2]) == int.from_bytes(tail[end - 2 : end], "big"):
            # libFLAC's frames all have 4,096 samples, the last may have fewer (fixed block size strategy).
            return number * 4096 + block, end
    return 0, 0


def _sync_codes(data: bytes) -> list[int]:
    found, at = [], data.find(b"\xff\xf8")
    while at >= 0:
        found.append(at)
        at = data.find(b"\xff\xf8", at + 1)
    return found


def _header(data: bytes, at: int) -> tuple[int, int] | None:
    """Number of the frame at ``at`` and its samples; None if no frame starts there."""
    head = data[at : at + 16]
    if len(head) < 8:
        return None
    number, size = _coded_number(head[4:])
    if size == 0:
        return None
    end, code = 4 + size, head[2] >> 4
    if code in (6, 7):
        width = code - 5
        block = int.from_bytes(head[end : end + width], "big") + 1
        end += width
    else:
        block = _BLOCK_SIZES.get(code, 0)
    end += {12: 1, 13: 2, 14: 2}.get(head[2] & 0x0F, 0)
    if not block or end >= len(head) or _crc8(head[:end]) != head[end]:
        return None
    return number, block


def _coded_number(data: bytes) -> tuple[int, int]:
    """A number in FLAC's extension of UTF-8, and its length in bytes (0: none)."""
    first = data[0]
    if first < 0x80:
        return first, 1
    length = 8 - (first ^ 0xFF).bit_length()
    if length < 2 or len(data) < length or any(byte >> 6 != 2 for byte in data[1:length]):
        return 0, 0
    number = first & (0x7F >> length)
    for byte in data[1:length]:
        number = number << 6 | byte & 0x3F
    return number, length


def _crc8(data: bytes) -> int:
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ 0x07) & 0xFF if crc & 0x80 else crc << 1
    return crc


def _crc16(data: bytes) -> int:
    crc = 0
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x8005) & 0xFFFF if crc & 0x8000 else crc << 1
    return crc
