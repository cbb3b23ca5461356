"""Who may open the relay, on which session. Everything is checked after the socket was accepted.

A refusal before that would be a bare HTTP 403 and its close code would never arrive (salesmind-api, section 3).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from channels.db import database_sync_to_async
from django.conf import settings

from backend.spin import addresses
from backend.spin.authentication import user_of_token
from backend.spin.close_codes import CloseCode
from backend.spin.models import Session
from backend.spin.origins import host_allowed, origin_allowed


class Refused(Exception):
    """The connection is refused. ``code`` is the error event's, ``close_code`` the socket's."""

    def __init__(self, close_code: CloseCode, code: str) -> None:
        super().__init__(code)
        self.close_code = close_code
        self.code = code


@dataclass(frozen=True, slots=True)
class Handshake:
    """The relevant parts of the upgrade request. ``repr`` leaves the token out."""

    token: str | None = field(repr=False)
    session_id: str | None
    origin: str | None
    host: str | None
    accept_language: str
    address: str
    """Canonical, or "" (``backend.spin.addresses``)."""


@dataclass(frozen=True, slots=True)
class Admission:
    """The account and the session (None: a conversation outside any session)."""

    token: str = field(repr=False)
    user_id: int
    username: str
    session_id: uuid.UUID | None

    @property
    def session_label(self) -> str:
        """The session's name in the log and the stub: its id, or ``new`` without one."""
        return str(self.session_id) if self.session_id else "new"


def read_handshake(scope: dict[str, Any]) -> Handshake:
    """The handshake of an ASGI scope. A token in the header takes precedence over one in the query."""
    headers = {name.lower(): value.decode("latin-1") for name, value in _pairs(scope["headers"])}
    query = dict(parse_qsl(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True))
    return Handshake(
        token=_header_token(headers.get(b"authorization")) or query.get("token") or None,
        session_id=query.get("session_id") or None,
        origin=headers.get(b"origin"),
        host=headers.get(b"host"),
        accept_language=headers.get(b"accept-language", ""),
        address=addresses.of_scope(scope),
    )


def _pairs(headers: Iterable[Any]) -> Iterable[tuple[bytes, bytes]]:
    return ((bytes(name), bytes(value)) for name, value in headers)


def _header_token(value: str | None) -> str | None:
    scheme, _, token = (value or "").partition(" ")
    return token.strip() if scheme.lower() == "token" and token.strip() else None


async def admit(handshake: Handshake) -> Admission:
    """Admit the connection. Raises ``Refused``."""
    if not host_allowed(handshake.host, settings.ALLOWED_HOSTS):
        raise Refused(CloseCode.FORBIDDEN_ORIGIN, "host_not_allowed")
    if not origin_allowed(handshake.origin, handshake.host, settings.SALESMIND_ALLOWED_ORIGINS):
        raise Refused(CloseCode.FORBIDDEN_ORIGIN, "origin_not_allowed")
    if not handshake.token:
        raise Refused(CloseCode.UNAUTHENTICATED, "token_missing")
    session_id = _parse_session_id(handshake.session_id)
    admitted: Admission = await database_sync_to_async(_look_up)(
        handshake.token, session_id, handshake.session_id
    )
    return admitted


def _parse_session_id(text: str | None) -> uuid.UUID | None:
    try:
        return uuid.UUID(text) if text else None
    except ValueError:
        return None


def _look_up(token: str, session_id: uuid.UUID | None, written: str | None) -> Admission:
    user = user_of_token(token)
    if user is None:
        raise Refused(CloseCode.UNAUTHENTICATED, "token_invalid")
    if written and session_id is None:
        raise Refused(CloseCode.MALFORMED, "session_id_malformed")
    if session_id is not None:
        status = Session.objects.filter(pk=session_id, user=user).values_list("status", flat=True).first()
        if status is None:
            raise Refused(CloseCode.UNKNOWN_SESSION, "session_not_found")
        if status == Session.Status.FINISHED:
            raise Refused(CloseCode.SESSION_FINISHED, "session_finished")
    return Admission(token=token, user_id=user.pk, username=user.username, session_id=session_id)
