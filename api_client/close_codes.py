"""What a closed realtime socket means, and whether reconnecting can help.

Sources: salesmind-api.md, sections 3 and 4 (4002, 44xx, 1006, 1009); realtime-protocol, section 1 (1001, 3000,
4000); 4003, 4008, 4403, 4408 and 4429 are our own server's additions, 4413 and 4500 what it says behind Daphne,
which cannot send 1009 and 1011.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from api_client.error_codes import error_meaning


class CloseCode(StrEnum):
    """Stable names of the reasons for a close."""

    NORMAL = "normal"
    GOING_AWAY = "going_away"
    SESSION_EXPIRED = "session_expired"
    NO_CLOSE_FRAME = "no_close_frame"
    UNREADABLE = "unreadable"
    MESSAGE_TOO_BIG = "message_too_big"
    SERVER_FAILED = "server_failed"
    TRY_LATER = "try_later"
    INVALID_API_KEY = "invalid_api_key"
    UPSTREAM_REFUSED = "upstream_refused"
    BETA_API_SHAPE_DISABLED = "beta_api_shape_disabled"
    UPSTREAM_LOST = "upstream_lost"
    MALFORMED_REQUEST = "malformed_request"
    BAD_TOKEN = "bad_token"  # noqa: S105 (a code, not a token)
    UNKNOWN_SESSION = "unknown_session"
    SESSION_FINISHED = "session_finished"
    FORBIDDEN_ORIGIN = "forbidden_origin"
    CLIENT_STALLED = "client_stalled"
    WRONG_PATH = "wrong_path"
    OTHER = "other"


class CloseMeaning(NamedTuple):
    """``retry``: whether a new connection may succeed. ``message`` is one English sentence."""

    code: CloseCode
    retry: bool
    message: str


_NO_FRAME = CloseMeaning(
    CloseCode.NO_CLOSE_FRAME,
    True,
    "The connection broke off without a close frame: the server stopped, or the network is down.",
)
_EXPIRED = CloseMeaning(CloseCode.SESSION_EXPIRED, True, "The conversation reached the service's time limit.")
_WRONG_PATH = CloseMeaning(
    CloseCode.WRONG_PATH, False, "There are no conversations at that address: check it."
)
_TOO_BIG = CloseMeaning(
    CloseCode.MESSAGE_TOO_BIG, False, "A message was too big for the server: choose a smaller chunk size."
)
_FAILED = CloseMeaning(CloseCode.SERVER_FAILED, True, "The server failed, or the connection went silent.")
_MEANINGS: dict[int, CloseMeaning] = {
    1000: CloseMeaning(CloseCode.NORMAL, False, "The conversation was closed normally."),
    1001: CloseMeaning(CloseCode.GOING_AWAY, True, "The server is shutting down, most likely to restart."),
    1005: _NO_FRAME._replace(message="The server closed the connection without giving a reason."),
    1006: _NO_FRAME,
    1009: _TOO_BIG,
    1011: _FAILED,
    1012: CloseMeaning(CloseCode.TRY_LATER, True, "The server is restarting."),
    1013: CloseMeaning(CloseCode.TRY_LATER, True, "The server is too busy."),
    1014: CloseMeaning(CloseCode.TRY_LATER, True, "The server's gateway could not reach it."),
    3000: CloseMeaning(
        CloseCode.INVALID_API_KEY,
        False,
        "OpenAI refuses the SalesMind server's API key: ask whoever runs the server.",
    ),
    4000: CloseMeaning(
        CloseCode.UPSTREAM_REFUSED,
        False,
        "The speech service refuses the conversation: see the previous error.",
    ),
    4002: CloseMeaning(
        CloseCode.UPSTREAM_LOST,
        True,
        "The SalesMind server could not reach, or has lost, its speech service.",
    ),
    4003: CloseMeaning(
        CloseCode.UPSTREAM_REFUSED,
        False,
        "The speech service refuses the conversation: see the previous error.",
    ),
    4008: _EXPIRED,
    4403: CloseMeaning(
        CloseCode.FORBIDDEN_ORIGIN, False, "The server does not accept conversations from this origin."
    ),
    4408: CloseMeaning(
        CloseCode.CLIENT_STALLED, True, "The server gave up because the console read no data for too long."
    ),
    4429: CloseMeaning(
        CloseCode.TRY_LATER, True, "The server allows no more conversations for this account or address."
    ),
    4413: _TOO_BIG,
    4500: _FAILED,
    4400: CloseMeaning(
        CloseCode.MALFORMED_REQUEST,
        False,
        "The server cannot read the session's id: choose the session again.",
    ),
    4401: CloseMeaning(CloseCode.BAD_TOKEN, False, "This login is no longer valid: log in again."),
    4404: CloseMeaning(
        CloseCode.UNKNOWN_SESSION,
        False,
        "There is no such session, or it belongs to another user: choose another.",
    ),
    4409: CloseMeaning(
        CloseCode.SESSION_FINISHED, False, "The session is already finished: choose or start another."
    ),
}


def close_meaning(code: int, reason: str) -> CloseMeaning:
    """What a close with ``code`` and ``reason`` means; 1006 stands for "no close frame"."""
    known = _MEANINGS.get(code)
    if code == 1001 and "maximum" in reason.lower():
        return _EXPIRED
    if code == 4404 and reason == "path_not_found":
        return _WRONG_PATH
    if code in (3000, 4000, 4002, 4003) and (from_reason := _by_reason(reason)) is not None:
        return from_reason
    if known is not None:
        return known
    return CloseMeaning(
        CloseCode.OTHER,
        # Unassigned 4xxx codes are the application's own verdicts; anything else is trouble on the way.
        retry=not 4000 <= code < 5000,
        message=f"The server closed the connection with the code {code}.",
    )


def unreadable(reason: str) -> CloseMeaning:
    """We dropped the connection because of what the server sent; ``reason`` is the WebSocket library's."""
    return CloseMeaning(
        CloseCode.UNREADABLE,
        True,
        f"The server sent unreadable data ({reason}), so the connection was dropped.",
    )


def _by_reason(reason: str) -> CloseMeaning | None:
    """The meaning of a reason such as ``invalid_request_error.beta_api_shape_disabled``."""
    meaning = error_meaning(reason.rpartition(".")[2] or None, None, "")
    if not meaning.fatal:
        return None
    names = {code.value for code in CloseCode}
    name = CloseCode(meaning.code) if meaning.code in names else CloseCode.UPSTREAM_REFUSED
    return CloseMeaning(name, retry=meaning.retry, message=meaning.message)
