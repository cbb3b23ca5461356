from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api_client.close_codes import CloseCode, close_meaning
from api_client.error_codes import error_meaning


@pytest.mark.parametrize(
    ("code", "reason", "name", "retry"),
    [
        (1000, "", CloseCode.NORMAL, False),
        (1001, "", CloseCode.GOING_AWAY, True),
        (1001, "Your session hit the maximum duration of 60 minutes.", CloseCode.SESSION_EXPIRED, True),
        (1006, "", CloseCode.NO_CLOSE_FRAME, True),
        (1009, "message too big", CloseCode.MESSAGE_TOO_BIG, False),
        (1012, "", CloseCode.TRY_LATER, True),
        (3000, "invalid_request_error.invalid_api_key", CloseCode.INVALID_API_KEY, False),
        (4000, "invalid_request_error.beta_api_shape_disabled", CloseCode.BETA_API_SHAPE_DISABLED, False),
        (4000, "invalid_request_error.model_not_found", CloseCode.UPSTREAM_REFUSED, False),
        (4000, "", CloseCode.UPSTREAM_REFUSED, False),
        (4002, "", CloseCode.UPSTREAM_LOST, True),
        (4002, "insufficient_quota", CloseCode.UPSTREAM_REFUSED, False),
        (4400, "", CloseCode.MALFORMED_REQUEST, False),
        (4401, "", CloseCode.BAD_TOKEN, False),
        (4404, "", CloseCode.UNKNOWN_SESSION, False),
        (4409, "", CloseCode.SESSION_FINISHED, False),
        (4003, "invalid_api_key", CloseCode.INVALID_API_KEY, False),
        (4003, "", CloseCode.UPSTREAM_REFUSED, False),
        (4008, "session_expired", CloseCode.SESSION_EXPIRED, True),
        (4403, "origin_not_allowed", CloseCode.FORBIDDEN_ORIGIN, False),
        (4404, "path_not_found", CloseCode.WRONG_PATH, False),
        (4408, "client_stalled", CloseCode.CLIENT_STALLED, True),
        (4429, "too_many_conversations", CloseCode.TRY_LATER, True),
        (4413, "message too big", CloseCode.MESSAGE_TOO_BIG, False),
        (4500, "", CloseCode.SERVER_FAILED, True),
        (4999, "", CloseCode.OTHER, False),
        (1999, "", CloseCode.OTHER, True),
    ],
)
def test_close_codes(code: int, reason: str, name: CloseCode, retry: bool) -> None:
    meaning = close_meaning(code, reason)
    assert (meaning.code, meaning.retry) == (name, retry)
    assert meaning.message


@pytest.mark.parametrize(
    "code",
    [
        "invalid_api_key",
        "insufficient_quota",
        "credit_balance_exhausted",
        "billing_hard_limit_reached",
        "account_deactivated",
        "model_not_found",
        "beta_api_shape_disabled",
    ],
)
def test_trying_again_is_pointless_after_these(code: str) -> None:
    meaning = error_meaning(code, "invalid_request_error", "Incorrect API key provided: sk-ab***yz")
    assert (meaning.code, meaning.fatal, meaning.retry, meaning.benign) == (code, True, False, False)
    assert "sk-ab" not in meaning.message


@pytest.mark.parametrize(
    ("code", "fatal", "retry", "upstream_lost"),
    [
        ("token_invalid", True, False, False),
        ("token_revoked", True, False, False),
        ("session_not_found", True, False, False),
        ("session_finished", True, False, False),
        ("session_id_malformed", True, False, False),
        ("client_stalled", True, True, False),
        ("audio_ahead_of_real_time", False, True, False),
        ("upstream_closed", False, True, True),
        ("upstream_unreachable", False, True, True),
    ],
)
def test_our_own_servers_errors(code: str, fatal: bool, retry: bool, upstream_lost: bool) -> None:
    meaning = error_meaning(code, "invalid_request_error", "m")
    assert (meaning.fatal, meaning.retry, meaning.upstream_lost) == (fatal, retry, upstream_lost)


@pytest.mark.parametrize(
    "code",
    [
        "response_cancel_not_active",
        "conversation_already_has_active_response",
        "input_audio_buffer_commit_empty",
    ],
)
def test_these_are_no_trouble(code: str) -> None:
    meaning = error_meaning(code, "invalid_request_error", "m")
    assert meaning.benign
    assert not meaning.fatal


def test_the_beta_refusal_is_explained_for_what_it_is() -> None:
    by_error = error_meaning("beta_api_shape_disabled", "invalid_request_error", "").message
    by_close = close_meaning(4000, "invalid_request_error.beta_api_shape_disabled").message
    assert by_error == by_close
    assert "server has to be updated" in by_error


@pytest.mark.parametrize("type_", ["connection_error", "forwarding_error"])
def test_the_relays_own_errors_mean_that_the_upstream_is_lost(type_: str) -> None:
    meaning = error_meaning(None, type_, "m")
    assert (meaning.code, meaning.upstream_lost, meaning.retry) == (type_, True, True)


@given(st.none() | st.text(max_size=20), st.none() | st.text(max_size=20), st.text(max_size=50))
def test_an_unknown_error_is_shown_and_kills_nothing(
    code: str | None, type_: str | None, message: str
) -> None:
    meaning = error_meaning(code and f"x{code}", type_ and f"x{type_}", message)
    assert not (meaning.fatal or meaning.benign or meaning.upstream_lost)
    assert meaning.code
    assert message in meaning.message


@given(st.integers(0, 65_535), st.text(max_size=125))
def test_every_close_has_a_meaning(code: int, reason: str) -> None:
    assert close_meaning(code, reason).message
