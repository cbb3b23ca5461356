"""Failures to reach a server, told apart; the same words for HTTP and WebSocket."""

from __future__ import annotations

import socket

from api_client.errors import ApiError, NoTls, ServerTimeout, ServerUnreachable, TlsError
from api_client.tls import speaks_plain_http, tls_reason


def tls_error(error: BaseException) -> TlsError | None:
    """The TLS failure behind ``error``, if there is one."""
    reason = tls_reason(error)
    if reason is None:
        return None
    if speaks_plain_http(reason):
        return NoTls(
            "The server does not speak TLS on that port: use http:// instead of https://, or another port.",
            params={"reason": reason},
        )
    return TlsError(
        f"The server's certificate cannot be trusted ({reason}): "
        "if you know the server and its certificate is self-signed, start again with --insecure.",
        params={"reason": reason},
    )


def proxy_error() -> ServerUnreachable:
    """A proxy stands between, and refuses or cannot be used. Its address is left out: it may hold a password."""
    return ServerUnreachable(
        "The proxy does not let us through: check HTTP_PROXY, HTTPS_PROXY and NO_PROXY.",
        params={"reason": "proxy"},
    )


def timeout_error(timeout_s: float) -> ServerTimeout:
    """No answer within ``timeout_s`` seconds."""
    return ServerTimeout(
        f"The server did not answer within {timeout_s:g} seconds: check the address and the network.",
        params={"seconds": f"{timeout_s:g}"},
    )


def unreachable_error(error: BaseException) -> ApiError:
    """A connection that could not be made, or that broke before the answer."""
    for cause in _causes(error):
        if isinstance(cause, socket.gaierror):
            return ServerUnreachable(
                "The server's name is not known: check the spelling of the address and the network.",
                params={"reason": "name_unknown"},
            )
        if isinstance(cause, ConnectionRefusedError):
            return ServerUnreachable(
                "Nothing answers at that address: check the port, and that the server is running.",
                params={"reason": "refused"},
            )
    return ServerUnreachable(
        "The server cannot be reached, or broke the connection off: check the address and the network.",
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
