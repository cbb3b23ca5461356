"""Leases: which relay connections are open, in the database, so that every worker answers alike.

A connection takes a lease when its relay is up and returns it when it closes. The worker renews all its
leases together (``backend.spin.keeper``). All functions are synchronous and use the database.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from backend.spin.models import ConnectionLease, Session, lease_horizon
from backend.spin.workers import WorkerLock, dead_workers, forget


def lock_directory() -> Path:
    """Where the workers of this host keep their lock files."""
    directory: Path = settings.DATA_DIRECTORY
    return directory / "workers"


@lru_cache(maxsize=1)
def this_worker() -> WorkerLock:
    """The lock of this process, taken when it is first needed."""
    return WorkerLock(lock_directory())


def acquire(lease_id: uuid.UUID, session_id: uuid.UUID) -> None:
    """Record an open connection of the session under ``lease_id``.

    Raises ``IntegrityError`` when the session has been deleted.
    """
    ConnectionLease.objects.update_or_create(
        pk=lease_id,
        defaults={"session_id": session_id, "worker": this_worker().worker, "heartbeat_at": timezone.now()},
    )


def release(lease_id: uuid.UUID, session_id: uuid.UUID) -> bool:
    """Return a lease. Returns the session's ``realtime_mode`` afterwards."""
    with transaction.atomic():
        ConnectionLease.objects.filter(pk=lease_id).delete()
        return ConnectionLease.objects.filter(
            session_id=session_id, heartbeat_at__gt=lease_horizon()
        ).exists()


def renew(leases: Mapping[uuid.UUID, uuid.UUID]) -> None:
    """Renew this worker's ``leases`` (lease id -> session id).

    A lease that another worker took for dead, because this one was suspended, is taken out anew. One whose
    session has been deleted is left alone.
    """
    if not leases:
        return
    now = timezone.now()
    if ConnectionLease.objects.filter(pk__in=list(leases)).update(heartbeat_at=now) == len(leases):
        return
    known = set(ConnectionLease.objects.filter(pk__in=list(leases)).values_list("pk", flat=True))
    lost = {lease: session for lease, session in leases.items() if lease not in known}
    existing = existing_sessions(lost.values())
    for lease, session in lost.items():
        if session in existing:
            _take_out_anew(lease, session)


def _take_out_anew(lease_id: uuid.UUID, session_id: uuid.UUID) -> None:
    """Done separately: a session deleted at this moment must not cost the others their leases."""
    with suppress(IntegrityError), transaction.atomic():
        acquire(lease_id, session_id)


def existing_sessions(sessions: Iterable[uuid.UUID]) -> set[uuid.UUID]:
    """Those of ``sessions`` that have not been deleted, in one query."""
    return set(Session.objects.filter(pk__in=set(sessions)).values_list("pk", flat=True))


def sweep() -> int:
    """Drop the leases of workers that are gone and those that have lapsed; returns how many."""
    dead = dead_workers(lock_directory())
    dropped = 0
    if dead:
        dropped += ConnectionLease.objects.filter(worker__in=dead).delete()[0]
        forget(lock_directory(), dead)
    return dropped + ConnectionLease.objects.filter(heartbeat_at__lte=lease_horizon()).delete()[0]


def release_all() -> int:
    """Drop every lease of this worker and then its lock, at the end of the process; returns how many leases."""
    dropped = ConnectionLease.objects.filter(worker=this_worker().worker).delete()[0]
    this_worker().release()
    return dropped
