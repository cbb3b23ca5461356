"""Why a connection ended, and whether to reconnect."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from api_client.close_codes import CloseCode
from api_client.error_codes import ErrorMeaning
from api_client.errors import (
    ApiError,
    ApiErrorCode,
    ServerTimeout,
)
from api_client.realtime import RealtimeConnection
from relay.codes import RelayCode
from relay.link.server_errors import ServerErrors

Kind = Literal["stopped", "asked", "closed", "lost", "refused", "timeout"]
"""stopped: by our own wish; asked: for a new one; closed: normally, by the server; refused: dialling or
configuring failed."""

_HOPELESS = frozenset(
    {
        ApiErrorCode.BAD_URL,
        ApiErrorCode.INVALID_PARAMETER,
        ApiErrorCode.PROXY_UNUSABLE,
        ApiErrorCode.PROXY_REFUSED,
        ApiErrorCode.PROXY_LOGIN,
        ApiErrorCode.TLS_ERROR,
        ApiErrorCode.NO_TLS,
        ApiErrorCode.UNEXPECTED_REDIRECT,
        ApiErrorCode.REDIRECTED_AWAY,
        ApiErrorCode.UNEXPECTED_ANSWER,
        ApiErrorCode.REALTIME_BAD_TOKEN,
        ApiErrorCode.REALTIME_WRONG_PATH,
        ApiErrorCode.REALTIME_REFUSED,
        ApiErrorCode.NOT_AUTHENTICATED,
        ApiErrorCode.FORBIDDEN,
        ApiErrorCode.NOT_FOUND,
    }
)
"""Errors that a retry would meet again."""
_FINAL_STATUSES = frozenset({501, 505, 511})
"""HTTP 5xx statuses that waiting does not change: not provided, or the network requires a login."""


@dataclass(frozen=True, slots=True)
class Ending:
    """One connection's end. ``code`` and ``message`` are those of a ``Problem``."""

    kind: Kind
    retry: bool
    code: str
    message: str
    close_code: int | None = None
    reason: str | None = None
    """The server's words for the close."""
    params: dict[str, str] = field(default_factory=dict)
    wait_s: float = 0.0
    """The pause that the server asked for, in seconds."""
    told: bool = False
    """The problem is already in the stream, as a server error."""
    other_dialect: bool = False
    """Worth a try in the other dialect, if this one was a guess."""


STOPPED = Ending("stopped", False, "stopped", "The conversation was ended.")
ASKED = Ending("asked", True, "reconnect", "A new connection was asked for.")


def after_error(error: ApiError, *, served: bool = False) -> Ending:
    """Dialling failed; ``served``: this address has held this conversation before."""
    return Ending(
        "timeout" if isinstance(error, ServerTimeout) else "refused",
        worth_retrying(error, served=served),
        error.code,
        str(error),
        params={**error.params, "said": error.summary} if error.summary else error.params,
        wait_s=getattr(error, "retry_after_s", None) or 0.0,
    )


def worth_retrying(error: ApiError, *, served: bool = False) -> bool:
    """Whether the same request may succeed later; ``served``: it has succeeded before."""
    if served and error.status is not None and error.status >= 500:
        return error.status not in _FINAL_STATUSES
    return error.code not in _HOPELESS


def after_close(socket: RealtimeConnection, errors: ServerErrors) -> Ending:
    """The other side closed the socket; a preceding error says more than the close code."""
    code = socket.close_code
    meaning = socket.meaning
    reason = socket.close_reason or None
    said = errors.verdict
    if said is not None and said.fatal:
        return Ending("lost", said.retry, said.code, said.message, code, reason, told=True)
    if meaning is None:
        return Ending("lost", True, ApiErrorCode.CONNECTION_LOST, "The connection is lost.", code, reason)
    if meaning.code == CloseCode.NORMAL:
        return Ending(
            "closed", False, RelayCode.CLOSED_BY_SERVER, "The server ended the conversation.", code, reason
        )
    # A relay that announces an error and closes with a code of its own means that error.
    told = errors.last is not None and meaning.code in (CloseCode.UPSTREAM_LOST, CloseCode.UPSTREAM_REFUSED)
    return Ending("lost", meaning.retry, meaning.code, meaning.message, code, reason, told=told)


def after_verdict(verdict: ErrorMeaning) -> Ending:
    """The server reported an error that ends this connection, but has not closed it."""
    return Ending("lost", verdict.retry, verdict.code, verdict.message, told=True)


def created_timeout(seconds: float) -> Ending:
    """The server accepted the socket but sent no ``session.created``."""
    message = (
        f"The server accepted the connection but sent no session.created within {seconds:.0f} s: "
        "its upstream is probably not reachable."
    )
    params = {"seconds": f"{seconds:.0f}"}
    return Ending("timeout", True, RelayCode.SESSION_CREATED_TIMEOUT, message, params=params)


def updated_timeout(seconds: float) -> Ending:
    """The server did not confirm the configuration."""
    message = (
        f"The server did not answer session.update with session.updated within {seconds:.0f} s, "
        "so no audio was sent."
    )
    params = {"seconds": f"{seconds:.0f}"}
    return Ending(
        "timeout", True, RelayCode.SESSION_UPDATED_TIMEOUT, message, params=params, other_dialect=True
    )


def refused_update(error: ErrorMeaning) -> Ending:
    """The server refused the configuration."""
    words = error.message
    message = f"The server refused the session's configuration: {words}"
    return Ending("refused", False, RelayCode.SESSION_UPDATE_REFUSED, message, other_dialect=True)
