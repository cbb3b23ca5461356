"""A WebSocket handshake that was answered with an HTTP status (salesmind-api.md, section 3). Pure."""

from __future__ import annotations

from api_client.answers import redirect_error
from api_client.errors import ApiError, ApiErrorCode, RealtimeRefused
from api_client.server_url import REALTIME_PATH


def handshake_error(status: int, location: str | None, server_url: str) -> ApiError:
    """The error for a handshake answered with ``status``; ``location`` is that header of a redirect."""
    if 300 <= status < 400:
        return redirect_error(f"{server_url}{REALTIME_PATH}", location, status)
    code, sentence = _refusal(status)
    return RealtimeRefused(f"{sentence} (HTTP {status})", code=code, status=status)


def _refusal(status: int) -> tuple[ApiErrorCode, str]:
    match status:
        case 401 | 403:
            sentence = "The server refuses our login for live conversations: log in again."
            return ApiErrorCode.REALTIME_BAD_TOKEN, sentence
        case 404 | 500:
            # 500 is what an existing server says for a path it does not route.
            sentence = (
                f"The server fails, or knows nothing, at {REALTIME_PATH}: check the address and its log."
            )
            return ApiErrorCode.REALTIME_WRONG_PATH, sentence
        case 429:
            return ApiErrorCode.RATE_LIMITED, "The server asks for a pause: wait a little and try again."
        case 502 | 503 | 504:
            sentence = "The server behind the proxy does not answer: check that it is running."
            return ApiErrorCode.SERVER_FAULT, sentence
        case _:
            return ApiErrorCode.REALTIME_REFUSED, "The server refuses live conversations: check the address."
