"""Answers of a SalesMind server turned into values or errors. Pure."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urljoin, urlsplit

import msgspec

from api_client.error_body import ErrorBody, parse_error_body
from api_client.errors import (
    PASSING_STATUSES,
    AccountRefused,
    ApiError,
    BadCredentials,
    Forbidden,
    NotAuthenticated,
    NotFound,
    RateLimited,
    RedirectedAway,
    ServerFault,
    UnexpectedAnswer,
    UnexpectedRedirect,
    ValidationFailed,
)
from api_client.harmless import one_line
from api_client.harmless_json import decode_json
from api_client.server_url import without_query

if TYPE_CHECKING:
    from api_client.http_transport import Answer

Value = TypeVar("Value")


class Endpoint(Enum):
    """The kind of endpoint, which decides what a 401 or 404 means."""

    PLAIN = "plain"
    LOGIN = "login"
    ONE_SESSION = "one_session"


def read_answer(
    answer: Answer, shape: type[Value], *, server_url: str, path: str, endpoint: Endpoint
) -> Value:
    """Return the value in ``answer``, or raise the error that it stands for. ``path`` is the requested path."""
    if not 200 <= answer.status < 300:
        raise error_for(answer, server_url=server_url, path=path, endpoint=endpoint)
    try:
        return decode_json(answer.body, shape)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        reason = one_line(str(error))
    raise _no_salesmind(answer.status, reason)


def error_for(answer: Answer, *, server_url: str, path: str, endpoint: Endpoint) -> ApiError:
    """The error for an answer other than 2xx."""
    status = answer.status
    if 300 <= status < 400:
        return redirect_error(f"{server_url}{path}", path, answer.location, status)
    body = parse_error_body(answer.body)
    if status == 429:
        return RateLimited(
            "Too many requests: wait a moment, then try again.",
            retry_after_s=pause_s(answer.retry_after),
            status=status,
            summary=body.summary,
        )
    if status >= 500 or status in PASSING_STATUSES:
        return ServerFault(
            f"The server failed (HTTP {status}): try again, and tell whoever runs it if it continues.",
            status=status,
            summary=body.summary,
            params={"status": str(status)},
        )
    if endpoint is Endpoint.LOGIN and body.is_json and status in (401, 403):
        return _login_error(status, body)
    return _client_error(status, body, endpoint)


def redirect_error(url: str, path: str, location: str | None, status: int) -> UnexpectedRedirect:
    """A redirect from ``url``, which ends in the API's ``path``. Only the non-secret parts of the target are kept."""
    try:
        target = one_line(without_query(urljoin(url, location or "")))
    except ValueError:
        target = "(an unreadable address)"
    path = urlsplit(path).path.rstrip("/")
    base = target.rstrip("/").removesuffix(path)
    if not target.rstrip("/").endswith(path) or base == without_query(url).rstrip("/").removesuffix(path):
        return RedirectedAway(
            f"The server redirects to {target}, which is not the address of a SalesMind server: check the address, "
            "and whether you have to log in there first.",
            location=target,
            status=status,
        )
    return UnexpectedRedirect(
        f"The server redirects to {base}: use that as the server's address, if you trust it.",
        location=base,
        status=status,
    )


def _login_error(status: int, body: ErrorBody) -> ApiError:
    if status == 401:
        return BadCredentials(
            "User name or password is wrong: check both.", status=status, summary=body.summary
        )
    flag = body.email_verification_required
    if flag:
        sentence = "The account's e-mail address is not verified yet: follow the link in the mail."
    else:
        sentence = "The server refuses this account: ask whoever runs the server."
    return AccountRefused(
        sentence,
        email_verification_required=flag,
        status=status,
        summary=body.summary,
    )


def _client_error(status: int, body: ErrorBody, endpoint: Endpoint) -> ApiError:
    if status == 401:
        return NotAuthenticated(
            "This login is no longer valid: log in again.", status=status, summary=body.summary
        )
    if status == 403:
        return Forbidden("The server does not allow this.", status=status, summary=body.summary)
    # The other paths are there on every SalesMind server: a 404 means that the address is not one's.
    if status == 404 and endpoint is Endpoint.ONE_SESSION:
        return NotFound("The server has no such session.", status=status, summary=body.summary)
    if status in (400, 409, 422) and body.is_json:
        return ValidationFailed(
            _validation_sentence(body), fields=body.fields, status=status, summary=body.summary
        )
    return _no_salesmind(status, body.summary or f"HTTP {status}")


def _validation_sentence(body: ErrorBody) -> str:
    if body.fields:
        return f"The server rejected these values: correct {', '.join(sorted(body.fields))}."
    return f"The server rejected this: {body.summary or 'it does not say why'}"


def _no_salesmind(status: int, reason: str) -> UnexpectedAnswer:
    return UnexpectedAnswer(
        f"That address is not a SalesMind server ({reason}): check the address.",
        status=status,
        params={"reason": reason},
    )


def pause_s(retry_after: str | None) -> float | None:
    """The seconds in a ``Retry-After`` header, up to a day; None if it is missing or a date."""
    try:
        seconds = float(retry_after or "")
    except ValueError:
        return None
    return seconds if 0 <= seconds < 86_400 else None
