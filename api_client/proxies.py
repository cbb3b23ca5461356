"""Which HTTP proxy to use for a server: one answer for REST and WebSocket.

httpx and websockets each read the environment differently: ``ALL_PROXY`` and ``host:port`` without a scheme
work for one and not the other, and either may fail on an entry of ``NO_PROXY``. So it is read here, as curl
reads it, and both are told.
"""

from __future__ import annotations

import functools
import ipaddress
import logging
import re
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, unquote, urlsplit

from api_client.errors import ProxyUnusable
from api_client.harmless import one_line
from api_client.server_url import is_loopback_host

_log = logging.getLogger(__name__)

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_HOST = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?")
_DEFAULT_PORTS = {"http": 80, "https": 443}

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Proxy:
    """The proxy to use. ``repr`` leaves its user and password out."""

    url: str = field(repr=False)
    """For the libraries: user and password in it are percent-encoded."""
    address: str
    """``host:port``, for display."""


@dataclass(frozen=True, slots=True)
class Exemption:
    """One valid entry of ``NO_PROXY``: a name with its subdomains, or a network; ``port`` None: any."""

    name: str | None = None
    network: Network | None = None
    port: int | None = None

    def covers(self, host: str, port: int) -> bool:
        """Whether a server at ``host`` (lower case, an IPv6 address without brackets) bypasses the proxy."""
        if self.port is not None and self.port != port:
            return False
        if self.network is None:
            return self.name == "*" or host == self.name or host.endswith(f".{self.name}")
        try:
            return ipaddress.ip_address(host.partition("%")[0]) in self.network
        except ValueError:
            return False


def proxy_for(server_url: str, settings: Mapping[str, str] | None = None) -> Proxy | None:
    """The proxy for a normalised ``server_url``; None: connect directly, as always for this machine.

    ``settings`` are by default those of the environment (or of the system, on macOS and Windows), named as
    ``urllib.request.getproxies`` names them. Raises ``ProxyUnusable``.
    """
    parts = urlsplit(server_url)
    host = (parts.hostname or "").rstrip(".")
    if is_loopback_host(host):
        return None
    found = urllib.request.getproxies() if settings is None else settings
    key = parts.scheme if found.get(parts.scheme) else "all"
    text = found.get(key)
    if not text:
        return None
    port = parts.port or _DEFAULT_PORTS.get(parts.scheme, 0)
    if any(exemption.covers(host, port) for exemption in _exemptions(found.get("no", ""))):
        return None
    if settings is None and _system_bypasses(host):
        return None
    return parse_proxy(text, f"{key.upper()}_PROXY")


def parse_proxy(text: str, variable: str) -> Proxy:
    """Parse ``text``, the value of ``variable``. Raises ``ProxyUnusable``, which never quotes it.

    Special characters in user name and password need no percent-encoding: they end at the last ``@``.
    """
    stripped = text.strip()
    scheme, separator, rest = stripped.partition("://")
    if not separator:
        scheme, rest = "http", stripped
    scheme = scheme.lower()
    if scheme.startswith("socks"):
        raise _unusable(variable, "SOCKS is not supported, an HTTP proxy is needed")
    if scheme not in _DEFAULT_PORTS:
        raise _unusable(variable, "it must begin with http:// or https://")
    credentials, at, place = rest.rpartition("@")
    place = re.split(r"[/?#]", place, maxsplit=1)[0]
    try:
        parts = urlsplit(f"//{place}")
        host, port = (parts.hostname or "").encode("idna").decode("ascii"), parts.port
        if ":" in host:
            ipaddress.IPv6Address(host)
    except (ValueError, UnicodeError):
        raise _unusable(variable, "its host or port cannot be read") from None
    if port == 0 or (":" not in host and not _HOST.fullmatch(host)):
        raise _unusable(variable, "its host or port cannot be read")
    bracketed = f"[{host}]" if ":" in host else host
    address = f"{bracketed}:{_DEFAULT_PORTS[scheme] if port is None else port}"
    user, _, password = credentials.partition(":")
    login = f"{_encoded(user)}:{_encoded(password)}@" if at else ""
    return Proxy(f"{scheme}://{login}{address}", address)


def parse_no_proxy(text: str) -> tuple[tuple[Exemption, ...], tuple[str, ...]]:
    """The valid and the invalid entries of a ``NO_PROXY``, separated by commas or spaces."""
    readable: list[Exemption] = []
    unreadable: list[str] = []
    for entry in re.split(r"[,\s]+", text):
        if not entry:
            continue
        exemption = _exemption(entry)
        if exemption is None:
            unreadable.append(entry)
        else:
            readable.append(exemption)
    return tuple(readable), tuple(unreadable)


@functools.lru_cache(maxsize=8)
def _exemptions(text: str) -> tuple[Exemption, ...]:
    """The valid entries; the others are logged once."""
    readable, unreadable = parse_no_proxy(text)
    for entry in unreadable:
        # What stands before an @ may be a password.
        shown = one_line(entry.rpartition("@")[2])
        _log.warning("NO_PROXY: the entry %s cannot be read and is ignored.", shown)
    return readable


def _exemption(entry: str) -> Exemption | None:
    if entry == "*":
        return Exemption(name="*")
    place = _SCHEME.sub("", entry, count=1).rstrip("/").lower()
    network = _network(place)
    if network is not None:
        return Exemption(network=network)
    if match := re.fullmatch(r"(.+):(\d{1,5})", place):
        host, port = match[1], int(match[2])
        network = _network(host)
    else:
        host, port = place, None
    name = host.removeprefix("*").removeprefix(".").rstrip(".")
    if network is None:
        try:
            name = name.encode("idna").decode("ascii")
        except UnicodeError:
            return None
        if not _HOST.fullmatch(name):
            return None
    if port is not None and not 1 <= port <= 65_535:
        return None
    return Exemption(name=None if network else name, network=network, port=port)


def _network(text: str) -> Network | None:
    """The network or single address in ``text``, with or without brackets."""
    address, slash, bits = text.partition("/")
    if address.startswith("[") and address.endswith("]"):
        address = address[1:-1]
    try:
        return ipaddress.ip_network(f"{address}{slash}{bits}", strict=False)
    except ValueError:
        return None


def _system_bypasses(host: str) -> bool:
    """Whether the macOS or Windows settings bypass the proxy, if no variable is set."""
    return not urllib.request.getproxies_environment() and bool(urllib.request.proxy_bypass(host))


def _encoded(text: str) -> str:
    return quote(unquote(text, errors="surrogateescape"), safe="", errors="surrogateescape")


def _unusable(variable: str, hint: str) -> ProxyUnusable:
    return ProxyUnusable(
        f"{variable} names a proxy that cannot be used: {hint}. Write it like http://proxy.example:8080.",
        params={"variable": variable, "hint": hint, "reason": "proxy"},
    )
