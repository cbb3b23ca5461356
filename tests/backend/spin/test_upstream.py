"""Where the relay dials, with what, and what is said of the model."""

from __future__ import annotations

import pytest

from backend.spin.upstream import is_openai, retirement_warning, with_model


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("wss://api.openai.com/v1/realtime", True),
        ("ws://api.openai.com/v1/realtime", False),
        ("wss://api.openai.com.evil.example/v1/realtime", False),
        ("wss://evil.example/?api.openai.com", False),
        ("wss://api.openai.com@evil.example/", False),
        ("ws://127.0.0.1:8790/v1/realtime", False),
    ],
)
def test_the_key_goes_to_openai_over_tls_only(url: str, expected: bool) -> None:
    assert is_openai(url) is expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("ws://h/v1/realtime", "ws://h/v1/realtime?model=gpt+x"),
        ("ws://h/v1/realtime?a=b", "ws://h/v1/realtime?a=b&model=gpt+x"),
        ("ws://h/v1/realtime?model=other", "ws://h/v1/realtime?model=other"),
        ("ws://h/v1/realtime?call_id=7", "ws://h/v1/realtime?call_id=7"),
    ],
)
def test_the_model_stands_in_the_url(url: str, expected: str) -> None:
    assert with_model(url, "gpt x") == expected


def test_models_that_stop_are_named_with_their_date() -> None:
    assert "2027-01-20" in (retirement_warning("gpt-realtime") or "")
    assert "retired" in (retirement_warning("gpt-4o-realtime-preview-2024-10-01") or "")
    assert retirement_warning("gpt-realtime-2.1") is None
