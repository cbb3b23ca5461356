"""Resolving a host name with its own time limit.

The system's resolver takes 5 s or more for each name server that does not answer, and cannot be stopped; the
caller would only learn that "the server did not answer". A slow lookup continues in its thread, and the next
attempt uses its result.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import threading
import time
from urllib.parse import urlsplit

from api_client.errors import ApiError, NameTimeout, NameUnknown

LIMIT_S = 4.0
KNOWN_FOR_S = 60.0
"""Seconds for which a resolved name is not looked up again before a request; each new connection still does."""

_known: dict[str, float] = {}
"""When each name last resolved, by ``time.monotonic()``."""
_under_way: dict[str, _LookUp] = {}


class _LookUp:
    """One lookup in a daemon thread, so that a hung resolver does not keep the program from exiting."""

    def __init__(self, host: str) -> None:
        self.host = host
        self.failure: OSError | UnicodeError | None = None
        self.ended = threading.Event()
        self._waiting: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []
        self._lock = threading.Lock()

    def start(self) -> None:
        """Start the lookup; ``ended`` is set when it finishes."""
        threading.Thread(target=self._run, name="look up a name", daemon=True).start()

    async def wait(self) -> None:
        """Wait until it has ended."""
        changed = asyncio.Event()
        with self._lock:
            if self.ended.is_set():
                return
            self._waiting.append((asyncio.get_running_loop(), changed))
        await changed.wait()

    def _run(self) -> None:
        try:
            socket.getaddrinfo(self.host, None, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as failure:
            self.failure = failure
        else:
            _known[self.host] = time.monotonic()
        with self._lock:
            self.ended.set()
            _under_way.pop(self.host, None)
            for loop, changed in self._waiting:
                if not loop.is_closed():
                    loop.call_soon_threadsafe(changed.set)


async def look_up(url: str, limit_s: float | None = None) -> None:
    """Check that the host in ``url`` resolves. Raises ``NameUnknown`` and ``NameTimeout``."""
    limit_s = LIMIT_S if limit_s is None else limit_s
    host = urlsplit(url).hostname or ""
    if _is_address(host) or time.monotonic() - _known.get(host, float("-inf")) < KNOWN_FOR_S:
        return
    started = _under_way.get(host)
    if started is None:
        started = _under_way[host] = _LookUp(host)
        started.start()
    failure: ApiError
    try:
        async with asyncio.timeout(limit_s):
            await started.wait()
    except TimeoutError:
        failure = NameTimeout(
            f"The name {host} could not be looked up within {limit_s:g} seconds: check the network.",
            params={"host": host, "seconds": f"{limit_s:g}", "reason": "name_timeout"},
        )
    else:
        if started.failure is None:
            return
        failure = name_unknown(host)
    raise failure


def name_unknown(host: str) -> NameUnknown:
    """The error for a ``host`` that does not resolve."""
    return NameUnknown(
        f"The name {host} is not known: check its spelling and the network.",
        params={"host": host, "reason": "name_unknown"},
    )


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host == "localhost"
    return True
