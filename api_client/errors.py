"""What can go wrong between the console and a SalesMind server, each with a stable code.

``code`` is for programs (and for the translated wording in ``tui``), ``str(error)`` is one English sentence
that says what to do. No error holds a token, a password or a URL with a query.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TypedDict, Unpack


class ApiErrorCode(StrEnum):
    """Stable error codes: codes may be added, none is renamed."""

    BAD_URL = "bad_url"
    INVALID_PARAMETER = "invalid_parameter"
    NOT_TEXT = "not_text"
    SERVER_UNREACHABLE = "server_unreachable"
    NAME_UNKNOWN = "name_unknown"
    NAME_TIMEOUT = "name_timeout"
    SERVER_TIMEOUT = "server_timeout"
    PROXY_UNUSABLE = "proxy_unusable"
    PROXY_UNREACHABLE = "proxy_unreachable"
    PROXY_REFUSED = "proxy_refused"
    PROXY_LOGIN = "proxy_login"
    PROXY_BAD_GATEWAY = "proxy_bad_gateway"
    PROXY_TIMEOUT = "proxy_timeout"
    TLS_ERROR = "tls_error"
    NO_TLS = "no_tls"
    UNEXPECTED_REDIRECT = "unexpected_redirect"
    REDIRECTED_AWAY = "redirected_away"
    BAD_CREDENTIALS = "bad_credentials"
    ACCOUNT_REFUSED = "account_refused"
    EMAIL_NOT_VERIFIED = "email_not_verified"
    NOT_AUTHENTICATED = "not_authenticated"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    VALIDATION_FAILED = "validation_failed"
    RATE_LIMITED = "rate_limited"
    SERVER_FAULT = "server_fault"
    UNEXPECTED_ANSWER = "unexpected_answer"
    BOX_UNKNOWN = "box_unknown"
    BOX_SECRET_WRONG = "box_secret_wrong"  # noqa: S105 (a code, not a secret)
    BOX_FULL = "box_full"
    VISIT_OVER = "visit_over"
    REALTIME_BAD_TOKEN = "realtime_bad_token"  # noqa: S105 (a code, not a token)
    REALTIME_WRONG_PATH = "realtime_wrong_path"
    REALTIME_REFUSED = "realtime_refused"
    SEND_STALLED = "send_stalled"
    CONNECTION_LOST = "connection_lost"


class Said(TypedDict, total=False):
    """Optional fields of every error; see ``ApiError``."""

    status: int | None
    summary: str | None
    params: dict[str, str] | None


PASSING_STATUSES = frozenset({408, 421, 425, 502, 503, 504, 507, *range(520, 531)})
"""HTTP statuses that say nothing about the request: from a gateway, or a server that is busy or starting."""


class ApiError(Exception):
    """Base of all errors of this room.

    ``status`` is the HTTP status when the server answered, ``summary`` the server's own words (in its
    language; to show, never to match on), ``params`` what a translated sentence needs.
    """

    code: ApiErrorCode = ApiErrorCode.UNEXPECTED_ANSWER

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        summary: str | None = None,
        params: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.summary = summary
        self.params: dict[str, str] = params or {}


class BadUrl(ApiError):
    """The server's address cannot be used. ``params``: ``hint``."""

    code = ApiErrorCode.BAD_URL


class InvalidParameter(ApiError):
    """A token or session id that cannot be put in the relay's query, which is not percent-decoded."""

    code = ApiErrorCode.INVALID_PARAMETER


class NotText(InvalidParameter):
    """The text to be sent cannot be encoded as UTF-8. ``params``: ``name``, the field or option."""

    code = ApiErrorCode.NOT_TEXT


class ServerUnreachable(ApiError):
    """Nothing listens there, the name is unknown, or the connection broke before an answer."""

    code = ApiErrorCode.SERVER_UNREACHABLE


class NameUnknown(ServerUnreachable):
    """The host's name does not resolve. ``params``: ``host``."""

    code = ApiErrorCode.NAME_UNKNOWN


class NameTimeout(ServerUnreachable):
    """Resolving the host's name took too long. ``params``: ``host``, ``seconds``."""

    code = ApiErrorCode.NAME_TIMEOUT


class ProxyFailed(ServerUnreachable):
    """The proxy from the environment failed. ``params``: ``proxy`` (``host:port``), mostly ``status``.

    ``code`` is ``proxy_login`` for 407, ``proxy_bad_gateway`` if the proxy cannot reach the server,
    ``proxy_unreachable`` if nothing answers as the proxy, otherwise ``proxy_refused``.
    """

    def __init__(
        self, message: str, *, code: ApiErrorCode, params: dict[str, str], status: int | None = None
    ) -> None:
        super().__init__(message, params=params, status=status)
        self.code = code


class ProxyUnusable(ServerUnreachable):
    """The environment names a proxy that cannot be used; its value is not quoted.

    ``params``: ``variable``, ``hint``.
    """

    code = ApiErrorCode.PROXY_UNUSABLE


class ServerTimeout(ApiError):
    """No connection, or no answer, in time. ``params``: ``seconds``."""

    code = ApiErrorCode.SERVER_TIMEOUT


class ProxyTimeout(ServerTimeout):
    """Likewise, through a proxy. ``params``: ``seconds``, ``proxy``."""

    code = ApiErrorCode.PROXY_TIMEOUT


class TlsError(ApiError):
    """The certificate cannot be verified, or TLS failed otherwise. ``params``: ``reason``."""

    code = ApiErrorCode.TLS_ERROR


class NoTls(TlsError):
    """The server speaks plain HTTP on that port."""

    code = ApiErrorCode.NO_TLS


class UnexpectedRedirect(ApiError):
    """The server sent us elsewhere. Not followed: a followed POST becomes a GET.

    ``location``, also in ``params``, is the server's address to use instead.
    """

    code = ApiErrorCode.UNEXPECTED_REDIRECT

    def __init__(self, message: str, *, location: str, status: int | None = None) -> None:
        super().__init__(message, status=status, params={"location": location})
        self.location = location


class RedirectedAway(UnexpectedRedirect):
    """Likewise, but not to another SalesMind address: to a login page, for instance."""

    code = ApiErrorCode.REDIRECTED_AWAY


class BadCredentials(ApiError):
    """Login answered 401: wrong password or unknown user."""

    code = ApiErrorCode.BAD_CREDENTIALS


class AccountRefused(ApiError):
    """Login answered 403: usually deactivated; see ``summary``.

    ``code`` is ``email_not_verified`` where the server says that this is the reason.
    """

    code = ApiErrorCode.ACCOUNT_REFUSED

    def __init__(
        self, message: str, *, email_verification_required: bool = False, **said: Unpack[Said]
    ) -> None:
        super().__init__(message, **said)
        self.email_verification_required = email_verification_required
        if email_verification_required:
            self.code = ApiErrorCode.EMAIL_NOT_VERIFIED


class NotAuthenticated(ApiError):
    """401 outside login: no token, or one that is no longer valid."""

    code = ApiErrorCode.NOT_AUTHENTICATED


class Forbidden(ApiError):
    """403 outside login."""

    code = ApiErrorCode.FORBIDDEN


class NotFound(ApiError):
    """404: it does not exist, or belongs to another user."""

    code = ApiErrorCode.NOT_FOUND


class ValidationFailed(ApiError):
    """400: the server rejects the values sent.

    ``fields`` maps a field to the server's messages for it (``non_field_errors`` for the whole form); it is
    empty for domain errors such as finishing a session without messages, which come with ``summary`` alone.
    """

    code = ApiErrorCode.VALIDATION_FAILED

    def __init__(
        self, message: str, *, fields: dict[str, tuple[str, ...]] | None = None, **said: Unpack[Said]
    ) -> None:
        super().__init__(message, **said)
        self.fields: dict[str, tuple[str, ...]] = fields or {}


class RateLimited(ApiError):
    """429. ``retry_after_s`` when the server named it, in seconds."""

    code = ApiErrorCode.RATE_LIMITED

    def __init__(self, message: str, *, retry_after_s: float | None = None, **said: Unpack[Said]) -> None:
        super().__init__(message, **said)
        self.retry_after_s = retry_after_s


class ServerFault(ApiError):
    """5xx: the server failed. ``summary`` is null if it answered with a page instead of JSON."""

    code = ApiErrorCode.SERVER_FAULT


class UnexpectedAnswer(ApiError):
    """An answer that no SalesMind server gives: not JSON, or of an unknown form."""

    code = ApiErrorCode.UNEXPECTED_ANSWER


class BoxUnknown(ApiError):
    """The server is not a demo box's."""

    code = ApiErrorCode.BOX_UNKNOWN


class BoxSecretWrong(ApiError):
    """The server does not accept the secret."""

    code = ApiErrorCode.BOX_SECRET_WRONG


class BoxFull(ApiError):
    """All places are taken, and nobody more can wait."""

    code = ApiErrorCode.BOX_FULL


class VisitOver(ApiError):
    """The visit has ended. ``outcome``: ``left``, ``idle``, ``time_up``, ``lost`` or ``kicked``."""

    code = ApiErrorCode.VISIT_OVER

    def __init__(self, message: str, *, outcome: str, **said: Unpack[Said]) -> None:
        super().__init__(message, **said)
        self.outcome = outcome


class RealtimeRefused(ApiError):
    """The WebSocket handshake was answered with an HTTP status instead of 101 (see ``status``).

    ``code`` is ``realtime_bad_token`` for 401 and 403 (an existing server says a bare 403 for a bad token),
    ``realtime_wrong_path`` for 404 and 500 (what an existing server says for an unrouted path),
    ``server_fault`` for temporary ones (``PASSING_STATUSES``: a gateway whose server is down), ``rate_limited`` for
    429, otherwise ``realtime_refused``. ``summary`` is the body's message, ``retry_after_s`` the pause that the
    server names, in seconds. ``params``: ``status``.
    """

    def __init__(
        self,
        message: str,
        *,
        code: ApiErrorCode,
        status: int,
        summary: str | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message, status=status, summary=summary, params={"status": str(status)})
        self.code = code
        self.retry_after_s = retry_after_s


class SendStalled(ApiError):
    """A message could not be handed to the network in time; the connection was dropped."""

    code = ApiErrorCode.SEND_STALLED


class ConnectionLost(ApiError):
    """The socket is closed. ``close_code`` is 1006 when no close frame came.

    ``close_reason``, also the ``summary``, is the peer's own text, on one line.
    """

    code = ApiErrorCode.CONNECTION_LOST

    def __init__(self, message: str, *, close_code: int, close_reason: str) -> None:
        super().__init__(message, summary=close_reason or None, params={"close_code": str(close_code)})
        self.close_code = close_code
        self.close_reason = close_reason
