"""What an ``error`` event means for the conversation (realtime-protocol, section 11; salesmind-api.md, section 3)."""

from __future__ import annotations

import re
from typing import NamedTuple

from api_client.harmless import one_line


class ErrorMeaning(NamedTuple):
    """How to treat an error.

    ``code`` is the server's own code, or its type, or ``unknown_error``. ``fatal``: it ends the
    conversation. ``retry``: whether a new connection may succeed. ``benign``: to be shown as information at
    most. ``upstream_lost``: this connection is dead although it stays open, so only a new one helps. ``said``: the
    server's own words, harmless and on one line, to be shown beside ``message``.
    """

    code: str
    message: str
    fatal: bool = False
    retry: bool = True
    benign: bool = False
    upstream_lost: bool = False
    said: str = ""


def _fatal(code: str, message: str, *, retry: bool = False) -> ErrorMeaning:
    return ErrorMeaning(code, message, fatal=True, retry=retry)


def _benign(code: str, message: str) -> ErrorMeaning:
    return ErrorMeaning(code, message, benign=True)


def _upstream_lost(code: str, what: str) -> ErrorMeaning:
    return ErrorMeaning(code, f"{what}; if it continues, {_ASK}.", upstream_lost=True)


_ASK = "ask whoever runs the server"

_BY_CODE: dict[str, ErrorMeaning] = {
    meaning.code: meaning
    for meaning in (
        _fatal(
            "beta_api_shape_disabled",
            "This SalesMind server still uses the beta form of OpenAI's Realtime API, which OpenAI switched off in "
            "May 2026: nothing in the console can fix that, the server needs an update.",
        ),
        _fatal("invalid_api_key", f"OpenAI refuses the SalesMind server's API key: {_ASK}."),
        _fatal("insufficient_quota", f"The SalesMind server's OpenAI account has used up its quota: {_ASK}."),
        _fatal(
            "credit_balance_exhausted", f"The SalesMind server's OpenAI account has no credit left: {_ASK}."
        ),
        _fatal(
            "billing_hard_limit_reached",
            f"The SalesMind server's OpenAI account has reached its spending limit: {_ASK}.",
        ),
        _fatal("account_deactivated", f"The SalesMind server's OpenAI account is deactivated: {_ASK}."),
        _fatal(
            "model_not_found", f"OpenAI does not know the model that the SalesMind server asks for: {_ASK}."
        ),
        _fatal("session_expired", "The conversation reached the service's time limit.", retry=True),
        ErrorMeaning(
            "rate_limit_exceeded", "The speech service is limiting requests: wait a moment, then speak again."
        ),
        _benign("response_cancel_not_active", "There was no answer left to stop."),
        _benign(
            "conversation_already_has_active_response",
            "The customer is already answering; wait for the answer to end.",
        ),
        _benign("input_audio_buffer_commit_empty", "There was no new speech to answer."),
    )
}

_LOG_IN = "This login is no longer valid: log in again."

# What our own server says (salesmind-api.md, section 4) before it closes, or instead of closing.
_BY_CODE |= {
    meaning.code: meaning
    for meaning in (
        _fatal("token_missing", _LOG_IN),
        _fatal("token_invalid", _LOG_IN),
        _fatal("token_revoked", "The login was revoked, or the account deactivated: log in again."),
        _fatal("origin_not_allowed", "The server does not accept conversations from this origin."),
        _fatal(
            "host_not_allowed",
            "The server does not accept this host name: use another address, or have the name allowed.",
        ),
        _fatal("session_id_malformed", "The server cannot read the session's id: choose the session again."),
        _fatal(
            "session_not_found", "There is no such session, or it belongs to another user: choose another."
        ),
        _fatal("session_finished", "The session is already finished: choose or start another."),
        _fatal(
            "too_many_conversations",
            "The server allows no more conversations for this account or address: close one, then try again.",
            retry=True,
        ),
        _fatal("path_not_found", "There are no conversations at that address: check it."),
        _fatal("message_too_big", "A message was too big for the server: choose a smaller chunk size."),
        _fatal(
            "client_stalled", "The server gave up because the console read no data for too long.", retry=True
        ),
        _fatal("internal_error", f"The SalesMind server failed; if it continues, {_ASK}.", retry=True),
        ErrorMeaning(
            "audio_ahead_of_real_time",
            "The server refuses audio that is far ahead of real time: the source is not paced.",
        ),
        _upstream_lost("upstream_unreachable", "The SalesMind server cannot reach its speech service"),
        _upstream_lost("upstream_closed", "The SalesMind server's speech service ended the connection"),
        _upstream_lost(
            "upstream_stopped", "The SalesMind server's speech service was stopped or is restarting"
        ),
        _upstream_lost("upstream_broke", "The SalesMind server lost the connection to its speech service"),
        _upstream_lost("upstream_unresponsive", "The SalesMind server's speech service no longer answers"),
        _upstream_lost("upstream_stalled", "The SalesMind server's speech service accepts no data"),
    )
}

_BY_TYPE: dict[str, ErrorMeaning] = {
    meaning.code: meaning
    for meaning in (
        _upstream_lost(
            "connection_error", "The SalesMind server could not reach, or has lost, its speech service"
        ),
        ErrorMeaning(
            "forwarding_error",
            "The SalesMind server could not read its speech service's answer and no longer forwards anything: "
            "reconnect.",
            upstream_lost=True,
        ),
    )
}


_NO_KEY = _fatal("api_key_missing", f"The SalesMind server has no OpenAI API key: {_ASK}.")
_NOT_FOUND = _fatal(
    "upstream_not_found",
    "The speech service does not know the address that the SalesMind server dials, or the model that it asks "
    f"for (HTTP 404): {_ASK}.",
)
_BUSY = ErrorMeaning(
    "upstream_busy",
    "The speech service accepts no more conversations from the SalesMind server right now (HTTP 429): wait a moment.",
    upstream_lost=True,
)
_FAILED = _upstream_lost("upstream_failed", "The SalesMind server's speech service is failing (HTTP 5xx)")

_DIALLING = frozenset({"upstream_unreachable", "connection_error"})
"""Codes from a server that could not connect to its speech service; the message tells why."""
_HTTP_STATUS = re.compile(r"\bHTTP (?:status )?(?:code )?([45]\d\d)\b")
_KEY_MISSING = re.compile(r"API.?KEY.{0,20}(?:not (?:configured|set|found)|missing|required)", re.IGNORECASE)
_KEY = re.compile(r"\bsk-[\w*-]+", re.ASCII)
MAX_SAID = 500

EXPLAINED_CODES = frozenset({*_BY_CODE, *_BY_TYPE, _NO_KEY.code, _NOT_FOUND.code, _BUSY.code, _FAILED.code})
"""The codes that ``error_meaning`` explains."""


def error_meaning(code: str | None, type: str | None, message: str) -> ErrorMeaning:
    """The meaning of an error event.

    An unknown error is neither fatal nor benign: it is shown with the server's own ``message`` and the socket
    is kept. Only ``message`` tells why a server could not connect to its speech service: the HTTP status
    in it decides.
    """
    said = _KEY.sub("sk-...", one_line(message))[:MAX_SAID]
    if code is not None and code in _BY_CODE:
        known = _BY_CODE[code]
    elif code is None and type is not None and type in _BY_TYPE:
        known = _BY_TYPE[type]
    else:
        name = one_line(code or type or "unknown_error")
        return ErrorMeaning(name, f"The server reports: {said or 'no reason given'}", said=said)
    return _by_words(known, message)._replace(said=said)


def _by_words(known: ErrorMeaning, message: str) -> ErrorMeaning:
    match = _HTTP_STATUS.search(message)
    status = int(match[1]) if match else 0
    if known.code == "model_not_found" and status == 404:
        return _NOT_FOUND
    if known.code not in _DIALLING:
        return known
    if _KEY_MISSING.search(message):
        return _NO_KEY
    match status:
        case 401 | 403:
            return _BY_CODE["invalid_api_key"]
        case 404:
            return _NOT_FOUND
        case 429:
            return _BUSY
        case _:
            return _FAILED if status >= 500 else known
