"""A part of a file as a separate file object, for libraries that want whole files."""

from __future__ import annotations

import io
import os
from typing import BinaryIO


class FileView(io.RawIOBase):
    """The bytes of an open ``file`` from ``begin`` up to ``end``, with the first ones replaced by ``head``.

    The caller keeps ``file`` open while the view is in use, and closes it.
    """

    def __init__(self, file: BinaryIO, begin: int, end: int, head: bytes = b"") -> None:
        super().__init__()
        self._file = file
        self._begin = begin
        self._bytes = max(0, end - begin)
        self._head = head
        self._at = 0

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """The position, in bytes."""
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move, as files do."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._bytes}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # typeshed's buffer is wider
        """Fill ``buffer`` as far as possible."""
        wanted = min(len(buffer), max(0, self._bytes - self._at))
        taken = self._head[self._at : self._at + wanted]
        if len(taken) < wanted:
            self._file.seek(self._begin + self._at + len(taken))
            taken += self._file.read(wanted - len(taken))
        buffer[: len(taken)] = taken
        self._at += len(taken)
        return len(taken)
