"""What the form for a new session is filled in with: an example, or an existing session."""

from __future__ import annotations

from api_client.models import NewSession, Session
from tui.i18n import _


def example() -> NewSession:
    """An example in the screen's language."""
    return NewSession(
        industry=_("Manufacturing"),
        value_proposition=_("A service that tracks stock and proposes orders automatically"),
        customer_persona=_("President of an 80-person parts maker; careful, short of time"),
        customer_pain=_("Parts run out and the production line stops"),
        mode="simple",
    )


def of_session(session: Session) -> NewSession:
    """A new session like ``session``."""
    company = session.company.id if session.company is not None else None
    return NewSession(
        value_proposition=session.value_proposition,
        industry=session.industry or None,
        customer_persona=session.customer_persona,
        customer_pain=session.customer_pain,
        mode="detailed" if session.mode == "detailed" and company else "simple",
        company_id=company,
    )
