"""Which web pages may use this server. A request without an ``Origin`` is no web page and passes."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from django.http.request import split_domain_port, validate_host


def origin_allowed(origin: str | None, host: str | None, allowed: Iterable[str]) -> bool:
    """Whether a page of ``origin`` may use the server that it reached as ``host`` (the ``Host`` header).

    Its own pages may, those of the listed origins, and any when the list holds ``"*"``.
    """
    if origin is None:
        return True
    permitted = {entry.rstrip("/").lower() for entry in allowed}
    if "*" in permitted or origin.lower() in permitted:
        return True
    try:
        own = urlsplit(origin).netloc.lower()
    except ValueError:  # no browser sends such an origin
        return False
    return bool(host) and own == (host or "").lower()


def host_allowed(host: str | None, allowed: Iterable[str]) -> bool:
    """Whether a WebSocket may be asked for under ``host`` (the ``Host`` header), by Django's rule for HTTP.

    Without it a page whose own name is pointed at this machine (DNS rebinding) would be of the server's origin.
    """
    domain = split_domain_port(host or "")[0]
    return bool(domain) and validate_host(domain, allowed)
