"""What the run's own sessions are about, by which they can be told apart in the server's list."""

from __future__ import annotations

from typing import Literal

OFFERS: dict[Literal["ja", "en"], tuple[str, str]] = {
    "ja": ("製造業", "在庫と発注を自動化するクラウドサービス(SalesMind Console の受け入れテスト)"),
    "en": (
        "Manufacturing",
        "A cloud service that automates stock and orders (SalesMind Console acceptance test)",
    ),
}
"""Industry and value proposition."""


def is_own_offer(value_proposition: str) -> bool:
    """Whether a session with this proposition was started by an acceptance run, here or on another machine."""
    return any(value_proposition == proposition for _industry, proposition in OFFERS.values())
