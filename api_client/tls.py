"""Certificates: verified against the system's CAs, unless the operator chose otherwise."""

from __future__ import annotations

import ssl


def client_ssl_context(*, insecure: bool) -> ssl.SSLContext:
    """The TLS settings of every connection of this room. ``insecure`` accepts any certificate."""
    context = ssl.create_default_context()
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif context.cert_store_stats()["x509_ca"] == 0:
        # Slim images and python.org's macOS build have no authorities of their own.
        import certifi

        context.load_verify_locations(certifi.where())
    return context


def tls_reason(error: BaseException) -> str | None:
    """Why TLS failed, if it did: looks through the causes of ``error``."""
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        if isinstance(cause, ssl.SSLCertVerificationError):
            return cause.verify_message or "certificate verify failed"
        if isinstance(cause, ssl.SSLError):
            return (cause.reason or "TLS failed").replace("_", " ").lower()
        cause = cause.__cause__ or cause.__context__
    return None


def speaks_plain_http(reason: str) -> bool:
    """Whether ``reason`` means that the port does not use TLS at all."""
    return reason in {"wrong version number", "record layer failure", "http request"}
