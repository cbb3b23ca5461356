"""A WebSocket handshake answered with an HTTP status (salesmind-api.md, section 3). Pure."""

from __future__ import annotations

from api_client.answers import pause_s, redirect_error
from api_client.error_body import MAX_TEXT, parse_error_body
from api_client.errors import PASSING_STATUSES, ApiError, ApiErrorCode, RealtimeRefused
from api_client.harmless import one_line
from api_client.server_url import REALTIME_PATH


def handshake_error(
    status: int, server_url: str, *, location: str | None, retry_after: str | None, body: bytes
) -> ApiError:
    """The error for a handshake answered with ``status``, these two headers, and ``body``."""
    if 300 <= status < 400:
        return redirect_error(f"{server_url}{REALTIME_PATH}", REALTIME_PATH, location, status)
    code, sentence = _refusal(status)
    return RealtimeRefused(
        f"{sentence} (HTTP {status})",
        code=code,
        status=status,
        summary=words_of_body(body),
        retry_after_s=pause_s(retry_after),
    )


def words_of_body(body: bytes) -> str | None:
    """The message in a refusal's body: a JSON error, or a line of plain text; None for a page."""
    parsed = parse_error_body(body)
    if parsed.is_json:
        return parsed.summary
    text = one_line(body[: 4 * MAX_TEXT].decode("utf-8", "replace").strip())
    return text[:MAX_TEXT] or None if "<" not in text else None


def _refusal(status: int) -> tuple[ApiErrorCode, str]:
    match status:
        case 401 | 403:
            sentence = "The server refuses this login for live conversations: log in again."
            return ApiErrorCode.REALTIME_BAD_TOKEN, sentence
        case 404 | 500:
            # 500 is what an existing server says for a path it does not route.
            sentence = (
                f"The server fails at {REALTIME_PATH}, or has nothing there: check the address and its log."
            )
            return ApiErrorCode.REALTIME_WRONG_PATH, sentence
        case 429:
            return ApiErrorCode.RATE_LIMITED, "Too many requests: wait a moment, then try again."
        case _ if status in PASSING_STATUSES:
            sentence = "The server is busy, or down behind its gateway: check that it is running."
            return ApiErrorCode.SERVER_FAULT, sentence
        case _:
            # 200, 400 and 426 are what a gateway says that does not pass WebSocket on.
            sentence = (
                "The server, or a gateway in front of it, refuses live conversations: check the address, and that "
                "WebSocket connections are forwarded."
            )
            return ApiErrorCode.REALTIME_REFUSED, sentence
