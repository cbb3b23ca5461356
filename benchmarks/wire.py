"""The least of RFC 6455 that a load generator needs: whole messages out, whole frames in, nothing checked.

Client frames are masked with a key of zeros, which the protocol allows and which costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def frame(opcode: int, payload: bytes, *, masked: bool) -> bytes:
    """One message as one frame."""
    size, mask_bit = len(payload), 0x80 if masked else 0
    head = bytes([0x80 | opcode])
    if size < 126:
        head += bytes([mask_bit | size])
    elif size < 65536:
        head += bytes([mask_bit | 126]) + size.to_bytes(2, "big")
    else:
        head += bytes([mask_bit | 127]) + size.to_bytes(8, "big")
    return head + (b"\0\0\0\0" if masked else b"") + payload


class Frames:
    """Cuts a stream of bytes into frames."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes, bytes]]:
        """Each whole frame as opcode, mask (empty without one) and payload as it came, still masked."""
        data = self._rest + data if self._rest else data
        at, end = 0, len(data)
        while end - at >= 2:
            size, start = data[at + 1] & 0x7F, at + 2
            if size >= 126:
                wide = 2 if size == 126 else 8
                size, start = int.from_bytes(data[start : start + wide], "big"), start + wide
            mask = b""
            if data[at + 1] & 0x80:
                mask, start = data[start : start + 4], start + 4
            if start + size > end:
                break
            yield data[at] & 0x0F, mask, data[start : start + size]
            at = start + size
        self._rest = data[at:]


def unmasked(mask: bytes, payload: bytes) -> bytes:
    """The payload in clear."""
    if not mask or mask == b"\0\0\0\0":
        return payload
    size = len(payload)
    key = int.from_bytes((mask * (size // 4 + 1))[:size], "big")
    return (int.from_bytes(payload, "big") ^ key).to_bytes(size, "big")
