"""The life of a visit: arrival, waiting, admission, end. Synchronous; uses the database.

A visitor's account has no password and one token, and is deleted with everything that belongs to it when the visit
ends: the kiosk says so, the operator does, the stay is over, or the kiosk is not heard of any more.
"""

from __future__ import annotations

import logging
import secrets
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from backend.spin.models import Box, ConnectionLease, Session, Token, User, Visit, lease_horizon

REMEMBERED = timedelta(minutes=1)
"""How long an ended visit is remembered, so that its kiosk can be told how it ended."""

logger = logging.getLogger("salesmind.box")


class Full(Exception):
    """Nobody more can wait."""


class Over(Exception):
    """The visit has ended; ``outcome`` says how."""

    def __init__(self, outcome: str) -> None:
        super().__init__(outcome)
        self.outcome = outcome


class Unknown(Exception):
    """There is no such visit, or it ended long ago."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a visit stands. ``repr`` leaves the token out."""

    id: uuid.UUID
    place: int | None
    """In the queue, from 1; None once admitted."""
    visitors: int
    limit: int
    message: str
    username: str = ""
    token: str = field(default="", repr=False)
    left_s: float | None = None
    """Until the longest stay is over; None while waiting."""


def arrive(language: str, stay_s: float | None = None) -> Standing:
    """A new visit, admitted at once if there is room. ``stay_s`` may shorten the longest stay. Raises ``Full``."""
    longest_s = settings.SALESMIND_VISIT_MINUTES * 60
    now = timezone.now()
    with _box() as box:
        if _waiting().count() >= settings.SALESMIND_VISITOR_QUEUE and not _room():
            Box.objects.filter(pk=box.pk).update(refused=F("refused") + 1)
            full = True
        else:
            full = False
            visit = Visit.objects.create(
                language=language,
                stay_s=max(1, round(min(stay_s or longest_s, longest_s))),
                arrived_at=now,
                seen_at=now,
            )
            standing = _standing(_admit_if_room(visit), box)
    if full:
        logger.info("A visitor was refused: the queue is full")
        raise Full
    return standing


def report(visit_id: uuid.UUID, **news: Any) -> Standing:
    """The kiosk is still there. ``news`` are ``language``, ``microphone`` and ``latency_ms``, where they changed.

    Raises ``Over`` and ``Unknown``.
    """
    with _box() as box:
        visit = _living(visit_id)
        for name, value in news.items():
            setattr(visit, name, value)
        visit.seen_at = timezone.now()
        visit.save(update_fields=["seen_at", *news])
        return _standing(_admit_if_room(visit), box)


def leave(visit_id: uuid.UUID, outcome: Visit.Outcome) -> None:
    """End a visit. Raises ``Over`` and ``Unknown``."""
    with _box():
        _end(_living(visit_id), outcome)


def sweep() -> int:
    """End the visits that nobody holds any more and those whose time is up; returns how many."""
    now = timezone.now()
    silent_since = now - timedelta(seconds=settings.SALESMIND_VISIT_LEASE_SECONDS)
    living = Visit.objects.filter(ended_at=None)
    lost = list(living.filter(seen_at__lt=silent_since).values_list("pk", flat=True))
    overdue = [visit.pk for visit in living.exclude(admitted_at=None) if _ends_at(visit) <= now]
    due = {**dict.fromkeys(overdue, Visit.Outcome.TIME_UP), **dict.fromkeys(lost, Visit.Outcome.LOST)}
    for visit_id, outcome in due.items():
        try:
            leave(visit_id, outcome)
        except (Over, Unknown):
            continue  # another worker was quicker
    Visit.objects.filter(ended_at__lt=now - REMEMBERED).delete()
    return len(due)


def forget_on_disk() -> bool:
    """Remove what was deleted from SQLite's log as well, which keeps old pages; False if readers were in the way."""
    if connection.vendor != "sqlite":
        return True
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        busy, *_rest = cursor.fetchone()
    return not busy


def ended_since(moment: datetime) -> bool:
    """Whether any visit has ended since then."""
    return Visit.objects.filter(ended_at__gte=moment).exists()


def figures() -> dict[str, int]:
    """How many visit and wait, and how many may visit; for the health endpoint."""
    return {"now": _admitted().count(), "waiting": _waiting().count(), "limit": settings.SALESMIND_VISITORS}


def overview() -> dict[str, Any]:
    """What the operator sees: the box, and every visit."""
    box, _made = Box.objects.get_or_create(pk=1)
    now = timezone.now()
    return {
        **figures(),
        "visits": box.visits,
        "refused": box.refused,
        "counting_since": box.counting_since.isoformat(),
        "message": box.message,
        "visitors": [_shown(visit, now) for visit in _in_order()],
    }


def tell_everyone(message: str) -> None:
    """Show ``message`` to all visitors, those to come included, until it is replaced; empty: show none."""
    Box.objects.update_or_create(pk=1, defaults={"message": message})


def _shown(visit: Visit, now: datetime) -> dict[str, Any]:
    return {
        "id": str(visit.pk),
        "name": visit.user.username if visit.user else "",
        "arrived_at": visit.arrived_at.isoformat(),
        "admitted_at": visit.admitted_at and visit.admitted_at.isoformat(),
        "left_seconds": round((_ends_at(visit) - now).total_seconds(), 1) if visit.admitted_at else None,
        "language": visit.language,
        "microphone": visit.microphone,
        "latency_ms": visit.latency_ms,
        "talking": ConnectionLease.objects.filter(
            session__user=visit.user, heartbeat_at__gt=lease_horizon()
        ).exists()
        if visit.user
        else False,
    }


@contextmanager
def _box() -> Iterator[Box]:
    """One at a time, across all workers: who is next must not be decided twice."""
    with transaction.atomic():
        box, _made = Box.objects.select_for_update().get_or_create(pk=1)
        yield box


def _in_order() -> QuerySet[Visit]:
    return Visit.objects.filter(ended_at=None).select_related("user").order_by("arrived_at", "pk")


def _admitted() -> QuerySet[Visit]:
    return _in_order().exclude(admitted_at=None)


def _waiting() -> QuerySet[Visit]:
    return _in_order().filter(admitted_at=None)


def _living(visit_id: uuid.UUID) -> Visit:
    visit = Visit.objects.select_related("user").filter(pk=visit_id).first()
    if visit is None:
        raise Unknown
    if visit.ended_at is not None:
        raise Over(visit.outcome)
    return visit


def _room() -> bool:
    return _admitted().count() < settings.SALESMIND_VISITORS


def _admit_if_room(visit: Visit) -> Visit:
    if visit.admitted_at is None and _waiting().first() == visit and _room():
        # No password at all: the one way in is the token, which only the box is given.
        visit.user = User.objects.create_user(f"visitor-{secrets.token_hex(4)}", password=None)
        Token.objects.create(user=visit.user)
        visit.admitted_at = timezone.now()
        visit.save(update_fields=["user", "admitted_at"])
        Box.objects.update(visits=F("visits") + 1)
        logger.info("%s arrived", visit.user.username)
    return visit


def _ends_at(visit: Visit) -> datetime:
    assert visit.admitted_at is not None
    return visit.admitted_at + timedelta(seconds=visit.stay_s)


def _standing(visit: Visit, box: Box) -> Standing:
    visitors, limit = _admitted().count(), settings.SALESMIND_VISITORS
    if visit.user is None:
        waiting = list(_waiting().values_list("pk", flat=True))
        return Standing(visit.pk, waiting.index(visit.pk) + 1, visitors, limit, box.message)
    return Standing(
        visit.pk,
        None,
        visitors,
        limit,
        box.message,
        username=visit.user.username,
        token=visit.user.token.key,
        left_s=max(0.0, (_ends_at(visit) - timezone.now()).total_seconds()),
    )


def _end(visit: Visit, outcome: Visit.Outcome) -> None:
    user = visit.user
    if user is not None:
        sessions = Session.objects.filter(user=user).count()
        user.delete()
        logger.info("%s is gone (%s), and so are %d sessions", user.username, outcome, sessions)
    Visit.objects.filter(pk=visit.pk).update(ended_at=timezone.now(), outcome=outcome)
