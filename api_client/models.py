"""A SalesMind server's HTTP answers as values (salesmind-api.md, section 2).

Unknown fields are ignored and optional ones may be missing: null means that the server did not say. Values
from a fixed set (mode, status, stage) are plain strings, so that a server with a new one still works.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import msgspec

Mode = Literal["simple", "detailed"]


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """``GET /api/health/``. ``round_trip_ms``: the request's first byte to the answer's last, in ms."""

    status: str
    round_trip_ms: float


class User(msgspec.Struct, frozen=True, kw_only=True):
    """The logged-in user."""

    id: int
    username: str
    email: str = ""


class Login(msgspec.Struct, frozen=True, kw_only=True):
    """``POST /api/auth/login/``. ``repr`` leaves the token out."""

    token: str
    user: User

    def __repr__(self) -> str:
        return f"Login(user={self.user!r})"


class Company(msgspec.Struct, frozen=True, kw_only=True):
    """The scraped company that a detailed session is about."""

    id: str
    company_name: str | None = None
    industry: str | None = None
    business_description: str | None = None
    location: str | None = None
    employee_count: str | None = None
    established_year: int | None = None
    source_url: str | None = None


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """One role-play session."""

    id: str
    """Lower-case UUID."""
    user: int | None = None
    mode: str = "simple"
    realtime_mode: bool | None = None
    """As the server reports it; null when it does not."""
    industry: str = ""
    value_proposition: str = ""
    customer_persona: str | None = None
    customer_pain: str | None = None
    status: str = "active"
    """``active`` or ``finished`` (``pending`` exists)."""
    started_at: datetime | None = None
    created_at: datetime | None = None
    finished_at: datetime | None = None
    company: Company | None = None
    company_analysis: str | None = None
    success_probability: int | None = None
    """Per cent."""
    last_analysis_reason: str | None = None
    current_spin_stage: str | None = None
    """``S``, ``P``, ``I`` or ``N``."""
    message_count: int | None = None
    """Stored turns. Only our own server gives it, and ``total_score``, in a list."""
    total_score: int | None = None
    """The report's total."""


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One stored turn. ``role`` is ``salesperson`` (the user) or ``customer`` (the AI)."""

    id: int
    role: str
    message: str
    sequence: int
    created_at: datetime | None = None
    success_delta: int | None = None
    analysis_summary: str | None = None
    spin_stage: str | None = None
    stage_evaluation: str | None = None
    system_notes: str | None = None


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The scoring of a finished session. ``spin_scores`` has ``total`` and one figure per aspect."""

    id: int
    session_id: str | None = None
    spin_scores: dict[str, int | float | None] = {}
    feedback: str = ""
    next_actions: str = ""
    scoring_details: Any = None
    created_at: datetime | None = None


class SessionDetail(Session, frozen=True, kw_only=True):
    """A session with its stored turns, by sequence, and its report once there is one."""

    messages: tuple[Message, ...] = ()
    report: Report | None = None


class SessionPage(msgspec.Struct, frozen=True, kw_only=True):
    """One page of the user's own sessions, newest first. ``count`` is over all pages."""

    count: int
    results: tuple[Session, ...]
    page: int = 1
    page_size: int = 20


class FinishedSession(msgspec.Struct, frozen=True, kw_only=True):
    """``POST /api/session/finish/``: the session is finished and scored."""

    session_id: str
    report_id: int
    status: str = "finished"
    finished_at: datetime | None = None
    spin_scores: dict[str, int | float | None] = {}
    feedback: str = ""
    next_actions: str = ""


class NewSession(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``POST /api/session/start/``. Null fields are not sent.

    ``industry`` is required when the mode is simple, ``company_id`` (a UUID) when it is detailed; the server
    checks, and answers with ``ValidationFailed``.
    """

    value_proposition: str
    industry: str | None = None
    customer_persona: str | None = None
    customer_pain: str | None = None
    mode: Mode | None = None
    company_id: str | None = None
