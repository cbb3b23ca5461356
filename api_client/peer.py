"""Whether the other end of a TCP connection is still there, according to the kernel (Linux; unknown elsewhere).

A busy server reads no data and answers no ping, but its kernel acknowledges what arrives; one that is gone, or
behind a broken connection, acknowledges nothing. TCP_USER_TIMEOUT cannot tell the two apart: it also counts the time
in which a full receive window is probed and each probe is answered (tcp(7), RFC 5482).
"""

from __future__ import annotations

import contextlib
import socket
import struct
import sys

GONE_AFTER_S = 4.5
"""Seconds without an acknowledgement while data is unacknowledged."""
UNSENT_BYTES = 16_384
"""How much the kernel buffers beyond what the network carries: a third of a second of audio. More would only be
late."""
KNOWN = sys.platform == "linux"
if KNOWN:
    import fcntl
    import termios

_ACKNOWLEDGED_AT = 8 + 24 * 4 + 2 * 8
"""Where tcpi_bytes_acked lies in struct tcp_info, since Linux 4.1."""
_HEAD = struct.Struct("8B13I")  # struct tcp_info of <linux/tcp.h>, up to tcpi_last_ack_recv
_RETRANSMITS, _PROBES = 2, 3
_LAST_ACK_MS = 8 + 12


class Peer:
    """Inspects one socket. ``raw`` is None if there is no TCP socket."""

    def __init__(self, raw: socket.socket | None) -> None:
        is_tcp = raw is not None and raw.family in (socket.AF_INET, socket.AF_INET6)
        self._raw = raw if is_tcp else None
        self._suspected = False

    def set_limits(self, dead_after_s: float) -> None:
        """Buffer little more than the network carries, and give up after ``dead_after_s``, whatever the cause."""
        for name, value in (
            ("TCP_USER_TIMEOUT", round(dead_after_s * 1000)),
            ("TCP_NOTSENT_LOWAT", UNSENT_BYTES),
        ):
            option = getattr(socket, name, None)
            if option is not None and self._raw is not None:
                # OSError: the peer has gone already; whoever reads learns of it.
                with contextlib.suppress(OSError):
                    self._raw.setsockopt(socket.IPPROTO_TCP, option, value)

    def unacknowledged_bytes(self) -> int:
        """Bytes sent but not acknowledged by the peer's kernel; 0 if unknown."""
        if self._raw is None or not KNOWN:
            return 0
        with contextlib.suppress(OSError, ValueError):  # ValueError: it is closed
            waiting: int = struct.unpack("i", fcntl.ioctl(self._raw.fileno(), termios.TIOCOUTQ, bytes(4)))[0]
            return waiting
        return 0

    def acknowledged_bytes(self) -> int | None:
        """Bytes that the peer's kernel has acknowledged so far; None if unknown."""
        if self._raw is None or not KNOWN:
            return None
        with contextlib.suppress(OSError):
            info = self._raw.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _ACKNOWLEDGED_AT + 8)
            if len(info) == _ACKNOWLEDGED_AT + 8:
                return int.from_bytes(info[_ACKNOWLEDGED_AT:], sys.byteorder)
        return None

    def is_gone(self) -> bool:
        """Whether nothing was acknowledged for ``GONE_AFTER_S``. Call twice a second."""
        suspected = self._waits_in_vain()
        gone, self._suspected = suspected and self._suspected, suspected  # a probe may just be on its way
        return gone

    def _waits_in_vain(self) -> bool:
        if self._raw is None or not KNOWN:
            return False
        try:
            info = _HEAD.unpack(self._raw.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _HEAD.size))
        except (OSError, struct.error):
            return False
        tried_again = info[_RETRANSMITS] > 0 or info[_PROBES] > 0
        return tried_again and bool(info[_LAST_ACK_MS] >= GONE_AFTER_S * 1000)
