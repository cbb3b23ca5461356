"""How an upstream's end is told to the client."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.spin.close_codes import (
    MAX_REASON_BYTES,
    CloseCode,
    classify_http_refusal,
    classify_upstream_close,
    code_to_send,
    fit_reason,
)


@pytest.mark.parametrize(
    ("code", "reason", "close_code", "error_code"),
    [
        (1000, "", 4002, "upstream_closed"),
        (1011, "server_error.overloaded", 4002, "upstream_closed"),
        (1001, "going away", 4002, "upstream_stopped"),
        (1012, "", 4002, "upstream_stopped"),
        (1001, "Your session hit the maximum duration of 60 minutes.", 4008, "session_expired"),
        (1001, "invalid_request_error.session_expired", 4008, "session_expired"),
        (3000, "", 4003, "invalid_api_key"),
        (3000, "invalid_request_error.invalid_api_key", 4003, "invalid_api_key"),
        (4000, "invalid_request_error.beta_api_shape_disabled", 4003, "beta_api_shape_disabled"),
        (4000, "insufficient_quota", 4003, "insufficient_quota"),
        (4000, "invalid_request_error.something_else", 4002, "upstream_closed"),
    ],
)
def test_closes(code: int, reason: str, close_code: int, error_code: str) -> None:
    end = classify_upstream_close(code, reason)
    assert (end.close_code, end.error_code) == (close_code, error_code)


@pytest.mark.parametrize(
    ("status", "close_code"), [(401, 4003), (403, 4003), (404, 4003), (429, 4002), (500, 4002)]
)
def test_refused_upgrades(status: int, close_code: int) -> None:
    assert classify_http_refusal(status).close_code == close_code


@given(st.text())
def test_a_reason_fits_into_a_close_frame(reason: str) -> None:
    fitted = fit_reason(reason)
    assert reason.startswith(fitted)
    assert len(fitted.encode()) <= MAX_REASON_BYTES
    assert fitted == reason or len(fitted.encode()) > MAX_REASON_BYTES - 4


def test_codes_where_the_server_sends_its_own_range_only() -> None:
    assert code_to_send(CloseCode.MESSAGE_TOO_BIG, rfc_codes=True) == 1009
    assert code_to_send(CloseCode.MESSAGE_TOO_BIG, rfc_codes=False) == 4413
    assert code_to_send(CloseCode.UPSTREAM_LOST, rfc_codes=False) == 4002
