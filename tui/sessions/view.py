"""Which sessions the list shows, and in which order. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from acceptance.offer import is_own_offer
from api_client.models import Session
from tui.sessions.figures import Figures

Order = Literal["started", "industry", "turns", "score", "latency"]
ORDERS: tuple[Order, ...] = ("started", "industry", "turns", "score", "latency")


@dataclass(frozen=True, slots=True)
class Row:
    """A session with its figures."""

    session: Session
    figures: Figures


@dataclass(frozen=True, slots=True)
class View:
    """What is left out, and what comes first."""

    words: str = ""
    """Every one of them must stand somewhere in what describes the session, or begin its id."""
    only_active: bool = False
    acceptance: bool = False
    """Also the sessions of acceptance runs."""
    order: Order = "started"

    @property
    def narrowed(self) -> bool:
        """Whether the operator has chosen to leave something out."""
        return bool(self.words) or self.only_active

    def pick(self, rows: Sequence[Row]) -> list[Row]:
        """The rows to show; ``rows`` are newest first."""
        shown = [row for row in rows if self._passes(row.session)]
        key = _KEYS.get(self.order)
        return shown if key is None else sorted(shown, key=key)

    def _passes(self, session: Session) -> bool:
        if not self.acceptance and is_own_offer(session.value_proposition):
            return False
        if self.only_active and session.status != "active":
            return False
        return _matches(session, self.words)


def next_order(order: Order) -> Order:
    """The one after it; after the last, the first."""
    return ORDERS[(ORDERS.index(order) + 1) % len(ORDERS)]


def industry_of(session: Session) -> str:
    """Its own, or its company's name."""
    company = session.company.company_name if session.company else None
    return session.industry or company or ""


def _folded(text: str) -> str:
    """Half-width and full-width, upper and lower case alike."""
    return unicodedata.normalize("NFKC", text).casefold()


def _matches(session: Session, words: str) -> bool:
    if not words.strip():
        return True
    texts = (
        industry_of(session),
        session.value_proposition,
        session.customer_persona or "",
        session.customer_pain or "",
        (session.company and session.company.company_name) or "",
    )
    whole = _folded("\n".join(texts))
    return all(word in whole or session.id.startswith(word) for word in _folded(words).split())


def _from_high(value: float | None) -> tuple[bool, float]:
    return value is None, -(value or 0.0)


_KEYS: dict[Order, Callable[[Row], tuple[object, ...]]] = {
    "industry": lambda row: (not industry_of(row.session), _folded(industry_of(row.session))),
    "turns": lambda row: _from_high(row.figures.turns),
    "score": lambda row: _from_high(row.figures.score),
    "latency": lambda row: _from_high(row.figures.latency.p50_ms if row.figures.latency else None),
}
"""The newest first needs none: that is how they come."""
