"""Finish a session: it is scored once, however often it is requested."""

from __future__ import annotations

import uuid

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.exceptions import NotFound

from backend.spin import scoring
from backend.spin.errors import Conflict
from backend.spin.models import Message, Report, Session, User
from backend.spin.report_text import feedback, next_actions


def finish(session_id: uuid.UUID, user: User) -> Report:
    """Score the session of ``user`` and close it.

    A call that finds the session active and loses the race to another one gets that one's report. Raises
    ``NotFound`` (404), ``Conflict`` (400) when it was finished before the call or holds no message yet.
    """
    session = Session.objects.filter(pk=session_id, user=user).first()
    if session is None:
        raise NotFound(_("There is no such session."))
    if session.status == Session.Status.FINISHED:
        raise Conflict(_("The session is already finished."))
    with transaction.atomic():
        session = Session.objects.select_for_update().get(pk=session_id)
        report = Report.objects.select_related("session").filter(session=session).first()
        return report or _score(session)


def _score(session: Session) -> Report:
    messages = [
        scoring.Utterance(by_salesperson=role == Message.Role.SALESPERSON, text=text)
        for role, text in session.messages.values_list("role", "message")
    ]
    if not messages:
        raise Conflict(_("There is nothing to score yet: the session has no messages."))
    result = scoring.score(messages, session.value_proposition)
    session.status = Session.Status.FINISHED
    session.finished_at = timezone.now()
    session.save(update_fields=["status", "finished_at"])
    return Report.objects.create(
        session=session,
        spin_scores=result.scores,
        feedback=feedback(result),
        next_actions=next_actions(result),
        scoring_details=result.details,
    )
