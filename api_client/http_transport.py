"""httpx without its command line, and its exceptions as ours.

``httpx/__init__`` imports ``httpx._main`` for its own console script, and with it click, rich and pygments
where they are installed. Kept out, ``import httpx`` took 0.14 s and 23 MB instead of 0.23 s and 29 MB (httpx
0.28.1, CPython 3.11, whole process), and the rooms below ``tui`` stay free of rich. httpx itself takes a
failing import there for "the command line is not installed".
"""

from __future__ import annotations

import asyncio
import logging
import re
import ssl
import sys
import time
from typing import Any
from urllib.parse import urlsplit

import msgspec

from api_client.connect_errors import (
    look_up_host,
    proxy_refused,
    proxy_unreachable,
    timeout_error,
    tls_error,
    unreachable_error,
)
from api_client.errors import ApiError, InvalidParameter, UnexpectedAnswer
from api_client.proxies import proxy_for
from api_client.tls import client_ssl_context

_COMMAND_LINE = "httpx._main"
_blocked = _COMMAND_LINE not in sys.modules
if _blocked:
    sys.modules[_COMMAND_LINE] = None  # type: ignore[assignment]  # None makes importing it fail
try:
    import httpx
finally:
    if _blocked:
        del sys.modules[_COMMAND_LINE]

# At DEBUG httpcore writes whole response headers (cookies, redirects) and illegal request headers to its logs.
for _name in ("connection", "http11", "http2", "proxy", "socks"):
    logging.getLogger(f"httpcore.{_name}").setLevel(logging.WARNING)

KEEP_ALIVE_S = 3.0
"""Idle connections are dropped before uvicorn does so after 5 s; otherwise a poll would sometimes hit the close."""
USER_AGENT = "SalesMind-Console"


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A complete answer. ``round_trip_ms``: request's first byte to body's last, connecting left out."""

    status: int
    body: bytes
    location: str | None
    retry_after: str | None
    round_trip_ms: float


class _RequestClock:
    """Times a request from its first byte sent, so that a new connection and a kept one compare."""

    def __init__(self) -> None:
        self._began = time.perf_counter()

    async def trace(self, name: str, _: dict[str, Any]) -> None:
        """httpx's trace extension calls this at each step."""
        if name.endswith("send_request_headers.started"):
            self._began = time.perf_counter()

    def elapsed_ms(self) -> float:
        """Since then, in ms."""
        return (time.perf_counter() - self._began) * 1000


class HttpTransport:
    """One server's HTTP connections. Raises only ``ApiError``; never follows a redirect."""

    def __init__(self, server_url: str, *, insecure: bool, language: str) -> None:
        """Raises ``ProxyUnusable``. ``server_url`` is normalised."""
        self._proxy = proxy_for(server_url)
        self._server_url = server_url
        self._client = httpx.AsyncClient(
            base_url=server_url,
            verify=_ssl_context(server_url, insecure=insecure),
            headers={
                "Accept": "application/json",
                "Accept-Language": language,
                "User-Agent": USER_AGENT,
            },
            proxy=None if self._proxy is None else self._proxy.url,
            # Proxies are read by ``proxies``; a .netrc would replace our token.
            trust_env=False,
            follow_redirects=False,
            limits=httpx.Limits(max_connections=10, keepalive_expiry=KEEP_ALIVE_S),
        )

    async def request(
        self,
        method: str,
        path: str,
        *,
        token: str | None,
        timeout_s: float,
        json: bytes | None = None,
        scheme: str = "Token",
    ) -> Answer:
        """Send one request and read the whole answer within ``timeout_s`` seconds, all told.

        ``scheme`` is that of the ``Authorization`` header which carries ``token``.
        """
        headers = {"Content-Type": "application/json"} if json is not None else {}
        if token is not None:
            headers["Authorization"] = f"{scheme} {_header_value(token)}"
        failure: ApiError
        clock = _RequestClock()
        try:
            # httpx's own limits are per read: a server that drips would never meet them.
            async with asyncio.timeout(timeout_s):
                await look_up_host(self._server_url, self._proxy)
                response = await self._client.request(
                    method,
                    path,
                    content=json,
                    headers=headers,
                    timeout=timeout_s,
                    extensions={"trace": clock.trace},
                )
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            failure = self._as_api_error(error, timeout_s)
        else:
            if self._proxy is not None and self._is_from_proxy(response):
                raise proxy_refused(self._proxy, response.status_code)
            return Answer(
                status=response.status_code,
                body=response.content,
                location=response.headers.get("location"),
                retry_after=response.headers.get("retry-after"),
                round_trip_ms=clock.elapsed_ms(),
            )
        # Outside the except block, so that nothing chained to it holds the request and its headers.
        raise failure

    def _as_api_error(self, error: Exception, timeout_s: float) -> ApiError:
        proxy = self._proxy
        if isinstance(error, (httpx.TimeoutException, TimeoutError)):
            return timeout_error(timeout_s, proxy)
        if isinstance(error, httpx.ProxyError) and proxy is not None:
            # The library says nothing but "407 Proxy Authentication Required".
            status = re.match(r"[345]\d\d\b", str(error))
            return proxy_unreachable(proxy) if status is None else proxy_refused(proxy, int(status[0]))
        if isinstance(error, httpx.DecodingError):
            return UnexpectedAnswer("The server's answer is damaged.", params={"reason": "encoding"})
        return tls_error(error) or unreachable_error(error, urlsplit(self._server_url).hostname or "", proxy)

    def _is_from_proxy(self, response: httpx.Response) -> bool:
        """Whether the proxy, which passes on requests to ``http://``, seems to have answered this one itself."""
        if self._server_url.startswith("https:"):
            return False
        page = "json" not in response.headers.get("content-type", "")
        return response.status_code == 407 or (page and response.status_code in (403, 502, 503, 504))

    async def aclose(self) -> None:
        """Close all connections."""
        await self._client.aclose()


def _ssl_context(server_url: str, *, insecure: bool) -> ssl.SSLContext:
    if server_url.startswith("https:"):
        return client_ssl_context(insecure=insecure)
    # httpx wants one even for plain HTTP; loading the authorities for it would hold the caller up for 30 ms.
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _header_value(token: str) -> str:
    # Checked here, because the libraries below quote what they refuse.
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise InvalidParameter("The token has characters that cannot be sent.", params={"name": "token"})
    return token
