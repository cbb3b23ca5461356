from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api_client.close_codes import CloseCode, close_meaning
from api_client.error_codes import error_meaning
from api_client.harmless import one_line
from tests.evil_strings import EVIL, harm_in


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
    assert "server needs an update" in by_error


@pytest.mark.parametrize(
    ("code", "message", "meant", "fatal", "upstream_lost"),
    [
        # Our own server, with a code; existing ones say it in words only.
        (
            "upstream_unreachable",
            "The Realtime upstream could not be reached: HTTP 429.",
            "upstream_busy",
            False,
            True,
        ),
        ("upstream_unreachable", "... could not be reached: HTTP 500.", "upstream_failed", False, True),
        ("upstream_unreachable", "... could not be reached: HTTP 503.", "upstream_failed", False, True),
        ("upstream_unreachable", "... no answer within 10 s.", "upstream_unreachable", False, True),
        ("model_not_found", "... refused for good (HTTP 404).", "upstream_not_found", True, False),
        ("model_not_found", "The model `gpt-x` does not exist", "model_not_found", True, False),
        (None, "server rejected WebSocket connection: HTTP 401", "invalid_api_key", True, False),
        (None, "server rejected WebSocket connection: HTTP 404", "upstream_not_found", True, False),
        (None, "server rejected WebSocket connection: HTTP 500", "upstream_failed", False, True),
        (None, "OPENAI_API_KEY not configured", "api_key_missing", True, False),
        (None, "[Errno 111] Connect call failed", "connection_error", False, True),
        (None, "timed out during opening handshake", "connection_error", False, True),
        (None, "Port 404 of HTTP proxy 500", "connection_error", False, True),
    ],
)
def test_why_the_server_did_not_reach_its_speech_service(
    code: str | None, message: str, meant: str, fatal: bool, upstream_lost: bool
) -> None:
    meaning = error_meaning(code, "connection_error", message)
    assert (meaning.code, meaning.fatal, meaning.upstream_lost) == (meant, fatal, upstream_lost)
    assert meaning.said == message


@pytest.mark.parametrize("code", ["upstream_closed", "invalid_value", None])
@pytest.mark.parametrize("words", EVIL.values(), ids=EVIL)
def test_the_servers_words_are_kept_and_harmless(code: str | None, words: str) -> None:
    meaning = error_meaning(code, words, words)
    assert meaning.said == one_line(words)[:500]
    assert harm_in(meaning.said + meaning.message + meaning.code) == []


def test_no_key_is_in_the_servers_words() -> None:
    said = error_meaning("invalid_api_key", None, "Incorrect API key provided: sk-proj-ab***yz. See ...").said
    assert said == "Incorrect API key provided: sk-.... See ..."


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
    assert one_line(message) == meaning.said
    assert meaning.said in meaning.message


@given(st.integers(0, 65_535), st.text(max_size=125))
def test_every_close_has_a_meaning(code: int, reason: str) -> None:
    assert close_meaning(code, reason).message
