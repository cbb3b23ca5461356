from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api_client.errors import ApiErrorCode, BadUrl, InvalidParameter
from api_client.server_url import (
    is_loopback,
    normalise_server_url,
    realtime_url,
    shown_address,
    without_query,
)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("localhost:8000", "http://localhost:8000"),
        ("127.0.0.1:8000/", "http://127.0.0.1:8000"),
        ("[::1]:8000", "http://[::1]:8000"),
        ("salesmind.example", "https://salesmind.example"),
        ("  http://salesmind.example/  ", "http://salesmind.example"),
        ("HTTPS://SalesMind.Example:8443//", "https://salesmind.example:8443"),
        ("https://example.org/salesmind/", "https://example.org/salesmind"),
        ("ws://127.0.0.1:9", "http://127.0.0.1:9"),
        ("wss://example.org", "https://example.org"),
        ("my-server_1.local", "https://my-server_1.local"),
        ("http://１２７.０.０.１:9", "http://127.0.0.1:9"),
        ("ｌｏｃａｌｈｏｓｔ：８０００", "http://localhost:8000"),
        ("ｈｔｔｐｓ：／／ｓａｌｅｓ．ｅｘａｍｐｌｅ／ａｐｐ", "https://sales.example/app"),
        ("\u3000ｓａｌｅｓ。example", "https://sales.example"),
        ("https://営業.example", "https://xn--j2rs27b.example"),
    ],
)
def test_what_people_type_becomes_a_base_url(typed: str, meant: str) -> None:
    assert normalise_server_url(typed) == meant


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "   ",
        "http://",
        "ftp://example.org",
        "http://exa mple.org",
        "http://example.org:port",
        "http://example.org:99999",
        "http://example.org:0",
        "http://[::1",
        "http://example.org/?next=1",
        "http://example.org/#top",
        "http://..",
        "exam\x1bple.org",
        "/just/a/path",
        "http://caf\udce9.example",
        "http://host/caf\udce9",
        "http://" + "あ" * 70 + ".example",
    ],
)
def test_a_broken_address_gets_a_hint(typed: str) -> None:
    with pytest.raises(BadUrl) as caught:
        normalise_server_url(typed)
    assert caught.value.code is ApiErrorCode.BAD_URL
    assert caught.value.params["hint"]


def test_a_password_in_the_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(BadUrl) as caught:
        normalise_server_url("https://me:hunter2@example.org")
    assert "hunter2" not in str(caught.value)


@given(st.one_of(st.text(max_size=80), st.text("htps:/[]@.?#%ws019 ", max_size=30)))
def test_any_text_is_a_usable_url_or_a_bad_url(text: str) -> None:
    try:
        url = normalise_server_url(text)
    except BadUrl:
        return
    assert urlsplit(url).scheme in {"http", "https"}
    assert urlsplit(url).hostname
    assert normalise_server_url(url) == url


def test_the_realtime_url_has_the_token_and_session_in_its_query() -> None:
    session = "0b1c2d3e-0000-4000-8000-000000000000"
    assert realtime_url("https://example.org/base/", "ab12", session) == (
        f"wss://example.org/base/ws/realtime/?token=ab12&session_id={session}"
    )
    assert realtime_url("http://127.0.0.1:8000", "ab12") == "ws://127.0.0.1:8000/ws/realtime/?token=ab12"
    assert realtime_url("http://127.0.0.1", None, "ab") == "ws://127.0.0.1/ws/realtime/?session_id=ab"
    assert realtime_url("http://127.0.0.1", None) == "ws://127.0.0.1/ws/realtime/"


@pytest.mark.parametrize("value", ["", "a b", "a&b", "a=b", "a%20b", "日本", "a\n"])
def test_what_would_need_percent_encoding_is_refused_without_being_shown(value: str) -> None:
    with pytest.raises(InvalidParameter) as by_token:
        realtime_url("http://127.0.0.1", value)
    with pytest.raises(InvalidParameter):
        realtime_url("http://127.0.0.1", "ab12", value)
    assert not value or value not in str(by_token.value)


def test_loopback_is_known_in_all_its_forms() -> None:
    assert all(is_loopback(f"http://{host}:1") for host in ("127.0.0.1", "127.9.9.9", "localhost", "[::1]"))
    assert not is_loopback("https://example.org")
    assert not is_loopback("https://127.0.0.1.example.org")


def test_a_shown_address_has_no_query_user_or_password() -> None:
    assert without_query("https://me:pw@example.org:1/a/?token=x#y") == "https://example.org:1/a/"
    assert "token" not in without_query("http://[broken/?token=x")


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("http://127.0.0.1:9", "http://127.0.0.1:9"),
        ("http://me:hunter2@host:1/a", "http://host:1/a"),
        ("me:hunter2@host", "host"),
        ("me:http://hunter2@host", "host"),
        ("http://me:hun@ter2@host", "http://host"),
        ("http://me:hunter2/#?@host", "http://host"),
        ("http://host/?token=hunter2", "http://host/"),
        ("host#hunter2", "host"),
        ("http://[broken", "http://[broken"),
        ("  日本.example\n", "日本.example"),
        ("caf\udce9\x1b[2J", "caf\ufffd\ufffd[2J"),
    ],
)
def test_what_somebody_typed_is_shown_without_secrets(typed: str, shown: str) -> None:
    assert shown_address(typed) == shown
