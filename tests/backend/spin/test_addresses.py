"""Whose limits a request counts towards."""

from __future__ import annotations

import pytest

from backend.spin.addresses import NOWHERE, client_address


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "behind_proxy", "expected"),
    [
        ("10.0.0.1", "", False, "10.0.0.1"),
        ("10.0.0.1", "1.2.3.4", False, "10.0.0.1"),
        ("127.0.0.1", "6.6.6.6, 1.2.3.4", True, "1.2.3.4"),
        ("127.0.0.1", "", True, "127.0.0.1"),
        (None, "1.2.3.4", True, "1.2.3.4"),
        (None, "", True, NOWHERE),
        ("::ffff:10.0.0.1", "", False, "10.0.0.1"),
        ("2001:db8:1:2:aaaa::1", "", False, "2001:db8:1:2::/64"),
        ("2001:db8:1:2:bbbb::2", "", False, "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "", False, "fe80::/64"),
        ("127.0.0.1", "x, [2001:db8::1]", True, "2001:db8::/64"),
        ("127.0.0.1", "unknown", True, NOWHERE),
    ],
)
def test_addresses(peer: str | None, forwarded_for: str, behind_proxy: bool, expected: str) -> None:
    assert client_address(peer, forwarded_for, behind_proxy) == expected
