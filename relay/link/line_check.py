"""Telling a connection that is dead from a server that is busy, while audio goes out.

Nothing comes back on either, pings included, and behind a proxy that acknowledges what it cannot deliver the kernel
knows no more (``api_client.peer``). So the server is asked on another connection, by the same road: one that
answers there, and still not here, is no longer at the other end of this one. A server whose event loop is blocked
answers neither, and is waited for (``upstream_watch``).
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import Protocol

from api_client.errors import ApiError
from api_client.realtime import RealtimeConnection
from relay.codes import RelayCode
from relay.config import RelayConfig
from relay.link.ending import Ending

CHECK_EVERY_S = 0.25
SILENT_SHARE = 0.7
"""Of the time that a connection may stay silent; the rest is for asking elsewhere. A lost packet takes a second or two
to be sent again."""
SETTLES_S = 1.0
"""A server that was busy answers everybody at once, in whatever order."""
ANSWER_WITHIN_S = 2.0
"""Time (s) for the server to answer on the other connection."""
MOVES_WITHIN_S = 3.0
"""A slow line acknowledges something in this time (s): at 64 kbit/s, with buffers on the road, every second or two."""
_GATEWAY_STATUSES = frozenset({502, 503, 504})
"""A gateway's own words: whether the server behind it is there they do not say."""


class Line(Protocol):
    """The part of a connection that the check needs."""

    @property
    def heard_at(self) -> float:
        """``time.monotonic()`` of the last data received, including pongs."""

    @property
    def ping_s(self) -> float:
        """How long the answer to the last ping took."""

    @property
    def acknowledged_bytes(self) -> int | None:
        """What a slow line has carried so far; None if it is not slow."""


class Slowness:
    """Whether a line still carries something of what waits for it, however slowly."""

    def __init__(self) -> None:
        self._carried: int | None = None
        self._moved_at = float("-inf")

    def note(self, carried_bytes: int | None, now: float) -> None:
        """``carried_bytes``: ``Line.acknowledged_bytes`` at ``now``."""
        if carried_bytes is not None and self._carried is not None and carried_bytes > self._carried:
            self._moved_at = now
        self._carried = carried_bytes

    def moves(self, now: float) -> bool:
        """Whether something waits, and some of it has gone out lately."""
        return self._carried is not None and now - self._moved_at < MOVES_WITHIN_S


class LineCheck:
    """One per socket."""

    def __init__(self, config: RelayConfig) -> None:
        self._config = config

    async def run(self, line: Line) -> Ending:
        """Watch until the line is known to be dead."""
        began = time.monotonic()
        slowness = Slowness()
        while True:
            await asyncio.sleep(CHECK_EVERY_S)
            now = time.monotonic()
            slowness.note(line.acknowledged_bytes, now)
            quiet_s = now - max(line.heard_at, began)
            if quiet_s < SILENT_SHARE * self._config.line_answer_within_s + 2 * line.ping_s:
                continue
            if not await self._answers_elsewhere():
                continue
            asked = now
            await asyncio.sleep(SETTLES_S)
            slowness.note(line.acknowledged_bytes, time.monotonic())
            if line.heard_at >= asked:
                continue
            if not slowness.moves(time.monotonic()):
                return _dead(time.monotonic() - max(line.heard_at, began))

    async def _answers_elsewhere(self) -> bool:
        """Whether the server answers a new connection: with a refusal, because it carries no token."""
        config = self._config
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                other = await RealtimeConnection.open(config.server_url, None, insecure=config.insecure)
        except ApiError as error:
            return error.status is not None and error.status not in _GATEWAY_STATUSES
        except TimeoutError:
            return False
        other.abort()
        with contextlib.suppress(ApiError):
            await other.close()
        return True


def _dead(quiet_s: float) -> Ending:
    seconds = f"{quiet_s:.1f}"
    message = (
        f"Nothing has come back on this connection for {seconds} s, not even the answer to a ping, although the "
        "server answers on another one: the connection is dead."
    )
    return Ending("lost", True, RelayCode.LINE_DEAD, message, params={"seconds": seconds})
