"""Answers of a SalesMind server turned into values or errors. Pure."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urljoin

import msgspec

from api_client.error_body import ErrorBody, parse_error_body
from api_client.errors import (
    AccountRefused,
    ApiError,
    BadCredentials,
    Forbidden,
    NotAuthenticated,
    NotFound,
    RateLimited,
    ServerFault,
    UnexpectedAnswer,
    UnexpectedRedirect,
    ValidationFailed,
)
from api_client.harmless import decode_json, one_line
from api_client.server_url import without_query

if TYPE_CHECKING:
    from api_client.http_transport import Answer

Value = TypeVar("Value")


class Endpoint(Enum):
    """What an answer's status has to be read against: the same 401 or 404 means different things."""

    PLAIN = "plain"
    LOGIN = "login"
    ONE_SESSION = "one_session"


def read_answer(answer: Answer, shape: type[Value], *, url: str, endpoint: Endpoint) -> Value:
    """The value in ``answer``, or the error that it stands for, raised. ``url`` is what was asked for."""
    if not 200 <= answer.status < 300:
        raise error_for(answer, url=url, endpoint=endpoint)
    try:
        return decode_json(answer.body, shape)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        reason = one_line(str(error))
    raise _no_salesmind(answer.status, reason)


def error_for(answer: Answer, *, url: str, endpoint: Endpoint) -> ApiError:
    """The error that an answer other than 2xx stands for."""
    status = answer.status
    if 300 <= status < 400:
        return redirect_error(url, answer.location, status)
    body = parse_error_body(answer.body)
    if status == 429:
        return RateLimited(
            "The server asks for a pause: wait a little and try again.",
            retry_after_s=_seconds(answer.retry_after),
            status=status,
            summary=body.summary,
        )
    if status >= 500:
        return ServerFault(
            f"The server failed (HTTP {status}): try again, and tell whoever runs it if it goes on.",
            status=status,
            summary=body.summary,
            params={"status": str(status)},
        )
    if endpoint is Endpoint.LOGIN and body.is_json and status in (401, 403):
        return _login_error(status, body)
    return _client_error(status, body, endpoint)


def redirect_error(url: str, location: str | None, status: int) -> UnexpectedRedirect:
    """A redirect from ``url``. Of both addresses only what cannot be secret is kept."""
    try:
        target = without_query(urljoin(url, location or ""))
    except ValueError:
        target = "(an address that cannot be read)"
    return UnexpectedRedirect(
        f"The server sends us on to {target}: use that address as the server's, if you trust it.",
        location=target,
        status=status,
    )


def _login_error(status: int, body: ErrorBody) -> ApiError:
    if status == 401:
        return BadCredentials(
            "User name or password is wrong: check both.", status=status, summary=body.summary
        )
    flag = body.email_verification_required
    what = "its e-mail address is not verified yet: follow the link in the mail" if flag else "ask its owner"
    return AccountRefused(
        f"The server refuses this account: {what}.",
        email_verification_required=flag,
        status=status,
        summary=body.summary,
    )


def _client_error(status: int, body: ErrorBody, endpoint: Endpoint) -> ApiError:
    if status == 401:
        return NotAuthenticated(
            "The server does not know our login any more: log in again.", status=status, summary=body.summary
        )
    if status == 403:
        return Forbidden("The server does not allow this.", status=status, summary=body.summary)
    # An existing server answers a malformed id with a page; for any other path a page is another program's
    # 404.
    if status == 404 and (body.is_json or endpoint is Endpoint.ONE_SESSION):
        return NotFound("The server has no such session.", status=status, summary=body.summary)
    if status in (400, 409, 422) and body.is_json:
        return ValidationFailed(
            _validation_sentence(body), fields=body.fields, status=status, summary=body.summary
        )
    return _no_salesmind(status, body.summary or f"HTTP {status}")


def _validation_sentence(body: ErrorBody) -> str:
    if body.fields:
        return f"The server refuses what was entered: correct {', '.join(sorted(body.fields))}."
    return f"The server refuses this: {body.summary or 'it does not say why'}"


def _no_salesmind(status: int, reason: str) -> UnexpectedAnswer:
    return UnexpectedAnswer(
        f"What answers there does not seem to be a SalesMind server ({reason}): check the address.",
        status=status,
        params={"reason": reason},
    )


def _seconds(retry_after: Any) -> float | None:
    try:
        seconds = float(retry_after)
    except (TypeError, ValueError):
        return None
    return seconds if 0 <= seconds < 86_400 else None
