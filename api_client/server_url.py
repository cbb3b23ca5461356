"""The address of a SalesMind server: as typed, and as dialled."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from urllib.parse import SplitResult, urlsplit

from api_client.errors import BadUrl, InvalidParameter
from api_client.harmless import one_line

REALTIME_PATH = "/ws/realtime/"

_SCHEMES = {"http": "http", "https": "https", "ws": "http", "wss": "https"}
# What stands in a query unchanged. The relay does not percent-decode (salesmind-api.md, section 3).
_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]+")
_HOST_LABELS = re.compile(r"(?!-)[\w-]{1,63}(?<!-)(\.(?!-)[\w-]{1,63}(?<!-))*\.?")


def normalise_server_url(text: str) -> str:
    """The base URL that ``text`` means: scheme, host, port and path prefix, without a final slash.

    Without a scheme a loopback address gets ``http://``, any other ``https://``; ``ws``/``wss`` are read as
    ``http``/``https``. Full-width letters, digits and signs, as a Japanese input method writes them, are read as
    the ASCII ones; a name in another script becomes its ASCII form (IDNA), which every library reads alike.
    Raises ``BadUrl`` for an empty or broken address, another scheme, a user name or password, and for a query or
    fragment. The error never quotes the address, which may hold a password.
    """
    stripped = unicodedata.normalize("NFKC", text).strip()
    if not stripped:
        raise _bad_url("it is empty")
    if any(character.isspace() or not character.isprintable() for character in stripped):
        raise _bad_url("it has a space or a control character in it")
    has_scheme = "://" in stripped
    parts, host, port = _split(stripped if has_scheme else f"//{stripped}")
    if has_scheme and parts.scheme not in _SCHEMES:
        raise _bad_url("it must begin with http:// or https://")
    if "@" in parts.netloc:
        raise _bad_url("a user name or password does not belong in it")
    if parts.query or parts.fragment or "?" in stripped or "#" in stripped:
        raise _bad_url("leave out what follows ? or #")
    scheme = _SCHEMES[parts.scheme] if has_scheme else ("http" if is_loopback_host(host) else "https")
    netloc = f"[{host}]" if ":" in host else host
    suffix = "" if port is None else f":{port}"
    return f"{scheme}://{netloc}{suffix}{parts.path.rstrip('/')}"


def is_loopback(server_url: str) -> bool:
    """Whether a normalised ``server_url`` is this machine; it is never reached through a proxy."""
    return is_loopback_host(urlsplit(server_url).hostname or "")


def is_loopback_host(host: str) -> bool:
    """Whether ``host`` (an IPv6 address without brackets) is this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def realtime_url(server_url: str, token: str | None, session_id: str | None = None) -> str:
    """The WebSocket URL of the relay. It holds the token: never show or log it. Without one: to be refused.

    Raises ``BadUrl``, and ``InvalidParameter`` for a token or session id that would need percent-encoding,
    which the relay does not undo.
    """
    base = normalise_server_url(server_url)
    query = [] if token is None else [f"token={_query_value('token', token)}"]
    if session_id is not None:
        query.append(f"session_id={_query_value('session id', session_id)}")
    return f"ws{base.removeprefix('http')}{REALTIME_PATH}{'?' if query else ''}{'&'.join(query)}"


def without_query(url: str) -> str:
    """``url`` for display: without user, password, query and fragment."""
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return "(an unreadable address)"
    return f"{parts.scheme}://{host}{parts.path}" if host else parts.path


def shown_address(typed: str) -> str:
    """A typed address for display in an error: without user, password, query and fragment.

    Unlike ``without_query`` it accepts anything, and cuts at the last ``@`` whatever precedes it.
    """
    before, separator, rest = typed.strip().partition("://")
    scheme = f"{before}://" if separator and before.lower() in _SCHEMES else ""
    place = (rest if separator else before).rpartition("@")[2]
    return one_line(scheme + re.split(r"[?#]", place, maxsplit=1)[0])


def _split(url: str) -> tuple[SplitResult, str, int | None]:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        if ":" in host:
            ipaddress.IPv6Address(host.partition("%")[0])
        else:
            host = host.encode("idna").decode("ascii")
    except (ValueError, UnicodeError):
        raise _bad_url("its host or port cannot be read") from None
    if port == 0 or (":" not in host and not _HOST_LABELS.fullmatch(host)):
        raise _bad_url("its host or port cannot be read")
    return parts, host, port


def _query_value(name: str, value: str) -> str:
    if not _UNRESERVED.fullmatch(value):
        raise InvalidParameter(
            f"The {name} has characters that cannot be sent to the relay.", params={"name": name}
        )
    return value


def _bad_url(hint: str) -> BadUrl:
    return BadUrl(
        f"That is no server address: {hint}. Use one like http://127.0.0.1:8000 or https://salesmind.example.",
        params={"hint": hint},
    )
