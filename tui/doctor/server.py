"""The way to the server, the login, and the speech service behind it."""

from __future__ import annotations

import asyncio
import ssl
import time
import urllib.request
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from api_client.errors import ApiError, BadCredentials
from api_client.harmless import one_line
from api_client.rest import SalesMindClient
from api_client.server_url import is_loopback, normalise_server_url
from tui import i18n
from tui.doctor.conversation import check_conversation
from tui.doctor.finding import Finding
from tui.i18n import _
from tui.wording.errors import of_error

TIMEOUT_S = 10.0
SKEW_S = 30.0
"""Seconds; a larger difference makes certificates and timestamps unreliable."""
EXPIRY_DAYS = 14


@dataclass(frozen=True, slots=True)
class ServerLogin:
    """Server and credentials. ``repr`` leaves the password out."""

    server_url: str
    username: str = ""
    password: str | None = field(default=None, repr=False)
    insecure: bool = False


async def check_server(login: ServerLogin, *, speak: bool = False) -> AsyncIterator[Finding]:
    """From the address to the speech service; skips what depends on a failed check.

    ``speak``: play one sample recording and wait for the answer.
    """
    try:
        url = normalise_server_url(login.server_url)
    except ApiError as error:
        yield Finding("server", _("Server"), "failed", one_line(login.server_url), of_error(error))
        return
    yield _proxy(url)
    health = await _health(url, login)
    yield health
    yield await _tls(url, login)
    if health.state == "failed":
        missing = _("the server does not answer")
        yield Finding("clock", _("Clock"), "not_tried", missing)
        yield Finding("login", _("Login"), "not_tried", missing)
        token = None
    else:
        yield await _clock(url, login)
        finding, token = await _login(url, login)
        yield finding
    if token is None:
        missing = _("nobody is logged in")
        yield Finding("websocket", "WebSocket", "not_tried", missing)
        yield Finding("upstream", _("Speech service"), "not_tried", missing)
        return
    for finding in await check_conversation(url, token, insecure=login.insecure, speak=speak):
        yield finding


def _proxy(url: str) -> Finding:
    title = _("Proxy")
    parts = urlsplit(url)
    if is_loopback(url) or urllib.request.proxy_bypass(parts.hostname or ""):
        return Finding("proxy", title, "ok", _("not used for this address"))
    proxies = urllib.request.getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if proxy is None:
        return Finding("proxy", title, "ok", _("none is set"))
    named = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    mend = _("To bypass it for this server, add {host} to NO_PROXY.").format(host=parts.hostname)
    return Finding("proxy", title, "warning", one_line(f"{named.hostname}:{named.port or 80}"), mend)


async def _health(url: str, login: ServerLogin) -> Finding:
    title = _("Server")
    try:
        async with SalesMindClient(
            url, insecure=login.insecure, timeout_s=TIMEOUT_S, language=i18n.language()
        ) as client:
            health = await client.health()
    except ApiError as error:
        mend = _("Start one here with `salesmind serve`, or use another one: --server URL.")
        return Finding("server", title, "failed", f"{url}: {of_error(error)}", mend)
    found = _("{url}: {status}, {ms:.0f} ms").format(
        url=url, status=one_line(health.status), ms=health.round_trip_ms
    )
    if health.status != "ok":
        return Finding("server", title, "warning", found, _("See the server's log."))
    return Finding("server", title, "ok", found)


async def _tls(url: str, login: ServerLogin) -> Finding:
    parts = urlsplit(url)
    if parts.scheme == "http":
        if is_loopback(url):
            return Finding("tls", "TLS", "ok", _("not needed: the server is on this machine"))
        mend = _("The password and the conversation travel unencrypted. Use https://.")
        return Finding("tls", "TLS", "warning", _("not used"), mend)
    try:
        return await asyncio.wait_for(_certificate(parts.hostname or "", parts.port or 443, login), TIMEOUT_S)
    except ssl.SSLError as error:
        reason = getattr(error, "verify_message", "") or error.reason or str(error)
        mend = _("Install the CA that signed it. If you trust the server anyway, use --insecure.")
        return Finding("tls", "TLS", "failed", one_line(str(reason)), mend)
    except (OSError, TimeoutError):
        return Finding("tls", "TLS", "not_tried", _("no direct connection (a proxy may be needed)"))


async def _certificate(host: str, port: int, login: ServerLogin) -> Finding:
    from api_client.tls import client_ssl_context

    _reader, writer = await asyncio.open_connection(
        host, port, ssl=client_ssl_context(insecure=login.insecure)
    )
    try:
        tls = writer.get_extra_info("ssl_object")
        certificate = tls.getpeercert() or {}
        version = str(tls.version())
    finally:
        writer.close()
    if login.insecure:
        mend = _("Drop --insecure as soon as the certificate can be verified.")
        return Finding("tls", "TLS", "warning", _("{version}, not verified").format(version=version), mend)
    days = int((ssl.cert_time_to_seconds(str(certificate["notAfter"])) - time.time()) // 86_400)
    found = _("{version}, certificate valid for {days} more days").format(version=version, days=days)
    if days < EXPIRY_DAYS:
        return Finding("tls", "TLS", "warning", found, _("Have the certificate renewed."))
    return Finding("tls", "TLS", "ok", found)


async def _clock(url: str, login: ServerLogin) -> Finding:
    """The server's clock against ours, from a response's Date header: accurate to a second."""
    import httpx

    from api_client.tls import client_ssl_context

    title = _("Clock")
    try:
        context = client_ssl_context(insecure=login.insecure)
        trust = not is_loopback(url)
        async with httpx.AsyncClient(verify=context, trust_env=trust, timeout=TIMEOUT_S) as client:
            answer = await client.get(f"{url}/api/health/")
        sent = parsedate_to_datetime(answer.headers["date"])
    except (httpx.HTTPError, httpx.InvalidURL, KeyError, ValueError, TypeError):
        return Finding("clock", title, "not_tried", _("the server's answers have no date"))
    skew = time.time() - sent.timestamp()
    found = _("differs by {seconds:.0f} s from the server's").format(seconds=abs(skew))
    if abs(skew) > SKEW_S:
        return Finding("clock", title, "warning", found, _("Correct whichever clock is wrong (NTP)."))
    return Finding("clock", title, "ok", found)


async def _login(url: str, login: ServerLogin) -> tuple[Finding, str | None]:
    title = _("Login")
    if not login.username or login.password is None:
        mend = _("Give --username and set {variable}.").format(variable="SALESMIND_PASSWORD")
        return Finding("login", title, "not_tried", _("no account was given"), mend), None
    try:
        async with SalesMindClient(
            url, insecure=login.insecure, timeout_s=TIMEOUT_S, language=i18n.language()
        ) as client:
            answer = await client.login(login.username, login.password)
    except ApiError as error:
        mend = _("Try it in the console.") if isinstance(error, BadCredentials) else ""
        return Finding("login", title, "failed", of_error(error), mend), None
    return Finding("login", title, "ok", one_line(answer.user.username)), answer.token
