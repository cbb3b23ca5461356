"""Which web pages may use this server. A request without an ``Origin`` is no web page and passes."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit


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
