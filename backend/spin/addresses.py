"""From which address a request comes, for the limits that hold for each address."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.http import HttpRequest

NOWHERE = ""
"""A Unix socket without a proxy's word for the client: there is nothing to tell apart."""


def canonical(text: str) -> str:
    """One name for all addresses that one client can choose from: an IPv6 host has a whole /64."""
    try:
        address = ipaddress.ip_address(text.strip().strip("[]").partition("%")[0])
    except ValueError:
        return NOWHERE
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, 64), strict=False))


def client_address(peer: str | None, forwarded_for: str, behind_proxy: bool) -> str:
    """The client's canonical address; ``NOWHERE`` where it is not known.

    Behind a proxy it is the last entry of ``X-Forwarded-For``, the one that the proxy itself has added; those
    before it are whatever the client wrote.
    """
    if behind_proxy and forwarded_for:
        return canonical(forwarded_for.rpartition(",")[2])
    return canonical(peer or "")


def of_request(request: HttpRequest) -> str:
    """Where an HTTP request comes from."""
    forwarded_for = request.META.get("HTTP_X_FORWARDED_FOR", "")
    return client_address(request.META.get("REMOTE_ADDR"), forwarded_for, settings.BEHIND_PROXY)


def of_scope(scope: Mapping[str, Any]) -> str:
    """Where an ASGI connection comes from."""
    forwarded_for = ",".join(
        bytes(value).decode("latin-1")
        for name, value in scope["headers"]
        if bytes(name).lower() == b"x-forwarded-for"
    )
    peer = scope.get("client")
    return client_address(peer[0] if peer else None, forwarded_for, settings.BEHIND_PROXY)
