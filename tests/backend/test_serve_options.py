"""How the server listens."""

from __future__ import annotations

import asyncio
import socket

from backend.serve_options import bind


async def test_small_answers_are_not_held_back() -> None:
    """Nagle's delay costs every second request on a kept connection 40 ms."""
    delays_off: asyncio.Queue[int] = asyncio.Queue()

    async def accepted(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        transport_socket = writer.get_extra_info("socket")
        delays_off.put_nowait(transport_socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    with bind("127.0.0.1", 0) as listener:
        async with await asyncio.start_server(accepted, sock=listener):
            _reader, writer = await asyncio.open_connection(*listener.getsockname()[:2])
            assert await asyncio.wait_for(delays_off.get(), 5)
            writer.close()
