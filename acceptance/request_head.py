"""The head of an HTTP/1.1 request on its way through the fault proxy. Pure.

The console dials the proxy's own address; the server must be asked for its own name, or it would refuse the
host or show the wrong site.
"""

from __future__ import annotations

from dataclasses import dataclass

END = b"\r\n\r\n"
LONGEST_HEAD = 8 * 1024


class BadHead(Exception):
    """Not a request that our own clients send."""


@dataclass(frozen=True, slots=True)
class RequestHead:
    """A head with its ``Host`` replaced, and what follows it."""

    data: bytes
    body_bytes: int
    upgrade: bool
    """The connection becomes a WebSocket: what follows is not HTTP."""


def rewrite(head: bytes, host: str) -> RequestHead:
    """``head`` (with its final empty line) for ``host``. Raises ``BadHead``."""
    request_line, *lines = head.removesuffix(END).split(b"\r\n")
    if request_line.count(b" ") != 2:
        raise BadHead("this is no HTTP request")
    kept: list[bytes] = []
    body_bytes, upgrade = 0, False
    for line in lines:
        name, colon, value = line.partition(b":")
        if not colon:
            raise BadHead("a header has no colon")
        match name.strip().lower():
            case b"host":
                continue
            case b"content-length":
                body_bytes = _length(value)
            case b"transfer-encoding":
                raise BadHead("chunked requests are not passed on")
            case b"upgrade":
                upgrade = True
        kept.append(line)
    data = b"\r\n".join([request_line, b"Host: " + host.encode("ascii"), *kept]) + END
    return RequestHead(data, body_bytes, upgrade)


def _length(value: bytes) -> int:
    text = value.strip()
    if not text.isdigit():
        raise BadHead("the content length is no number")
    return int(text)
