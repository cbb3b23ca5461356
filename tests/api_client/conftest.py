"""Small real servers on loopback: HTTP that answers as told, and the relay of an existing SalesMind server."""

from __future__ import annotations

import asyncio
import json
import logging
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.http11 import Request as WsRequest
from websockets.http11 import Response as WsResponse

from tests.certificates import make_certificate

TOKEN = "5ec2e7cafe0123456789abcdef5ec2e7cafe0123"

PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")


@dataclass
class Asked:
    """One request as it came over the wire."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


Script = Callable[[Asked], bytes | None]
"""The raw answer to a request; None: never answer."""


@dataclass
class HttpServer:
    url: str
    asked: list[Asked] = field(default_factory=list)

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or 0


def http_answer(
    status: int, body: Any = None, *, html: bool = False, headers: dict[str, str] | None = None
) -> bytes:
    """A raw answer with a JSON body, or a page."""
    payload = (
        str(body).encode() if html else b"" if body is None else json.dumps(body, ensure_ascii=False).encode()
    )
    kind = "text/html; charset=utf-8" if html else "application/json"
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", f"Content-Type: {kind}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    lines += [f"Content-Length: {len(payload)}", "Connection: close", "", ""]
    return "\r\n".join(lines).encode() + payload


async def _read_request(reader: asyncio.StreamReader) -> Asked:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, path, _ = head[0].split(" ", 2)
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Asked(method, path, headers, body)


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXY_VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def token() -> str:
    return TOKEN


@pytest.fixture
def answer() -> Callable[..., bytes]:
    return http_answer


@pytest.fixture
async def http_server() -> AsyncIterator[Callable[..., Awaitable[HttpServer]]]:
    """Starts HTTP servers that answer by a script."""
    async with AsyncExitStack() as stack:

        async def start(script: Script, *, tls: ssl.SSLContext | None = None) -> HttpServer:
            async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                try:
                    asked = await _read_request(reader)
                    served.asked.append(asked)
                    if (raw := script(asked)) is None:
                        await reader.read()  # until the client gives up
                    else:
                        writer.write(raw)
                        await writer.drain()
                except (asyncio.IncompleteReadError, ConnectionError):
                    pass
                finally:
                    writer.close()

            server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=tls)
            stack.push_async_callback(server.wait_closed)
            stack.callback(server.close)
            port = server.sockets[0].getsockname()[1]
            served = HttpServer(f"http{'s' if tls else ''}://127.0.0.1:{port}")
            return served

        yield start


Handler = Callable[[ServerConnection], Awaitable[None]]


def _existing_server_gate(_: ServerConnection, request: WsRequest) -> WsResponse | None:
    """How an existing server refuses: bare status lines, before the upgrade (salesmind-api.md, section 3)."""
    parts = urlsplit(request.path)
    if parts.path != "/ws/realtime/":
        return WsResponse(500, "Internal Server Error", Headers())
    if parse_qs(parts.query).get("token") != [TOKEN]:
        return WsResponse(403, "Access denied", Headers())
    return None


@pytest.fixture
async def relay_server() -> AsyncIterator[Callable[..., Awaitable[str]]]:
    """Starts WebSocket servers with the door of an existing server; gives their base URL."""
    async with AsyncExitStack() as stack:

        async def start(handler: Handler, *, tls: ssl.SSLContext | None = None, **options: Any) -> str:
            options.setdefault("process_request", _existing_server_gate)
            # The library's server writes request lines at DEBUG; here only the client's logging is on trial.
            quiet = logging.Logger("quiet", level=logging.CRITICAL + 1)
            server = await stack.enter_async_context(
                serve(
                    handler,
                    "127.0.0.1",
                    0,
                    ssl=tls,
                    logger=quiet,
                    compression=None,
                    close_timeout=0.1,
                    **options,
                )
            )
            port = next(iter(server.sockets)).getsockname()[1]
            return f"http{'s' if tls else ''}://127.0.0.1:{port}"

        yield start


@pytest.fixture(scope="session")
def self_signed(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    """A server's TLS settings with a certificate that nobody vouches for."""
    directory = tmp_path_factory.mktemp("tls")
    key, certificate = directory / "key.pem", directory / "cert.pem"
    make_certificate(key, certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context
