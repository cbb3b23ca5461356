"""Which web pages may use the server."""

from __future__ import annotations

import pytest

from backend.spin.origins import host_allowed, origin_allowed


@pytest.mark.parametrize(
    ("origin", "host", "allowed", "expected"),
    [
        (None, "127.0.0.1:8000", [], True),
        ("http://127.0.0.1:8000", "127.0.0.1:8000", [], True),
        ("http://127.0.0.1:8001", "127.0.0.1:8000", [], False),
        ("https://evil.example", "127.0.0.1:8000", [], False),
        ("https://app.example", "127.0.0.1:8000", ["https://app.example/"], True),
        ("http://app.example", "127.0.0.1:8000", ["https://app.example"], False),
        ("https://APP.example", "127.0.0.1:8000", ["https://app.example"], True),
        ("https://evil.example", None, ["*"], True),
        ("null", "127.0.0.1:8000", [], False),
        ("null", None, [], False),
        ("http://[::1", "127.0.0.1:8000", [], False),
    ],
)
def test_origins(origin: str | None, host: str | None, allowed: list[str], expected: bool) -> None:
    assert origin_allowed(origin, host, allowed) is expected


@pytest.mark.parametrize(
    ("host", "allowed", "expected"),
    [
        ("127.0.0.1:8000", ["127.0.0.1"], True),
        ("[::1]:8000", ["[::1]"], True),
        ("LOCALHOST", ["localhost"], True),
        ("a.example", [".example"], True),
        ("evil.example", ["127.0.0.1", "localhost"], False),
        ("127.0.0.1.evil.example", ["127.0.0.1"], False),
        ("evil.example@127.0.0.1", ["127.0.0.1"], False),
        ("anything.example", ["*"], True),
        (None, ["127.0.0.1"], False),
        (None, ["*"], False),
        ("", ["*"], False),
    ],
)
def test_hosts(host: str | None, allowed: list[str], expected: bool) -> None:
    assert host_allowed(host, allowed) is expected
