"""A small TCP proxy that breaks the network between console and server on command, without root.

The console connects to ``url`` on the loopback; the proxy connects to the server, over TLS if the server uses it, by
the server's own name. So certificates are verified against the server as always and the ``Host`` header names it;
what is broken is what the console sees of the network. An HTTP proxy from the environment is not used: a
server that is reached only through one cannot be tested this way.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import Coroutine
from urllib.parse import urlsplit

from acceptance.request_head import END, LONGEST_HEAD, BadHead, rewrite
from api_client.server_url import normalise_server_url
from api_client.tls import client_ssl_context

_PIECE = 4_096
"""Bytes forwarded at a time: small, so that a slow network is evenly slow."""
_RECEIVE_BUFFER = 4 * 1024
"""Kernel buffer for what the console sends: small, so that a paused network is felt soon."""
_SEGMENT = 1_400
"""Largest TCP segment from the console, as on a real network. The loopback's 64 KiB make a slow line one that stands
still for seconds and then moves by as much."""
_DIAL_TIMEOUT_S = 10.0


class FaultProxy:
    """Forwards everything until told otherwise. ``async with`` starts and closes it."""

    def __init__(self, server_url: str, *, insecure: bool = False) -> None:
        base = normalise_server_url(server_url)
        parts = urlsplit(base)
        self._secure = parts.scheme == "https"
        self._host = parts.hostname or ""
        self._port = parts.port or (443 if self._secure else 80)
        self._netloc = parts.netloc
        self._path = parts.path
        self._tls: ssl.SSLContext | None = client_ssl_context(insecure=insecure) if self._secure else None
        self._server: asyncio.Server | None = None
        self._links: set[_Link] = set()
        self.open = asyncio.Event()
        """Cleared: the network stands still, both ways."""
        self.open.set()
        self.bytes_per_s: int | None = None
        """Of each connection, each way; None: as fast as it goes."""

    async def __aenter__(self) -> FaultProxy:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=LONGEST_HEAD)
        for listening in self._server.sockets:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
            with contextlib.suppress(OSError):
                listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, _SEGMENT)
        return self

    async def __aexit__(self, *_exception: object) -> None:
        if self._server is not None:
            self._server.close()
        self.reset()
        await asyncio.gather(*(link.over.wait() for link in list(self._links)))

    @property
    def url(self) -> str:
        """The server's base URL through the proxy."""
        assert self._server is not None
        port = self._server.sockets[0].getsockname()[1]
        return f"http://127.0.0.1:{port}{self._path}"

    @property
    def upgraded(self) -> int:
        """Number of open WebSockets."""
        return sum(link.upgraded for link in self._links)

    def pause(self) -> None:
        """Pause the network; nothing is lost."""
        self.open.clear()

    def resume(self) -> None:
        """Resume it."""
        self.open.set()

    def reset(self) -> None:
        """Cut every connection, both ends, with RST: no close frame, no FIN."""
        for link in list(self._links):
            link.reset()

    def corrupt(self) -> None:
        """Invert the bits of the next bytes from the server on each open WebSocket."""
        for link in self._links:
            link.corrupting = link.upgraded

    def half_open(self) -> None:
        """Block all traffic on the current connections without closing them. New ones work."""
        for link in self._links:
            link.dead = True

    def bury_dead(self) -> None:
        """Reset the connections left by ``half_open``, so that the server sees them end."""
        for link in list(self._links):
            if link.dead:
                link.reset()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_DIAL_TIMEOUT_S):
                name = self._host if self._secure else None
                upstream = await asyncio.open_connection(
                    self._host, self._port, ssl=self._tls, server_hostname=name
                )
        except (OSError, TimeoutError):
            _abort(writer)
            return
        link = _Link(self, self._netloc, (reader, writer), upstream)
        self._links.add(link)
        try:
            await link.run()
        finally:
            self._links.discard(link)
            link.over.set()


class _Link:
    """One connection from the console, and its continuation to the server."""

    def __init__(
        self,
        proxy: FaultProxy,
        host: str,
        console: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        server: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> None:
        self._proxy = proxy
        self._host = host
        self._from_console, self._to_console = console
        self._from_server, self._to_server = server
        self._tasks: list[asyncio.Task[None]] = []
        self.upgraded = False
        self.corrupting = False
        self.dead = False
        self.over = asyncio.Event()

    async def run(self) -> None:
        """Forward both ways until one side ends."""
        self._start(self._uplink())
        self._start(self._downlink())
        await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for writer in (self._to_console, self._to_server):
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    def reset(self) -> None:
        """End both connections with RST."""
        for writer in (self._to_console, self._to_server):
            _abort(writer)
        for task in self._tasks:
            task.cancel()

    def _start(self, part: Coroutine[object, object, None]) -> None:
        self._tasks.append(asyncio.create_task(part))

    async def _uplink(self) -> None:
        with contextlib.suppress(OSError, BadHead, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            while not self.upgraded:
                head = rewrite(await self._from_console.readuntil(END), self._host)
                self.upgraded = head.upgrade
                body = await self._from_console.readexactly(head.body_bytes)
                await self._pass(head.data + body, self._to_server)
            while piece := await self._from_console.read(_PIECE):
                await self._pass(piece, self._to_server)

    async def _downlink(self) -> None:
        with contextlib.suppress(OSError):
            while piece := await self._from_server.read(_PIECE):
                if self.corrupting:
                    self.corrupting = False
                    piece = bytes(byte ^ 0xFF for byte in piece)
                await self._pass(piece, self._to_console)

    async def _pass(self, data: bytes, writer: asyncio.StreamWriter) -> None:
        await self._proxy.open.wait()
        if self.dead:
            await asyncio.Event().wait()  # for ever: nothing is read any more, until the link is reset
        writer.write(data)
        await writer.drain()
        if self._proxy.bytes_per_s is not None:
            await asyncio.sleep(len(data) / self._proxy.bytes_per_s)


def _abort(writer: asyncio.StreamWriter) -> None:
    raw = writer.get_extra_info("socket")
    if raw is not None:
        with contextlib.suppress(OSError):
            # Lingering for no time at all: the kernel sends RST in place of FIN.
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
