"""An HTTP proxy that sends everything to this machine, whatever its name."""

from __future__ import annotations

import asyncio
import base64
import re
from contextlib import suppress
from urllib.parse import urlsplit


class Proxy:
    """Takes CONNECT and whole URLs; ``answers`` with a status of its own instead, or never if that is 0."""

    def __init__(self, answers: int | None = None, login: str | None = None) -> None:
        self.answers = answers
        self.login = login
        self.asked: list[str] = []
        self.port = 0

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            method, target, _ = head.split(b"\r\n", 1)[0].decode().split()
            self.asked.append(method)
            status = self.answers
            if self.login is not None:
                wanted = b"basic " + base64.b64encode(self.login.encode())
                status = None if wanted.lower() in head.lower() else 407
            if status is not None:
                await self._answer(status, reader, writer)
            elif method == "CONNECT":
                await self._connect(int(target.rpartition(":")[2]), b"", reader, writer)
            else:
                parts = urlsplit(target)
                head = head.replace(target.encode(), (parts.path or "/").encode(), 1)
                head = re.sub(rb"(?i)connection: keep-alive", b"Connection: close", head)
                await self._connect(parts.port or 80, head, reader, writer)
        writer.close()

    async def _answer(self, status: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if status == 0:
            await reader.read()
        writer.write(
            f"HTTP/1.1 {status} No\r\nContent-Type: text/html\r\nContent-Length: 9\r\n\r\n<h1>no</h1>"[
                :-2
            ].encode()
        )
        await writer.drain()

    async def _connect(
        self, port: int, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", port)
        if head:
            server_writer.write(head)
        else:
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await asyncio.gather(_pump(reader, server_writer), _pump(server_reader, writer))


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.close()
