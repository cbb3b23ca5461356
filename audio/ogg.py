"""The parts of a chained Ogg file.

An Ogg file may contain several streams one after another, as from radio recorders and ``cat a.ogg b.ogg``. The
decoder stops at the end of the first.
"""

from __future__ import annotations

import os
from typing import BinaryIO

_PAGE_HEAD_BYTES = 27
_BEGINS = 2
"""The flag of a stream's first page (RFC 3533, section 6)."""


def chain(file: BinaryIO) -> list[tuple[int, int]]:
    """The parts of an open Ogg ``file`` as (first byte, byte after the last); one if it is not chained.

    Reads a few bytes of every page. Raises ``OSError``.
    """
    size = file.seek(0, os.SEEK_END)
    begins = [0]
    at = 0
    in_head = True
    while True:
        file.seek(at)
        head = file.read(_PAGE_HEAD_BYTES)
        if len(head) < _PAGE_HEAD_BYTES or head[:4] != b"OggS":
            break
        first_of_stream = bool(head[5] & _BEGINS)
        # Streams that are played together begin together, before any other page.
        if first_of_stream and not in_head:
            begins.append(at)
        in_head = first_of_stream
        at += _PAGE_HEAD_BYTES + head[26] + sum(file.read(head[26]))
    return list(zip(begins, [*begins[1:], size], strict=True))
