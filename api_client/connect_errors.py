"""Failures to reach a server, with the same messages for HTTP and WebSocket."""

from __future__ import annotations

import socket

from api_client.errors import (
    ApiError,
    ApiErrorCode,
    NoTls,
    ProxyFailed,
    ProxyTimeout,
    ServerTimeout,
    ServerUnreachable,
    TlsError,
)
from api_client.names import look_up, name_unknown
from api_client.proxies import Proxy
from api_client.tls import speaks_plain_http, tls_reason


def tls_error(error: BaseException) -> TlsError | None:
    """The TLS failure behind ``error``, if there is one."""
    reason = tls_reason(error)
    if reason is None:
        return None
    if speaks_plain_http(reason):
        return NoTls(
            "The server does not use TLS on that port: use http:// instead of https://, or another port.",
            params={"reason": reason},
        )
    return TlsError(
        f"The server's certificate cannot be trusted ({reason}): "
        "if you know the server and its certificate is self-signed, restart with --insecure.",
        params={"reason": reason},
    )


def proxy_refused(proxy: Proxy, status: int) -> ProxyFailed:
    """The proxy answered our request itself, with an HTTP ``status``."""
    params = {"proxy": proxy.address, "status": str(status), "reason": "proxy"}
    if status == 407:
        return ProxyFailed(
            f"The proxy {proxy.address} requires a user name and password: put them in the proxy's address, "
            "like http://user:password@host:port.",
            code=ApiErrorCode.PROXY_LOGIN,
            params=params,
            status=status,
        )
    if status >= 500:
        return ProxyFailed(
            f"The proxy {proxy.address} cannot reach the server (HTTP {status}): check the address, and that the "
            "server is running.",
            code=ApiErrorCode.PROXY_BAD_GATEWAY,
            params=params,
            status=status,
        )
    return ProxyFailed(
        f"The proxy {proxy.address} refuses the connection (HTTP {status}): ask whoever runs it, or add the server "
        "to NO_PROXY.",
        code=ApiErrorCode.PROXY_REFUSED,
        params=params,
        status=status,
    )


def proxy_unreachable(proxy: Proxy) -> ProxyFailed:
    """Nothing answers at the proxy's address, or it is not a proxy."""
    return ProxyFailed(
        f"The proxy {proxy.address} cannot be reached, or dropped the connection: check HTTP_PROXY, HTTPS_PROXY, "
        "ALL_PROXY and NO_PROXY.",
        code=ApiErrorCode.PROXY_UNREACHABLE,
        params={"proxy": proxy.address, "reason": "proxy"},
    )


async def look_up_host(server_url: str, proxy: Proxy | None) -> None:
    """Check that the host we connect to resolves: the server, or the proxy, which resolves the server itself.

    Raises ``NameUnknown``, ``NameTimeout``, or ``ProxyFailed`` if it is the proxy's name.
    """
    if proxy is None:
        return await look_up(server_url)
    try:
        await look_up(proxy.url)
    except ServerUnreachable:
        pass
    else:
        return None
    raise proxy_unreachable(proxy)


def timeout_error(timeout_s: float, proxy: Proxy | None = None) -> ServerTimeout:
    """No answer within ``timeout_s`` seconds."""
    seconds = f"{timeout_s:g}"
    if proxy is not None:
        return ProxyTimeout(
            f"Neither the proxy {proxy.address} nor the server behind it answered within {seconds} seconds: check "
            "both addresses.",
            params={"seconds": seconds, "proxy": proxy.address},
        )
    return ServerTimeout(
        f"The server did not answer within {seconds} seconds: check the address and the network.",
        params={"seconds": seconds},
    )


def unreachable_error(error: BaseException, host: str, proxy: Proxy | None = None) -> ApiError:
    """A connection to ``host`` that could not be made, or that broke before the answer."""
    if proxy is not None:
        return proxy_unreachable(proxy)
    for cause in _causes(error):
        if isinstance(cause, socket.gaierror):
            return name_unknown(host)
        if isinstance(cause, ConnectionRefusedError):
            return ServerUnreachable(
                "Nothing answers at that address: check the port, and that the server is running.",
                params={"reason": "refused"},
            )
    return ServerUnreachable(
        "The server cannot be reached, or dropped the connection: check the address and the network.",
        params={"reason": "broken"},
    )


def _causes(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    pending: list[BaseException | None] = [error]
    while pending:
        cause = pending.pop()
        if cause is None or any(cause is known for known in found):
            continue
        found.append(cause)
        # asyncio raises a group-like OSError when all addresses of a name fail: look inside as well.
        pending += [*getattr(cause, "exceptions", ()), cause.__context__, cause.__cause__]
    return found
