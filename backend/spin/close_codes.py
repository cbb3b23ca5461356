"""The WebSocket close codes of ``/ws/realtime/`` and how the upstream's end is reported to the client."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

MAX_REASON_BYTES = 123
"""RFC 6455: a control frame carries 125 bytes, two of them the code."""


class CloseCode(IntEnum):
    """Codes that this server closes with. 4002 and the codes of RFC 6455 come from the existing server."""

    GOING_AWAY = 1001
    MESSAGE_TOO_BIG = 1009
    INTERNAL_ERROR = 1011
    UPSTREAM_LOST = 4002
    """The upstream could not be reached, closed, or stalled: retrying makes sense."""
    UPSTREAM_REFUSED = 4003
    """The upstream refused permanently (key, quota, model, protocol): retrying is pointless."""
    UPSTREAM_EXPIRED = 4008
    """The upstream session reached its maximum age: reconnect at once."""
    MALFORMED = 4400
    UNAUTHENTICATED = 4401
    FORBIDDEN_ORIGIN = 4403
    UNKNOWN_SESSION = 4404
    CLIENT_STALLED = 4408
    SESSION_FINISHED = 4409
    TOO_MANY_SOCKETS = 4429
    TOO_BIG_FOR_SERVER = 4413
    """1009, if the ASGI server only allows the application range."""
    FAILED_IN_SERVER = 4500
    """1011, likewise."""


REFUSED_FOR_GOOD = frozenset(
    {
        "beta_api_shape_disabled",
        "invalid_api_key",
        "insufficient_quota",
        "credit_balance_exhausted",
        "billing_hard_limit_reached",
        "account_deactivated",
        "model_not_found",
    }
)
"""Error codes after which a client must not retry (realtime-protocol, section 11)."""

AUTHENTICATION_CLOSE = 3000
"""OpenAI's close code for a bad key (realtime-protocol, section 1)."""


@dataclass(frozen=True, slots=True)
class UpstreamEnd:
    """An upstream's end in this server's terms: the close code and the error code."""

    close_code: CloseCode
    error_code: str


SERVICE_RESTART = 1012
"""IANA's WebSocket registry; 1001 says the same of a server that goes down (RFC 6455, section 7.4.1)."""


def classify_upstream_loss(silent: bool) -> UpstreamEnd:
    """Map an end without a close frame: either the upstream fell ``silent``, or its connection broke."""
    return UpstreamEnd(CloseCode.UPSTREAM_LOST, "upstream_unresponsive" if silent else "upstream_broke")


def classify_upstream_close(code: int, reason: str) -> UpstreamEnd:
    """Map an upstream's close frame.

    A refusal's reason is ``<error.type>.<error.code>`` (realtime-protocol, section 1).
    """
    error_code = reason.rpartition(".")[2].strip()
    if error_code in REFUSED_FOR_GOOD:
        return UpstreamEnd(CloseCode.UPSTREAM_REFUSED, error_code)
    if code == AUTHENTICATION_CLOSE:
        return UpstreamEnd(CloseCode.UPSTREAM_REFUSED, "invalid_api_key")
    if error_code == "session_expired" or (code == CloseCode.GOING_AWAY and "maximum" in reason.lower()):
        return UpstreamEnd(CloseCode.UPSTREAM_EXPIRED, "session_expired")
    stopped = code in (CloseCode.GOING_AWAY, SERVICE_RESTART)
    return UpstreamEnd(CloseCode.UPSTREAM_LOST, "upstream_stopped" if stopped else "upstream_closed")


def classify_http_refusal(status: int) -> UpstreamEnd:
    """Map an HTTP status that answered the upgrade."""
    if status in {401, 403}:
        return UpstreamEnd(CloseCode.UPSTREAM_REFUSED, "invalid_api_key")
    if status == 404:
        return UpstreamEnd(CloseCode.UPSTREAM_REFUSED, "model_not_found")
    return UpstreamEnd(CloseCode.UPSTREAM_LOST, "upstream_unreachable")


_IN_APPLICATION_RANGE = {
    CloseCode.MESSAGE_TOO_BIG: CloseCode.TOO_BIG_FOR_SERVER,
    CloseCode.INTERNAL_ERROR: CloseCode.FAILED_IN_SERVER,
}


def code_to_send(code: int, rfc_codes: bool) -> int:
    """``code``, or its counterpart among 4000-4999 where the server cannot send those of RFC 6455."""
    return code if rfc_codes else int(_IN_APPLICATION_RANGE.get(CloseCode(code), code))


def fit_reason(reason: str) -> str:
    """``reason`` cut to fit a close frame, never in the middle of a character."""
    return reason.encode()[:MAX_REASON_BYTES].decode(errors="ignore")
