"""One proxy for REST and WebSocket, as curl would choose it, and named when it is what fails."""

from __future__ import annotations

import logging
from urllib.parse import unquote, urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.proxy import parse_proxy as websockets_reads

from api_client import proxies
from api_client.errors import ProxyUnusable
from api_client.proxies import parse_no_proxy, parse_proxy, proxy_for

SERVER = "https://salesmind.example"


@pytest.mark.parametrize(
    ("settings", "server", "expected"),
    [
        ({}, SERVER, None),
        ({"https": "http://p:1"}, SERVER, "p:1"),
        ({"http": "http://p:1"}, SERVER, None),
        ({"http": "p.example:1"}, "http://salesmind.example", "p.example:1"),
        ({"all": "p:3128"}, SERVER, "p:3128"),
        ({"all": "http://a:1", "https": "http://p:1"}, SERVER, "p:1"),
        ({"all": "http://a:1", "https": ""}, SERVER, "a:1"),
        ({"https": "http://p"}, SERVER, "p:80"),
        ({"https": "HTTPS://p/"}, SERVER, "p:443"),
        ({"https": "http://[::1]:8"}, SERVER, "[::1]:8"),
        ({"all": "http://p:1"}, "http://127.0.0.1:8000", None),
        ({"all": "http://p:1"}, "http://localhost:8000", None),
        ({"all": "http://p:1"}, "http://[::1]:8000", None),
    ],
)
def test_which_proxy_is_used(settings: dict[str, str], server: str, expected: str | None) -> None:
    proxy = proxy_for(server, settings)
    assert (proxy and proxy.address) == expected


@pytest.mark.parametrize(
    ("no_proxy", "server", "direct"),
    [
        ("*", SERVER, True),
        ("salesmind.example", SERVER, True),
        (".salesmind.example", SERVER, True),
        ("*.example", SERVER, True),
        ("EXAMPLE", SERVER, True),
        ("mind.example", SERVER, False),
        ("salesmind.example.org", SERVER, False),
        ("other, salesmind.example", SERVER, True),
        ("other salesmind.example", SERVER, True),
        ("https://salesmind.example/", SERVER, True),
        ("salesmind.example:443", SERVER, True),
        ("salesmind.example:8443", SERVER, False),
        ("10.0.0.0/8", "http://10.1.2.3", True),
        ("10.0.0.0/8", "http://11.1.2.3", False),
        ("10.1.2.3", "http://10.1.2.3:8000", True),
        ("10.1.2.3:80", "http://10.1.2.3:8000", False),
        ("[fd00::1]", "http://[fd00::1]:8000", True),
        ("[fd00::1]:8000", "http://[fd00::1]:8000", True),
        ("fd00::/8", "http://[fd12::1]:8000", True),
        ("fd00::/8", "http://[fe80::1]:8000", False),
        ("営業.example", "http://xn--j2rs27b.example", True),
    ],
)
def test_what_no_proxy_exempts(no_proxy: str, server: str, direct: bool) -> None:
    proxy = proxy_for(server, {"all": "http://p:1", "no": no_proxy})
    assert (proxy is None) == direct


@pytest.mark.parametrize("entry", ["a:b", "[::1", "1.2.3.4/99", "fd00::/x", "host:99999", "ho st!", "a/b"])
def test_an_unreadable_entry_is_ignored_and_told(entry: str, caplog: pytest.LogCaptureFixture) -> None:
    proxies._exemptions.cache_clear()
    settings = {"all": "http://p:1", "no": f"me:hunter2@{entry},salesmind.example"}
    with caplog.at_level(logging.WARNING):
        assert proxy_for(SERVER, settings) is None
        assert proxy_for(SERVER, settings) is None
    assert "NO_PROXY" in caplog.text
    assert "hunter2" not in caplog.text
    told = len(caplog.records)
    assert told == len(parse_no_proxy(settings["no"])[1])


@pytest.mark.parametrize(
    "value",
    [
        "http://proxy:port",
        "http://[::1",
        "http://127.0.0.1:99999",
        "http://127.0.0.1:0",
        "http://",
        "http://me:hunter2@",
        "gopher://me:hunter2@p:1",
        "socks5://me:hunter2@p:1",
        "http://me:hunter2@pro xy:1",
        "hunter2",
    ][:-1],
)
def test_a_proxy_that_cannot_be_used_is_said_without_its_value(value: str) -> None:
    with pytest.raises(ProxyUnusable) as caught:
        proxy_for(SERVER, {"https": value})
    assert "HTTPS_PROXY" in str(caught.value)
    assert caught.value.params["variable"] == "HTTPS_PROXY"
    assert "hunter2" not in repr(caught.value) + str(caught.value.params)


@pytest.mark.parametrize(
    "password", ["S3cr#t", "a/b?c", "p@ss", "a:b", "per%zent", "カギ", "a b", "%40", "caf\udce9"]
)
def test_signs_in_a_password_need_no_encoding(password: str) -> None:
    proxy = parse_proxy(f"http://user:{password}@127.0.0.1:9", "HTTP_PROXY")
    assert proxy.address == "127.0.0.1:9"
    assert password not in repr(proxy)
    assert unquote(urlsplit(proxy.url).password or "", errors="surrogateescape") == unquote(password)
    assert httpx.Proxy(proxy.url).url.host == "127.0.0.1"


@given(
    st.text(st.characters(categories=["L", "N", "P", "S"])),
    st.text(st.characters(categories=["L", "N", "P", "S"])),
)
def test_both_libraries_read_what_we_give_them(user: str, password: str) -> None:
    proxy = parse_proxy(f"http://{user}:{password}@proxy.example:8080", "HTTP_PROXY")
    for host, port in (
        (httpx.Proxy(proxy.url).url.host, httpx.Proxy(proxy.url).url.port),
        (websockets_reads(proxy.url).host, websockets_reads(proxy.url).port),
    ):
        assert (host, port) == ("proxy.example", 8080)


@given(st.text(), st.text())
def test_no_setting_breaks_the_reading(value: str, no_proxy: str) -> None:
    try:
        proxy_for("http://salesmind.example:8000", {"http": value, "no": no_proxy})
    except ProxyUnusable as error:
        assert str(error)
