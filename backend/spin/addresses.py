"""The client address of a request, for the per-address limits."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.http import HttpRequest

NOWHERE = ""
"""A Unix socket without a proxy header: clients cannot be told apart."""


def canonical(text: str) -> str:
    """One name for all addresses that a client can choose from: an IPv6 host has a whole /64."""
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
    """The client's canonical address; ``NOWHERE`` if unknown.

    Behind a proxy it is the last entry of ``X-Forwarded-For``, which the proxy itself added; those
    before it are up to the client.
    """
    if behind_proxy and forwarded_for:
        return canonical(forwarded_for.rpartition(",")[2])
    return canonical(peer or "")


def of_request(request: HttpRequest) -> str:
    """The address of an HTTP request's client."""
    forwarded_for = request.META.get("HTTP_X_FORWARDED_FOR", "")
    return client_address(request.META.get("REMOTE_ADDR"), forwarded_for, settings.BEHIND_PROXY)


def of_scope(scope: Mapping[str, Any]) -> str:
    """The address of an ASGI connection's client."""
    forwarded_for = ",".join(
        bytes(value).decode("latin-1")
        for name, value in scope["headers"]
        if bytes(name).lower() == b"x-forwarded-for"
    )
    peer = scope.get("client")
    return client_address(peer[0] if peer else None, forwarded_for, settings.BEHIND_PROXY)
