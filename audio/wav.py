"""Writing a WAV file that stays readable when its writer is killed.

The header of a WAV says how long it is. The standard library writes that at the end, so a killed program
leaves a file of 20 ms; here it is updated once per second of audio.
"""

from __future__ import annotations

import os
import stat
import struct
from pathlib import Path
from types import TracebackType

from audio.ports import BYTES_PER_SAMPLE, SAMPLE_RATE

HEADER_BYTES = 44
_RIFF_REST = HEADER_BYTES - 8
_MAX_DATA_BYTES = 0xFFFF_FFFF - _RIFF_REST


def header(data_bytes: int, rate_hz: int = SAMPLE_RATE) -> bytes:
    """The 44 bytes before ``data_bytes`` of PCM16 mono. More than 4 GiB cannot be declared."""
    declared = min(data_bytes, _MAX_DATA_BYTES)
    form = struct.pack("<4sI4s", b"RIFF", declared + _RIFF_REST, b"WAVE")
    fmt = struct.pack(
        "<4sIHHIIHH", b"fmt ", 16, 1, 1, rate_hz, rate_hz * BYTES_PER_SAMPLE, BYTES_PER_SAMPLE, 16
    )
    return form + fmt + struct.pack("<4sI", b"data", declared)


class WavWriter:
    """A new WAV file of PCM16 mono, readable by its owner only (mode 0600).

    Every write goes to the operating system at once, so that a kill loses no sound, at most its last second's
    place in the header, which ``wav_reading`` does not need. Raises ``OSError`` when the file cannot be made or
    written.
    """

    def __init__(self, path: Path | str, rate_hz: int = SAMPLE_RATE) -> None:
        self.path = Path(path)
        self._rate_hz = rate_hz
        self._data_bytes = 0
        self._declared = 0
        descriptor = os.open(
            self.path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o600
        )
        self._file = os.fdopen(descriptor, "wb", buffering=0)
        try:
            if hasattr(os, "fchmod") and stat.S_ISREG(os.fstat(descriptor).st_mode):
                # A file that was there before keeps its mode otherwise; a device such as /dev/null shall.
                os.fchmod(descriptor, 0o600)
            self._file.write(header(0, rate_hz))
        except OSError:
            self._file.close()
            raise

    @property
    def samples(self) -> int:
        """Samples written so far."""
        return self._data_bytes // BYTES_PER_SAMPLE

    def write(self, pcm: bytes) -> None:
        """Append ``pcm``. Raises ``OSError`` (no space, medium gone)."""
        view = memoryview(pcm)
        while view:
            # An unbuffered write may take only part, on a full disk or a pipe.
            written = self._file.write(view)
            view = view[written:]
            self._data_bytes += written
        if self._data_bytes - self._declared >= self._rate_hz * BYTES_PER_SAMPLE:
            self._patch_header()

    def sync(self) -> None:
        """Sync the file to disk, so that it survives a power failure. Raises ``OSError``."""
        os.fdatasync(self._file.fileno())

    def close(self) -> None:
        """Update the header and close; may be called twice."""
        if self._file.closed:
            return
        try:
            self._patch_header()
        finally:
            self._file.close()

    def _patch_header(self) -> None:
        self._file.seek(0)
        self._file.write(header(self._data_bytes, self._rate_hz))
        self._file.seek(0, os.SEEK_END)
        self._declared = self._data_bytes

    def __enter__(self) -> WavWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
