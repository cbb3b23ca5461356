"""What a WAV file actually contains, whatever its header says.

A header is written before the length is known. A recorder that was killed, or wrote into a pipe, leaves sizes of 0 or
of all ones there, or of what was written a second before the end. The sizes are believed only as far as the file
bears them out.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from typing import BinaryIO

_PCM = 1
_EXTENSIBLE = 0xFFFE
_CHUNK = struct.Struct("<4sI")
_FORMAT = struct.Struct("<HHIIHH")
_TAGS = (b"TAG", b"ID3", b"APETAGEX", b"LYRICS")
"""Tags that music programs append without a chunk around them."""
MAX_CHUNKS = 1_000
_MOST = 0xFFFF_FFFF


@dataclass(frozen=True, slots=True)
class WavLayout:
    """Position and format of a WAV's audio."""

    rate_hz: int
    channels: int
    bits: int
    is_pcm: bool
    data_at: int
    """Offset of the first sample, in bytes."""
    data_bytes: int
    """Actual length of the audio (bytes), in whole frames."""
    declared_bytes: int
    """Length by the header."""
    riff_bytes: int
    """The whole file's size by its header, less 8."""

    @property
    def is_right(self) -> bool:
        """Whether the header is correct."""
        return (
            self.declared_bytes == self.data_bytes and self.riff_bytes >= self.data_at + self.data_bytes - 8
        )


def read_layout(file: BinaryIO) -> WavLayout | None:
    """The layout of an open ``file``; None if it is not a RIFF WAV, or has no format or no data. Raises ``OSError``."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    head = file.read(12)
    if len(head) < 12 or head[:4] != b"RIFF" or head[8:] != b"WAVE":
        return None
    riff_bytes = int.from_bytes(head[4:8], "little")
    at = 12
    fmt = b""
    for _ in range(MAX_CHUNKS):
        file.seek(at)
        name, declared = _chunk(file.read(8))
        if name is None:
            return None
        at += 8
        if name == b"data":
            return _with_data(file, fmt, at, declared, size, riff_bytes)
        if name == b"fmt ":
            fmt = file.read(min(declared, 40))
        at += declared + declared % 2
    return None


def _with_data(
    file: BinaryIO, fmt: bytes, data_at: int, declared: int, size: int, riff_bytes: int
) -> WavLayout | None:
    if len(fmt) < _FORMAT.size:
        return None
    tag, channels, rate_hz, _, frame_bytes, bits = _FORMAT.unpack_from(fmt)
    is_pcm = tag == _PCM or (tag == _EXTENSIBLE and fmt[24:26] == _PCM.to_bytes(2, "little"))
    if channels < 1 or frame_bytes < 1:
        return None
    there = max(0, size - data_at)
    data_bytes = min(declared, there)
    if declared < there and not _is_more_than_sound(file, data_at + declared, size):
        data_bytes = there
    data_bytes -= data_bytes % frame_bytes
    return WavLayout(rate_hz, channels, bits, is_pcm, data_at, data_bytes, declared, riff_bytes)


def _is_more_than_sound(file: BinaryIO, at: int, size: int) -> bool:
    """Whether what follows the declared data is chunks or a tag, not more samples."""
    file.seek(at)
    if file.read(8).startswith(_TAGS):
        return True
    # A chunk begins at an even offset, which not every program observes.
    return _are_chunks(file, at + at % 2, size) or (at % 2 == 1 and _are_chunks(file, at, size))


def _are_chunks(file: BinaryIO, at: int, size: int) -> bool:
    begin = at
    for _ in range(MAX_CHUNKS):
        if size - at < 8:
            break
        file.seek(at)
        name, declared = _chunk(file.read(8))
        if name is None or not name.isascii() or not name.decode("ascii").isprintable():
            return False
        at += 8 + declared + declared % 2
    # The last chunk ends with the file, or with its padding; a few odd bytes after it are no sound either.
    return at > begin and -1 <= size - at < 8


def _chunk(header: bytes) -> tuple[bytes | None, int]:
    if len(header) < _CHUNK.size:
        return None, 0
    name, size = _CHUNK.unpack(header)
    return name, size


def corrected_head(file: BinaryIO, layout: WavLayout) -> bytes:
    """Everything before the audio, with corrected sizes. Raises ``OSError``."""
    file.seek(0)
    head = bytearray(file.read(layout.data_at))
    end = layout.data_at + layout.data_bytes
    head[4:8] = min(end - 8, _MOST).to_bytes(4, "little")
    head[-4:] = min(layout.data_bytes, _MOST).to_bytes(4, "little")
    return bytes(head)
