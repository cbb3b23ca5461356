"""The server's data: accounts, tokens, role-play sessions, their messages, reports, open connections, and the visits
to a demo box."""

from __future__ import annotations

import secrets
import uuid
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Coalesce
from django.utils import timezone


class UserManager(BaseUserManager["User"]):
    """Accounts by name."""

    def create_user(self, username: str, password: str | None, email: str = "") -> User:
        """A new account; ``password`` None makes one that nobody can log in to."""
        user = self.model(username=username, email=self.normalize_email(email))
        user.set_password(password)
        user.save()
        return user


class User(AbstractBaseUser):
    """A salesperson who practises."""

    username = models.CharField(max_length=150, unique=True)
    email = models.EmailField(blank=True)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[UserManager] = UserManager()
    USERNAME_FIELD = "username"


def new_token_key() -> str:
    """40 hexadecimal digits, as the contract has them."""
    return secrets.token_hex(20)


class Token(models.Model):
    """The one token of an account. It does not expire; deleting the row revokes it."""

    key = models.CharField(max_length=40, primary_key=True, default=new_token_key)
    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="token")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"token of user {self.user_id}"


class Company(models.Model):
    """A company that a detailed session plays against. This server only reads them."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="companies")
    source_url = models.URLField(max_length=2000)
    scrape_source = models.CharField(max_length=50, blank=True)
    company_name = models.CharField(max_length=255, blank=True)
    industry = models.CharField(max_length=100, blank=True)
    business_description = models.TextField(blank=True)
    location = models.CharField(max_length=255, blank=True)
    employee_count = models.CharField(max_length=100, blank=True)
    established_year = models.IntegerField(null=True)
    scraped_urls = models.JSONField(default=list)
    scraped_data = models.JSONField(default=dict)
    scraped_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)


class SpinStage(models.TextChoices):
    """The four kinds of question of SPIN selling, in their order."""

    SITUATION = "S"
    PROBLEM = "P"
    IMPLICATION = "I"
    NEED_PAYOFF = "N"


def lease_horizon() -> datetime:
    """Leases renewed before this moment have lapsed."""
    return timezone.now() - timedelta(seconds=settings.SALESMIND_LEASE_SECONDS)


class SessionQuerySet(models.QuerySet["Session"]):
    """Sessions, with the state of their connections where asked for."""

    def with_realtime_mode(self) -> SessionQuerySet:
        """Annotate ``realtime_mode``: whether any connection of the session is open."""
        live = ConnectionLease.objects.filter(session=models.OuterRef("pk"), heartbeat_at__gt=lease_horizon())
        return self.annotate(realtime_mode=models.Exists(live))

    def described(self) -> SessionQuerySet:
        """With everything that ``SessionSerializer`` shows."""
        return self.with_realtime_mode().with_figures().select_related("company")

    def with_figures(self) -> SessionQuerySet:
        """Annotate ``message_count``, and ``total_score``: the report's, null before there is one."""
        messages = Message.objects.filter(session=models.OuterRef("pk")).order_by().values("session")
        total = Cast(KT("spin_scores__total"), models.IntegerField())
        reports = Report.objects.filter(session=models.OuterRef("pk")).annotate(total=total)
        count = models.Subquery(messages.annotate(n=models.Count("pk")).values("n"))
        return self.annotate(
            message_count=Coalesce(count, 0), total_score=models.Subquery(reports.values("total")[:1])
        )


class Session(models.Model):
    """One role-play: a salesperson practises on one imagined customer."""

    class Mode(models.TextChoices):
        SIMPLE = "simple"
        DETAILED = "detailed"

    class Status(models.TextChoices):
        PENDING = "pending"
        ACTIVE = "active"
        FINISHED = "finished"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sessions")
    mode = models.CharField(max_length=10, choices=Mode.choices, default=Mode.SIMPLE)
    industry = models.CharField(max_length=100)
    value_proposition = models.TextField()
    customer_persona = models.TextField(null=True)  # the contract tells null from ""
    customer_pain = models.TextField(null=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.ACTIVE)
    started_at = models.DateTimeField(auto_now_add=True)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)
    company = models.ForeignKey(Company, null=True, on_delete=models.SET_NULL, related_name="sessions")
    company_analysis = models.UUIDField(null=True)
    success_probability = models.PositiveSmallIntegerField(default=50)
    last_analysis_reason = models.TextField(null=True)
    current_spin_stage = models.CharField(
        max_length=1, choices=SpinStage.choices, default=SpinStage.SITUATION
    )

    objects: ClassVar[Any] = SessionQuerySet.as_manager()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["user", "-created_at"])]


class Message(models.Model):
    """One finished utterance. ``sequence`` counts from 1 within the session."""

    class Role(models.TextChoices):
        SALESPERSON = "salesperson"
        CUSTOMER = "customer"

    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="messages")
    role = models.CharField(max_length=12, choices=Role.choices)
    message = models.TextField()
    sequence = models.PositiveIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)
    success_delta = models.SmallIntegerField(null=True)
    analysis_summary = models.TextField(null=True)
    spin_stage = models.CharField(max_length=1, choices=SpinStage.choices, null=True)
    stage_evaluation = models.CharField(max_length=10, null=True)
    system_notes = models.TextField(null=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["sequence"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["session", "sequence"], name="one_message_per_sequence")
        ]


class Report(models.Model):
    """The scoring of a finished session. There is never a second one."""

    session = models.OneToOneField(Session, on_delete=models.CASCADE, related_name="report")
    spin_scores = models.JSONField()
    feedback = models.TextField()
    next_actions = models.TextField()
    scoring_details = models.JSONField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)


class ConnectionLease(models.Model):
    """One open relay connection of a session, for as long as its worker keeps renewing it.

    ``Session.realtime_mode`` is nothing but "has a lease that has not lapsed", so two connections count as
    two, and a worker that was killed cannot leave the mode behind.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="leases")
    worker = models.CharField(max_length=64, db_index=True)
    opened_at = models.DateTimeField(auto_now_add=True)
    heartbeat_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["session", "heartbeat_at"])]


class Visit(models.Model):
    """One visitor of a demo box, from arrival to a minute after the end.

    While waiting there is no account yet, and after the end there is none any more: deleting it takes the token, the
    sessions and their transcripts with it. A visit says nothing about who the visitor is.
    """

    class Outcome(models.TextChoices):
        LEFT = "left"
        """The visitor ended the visit."""
        IDLE = "idle"
        """Nobody was there any more."""
        TIME_UP = "time_up"
        """The longest stay was over."""
        LOST = "lost"
        """The console was no longer heard of: killed, or its connection dropped."""
        KICKED = "kicked"
        """The operator ended it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.OneToOneField(User, null=True, on_delete=models.SET_NULL, related_name="visit")
    language = models.CharField(max_length=2, blank=True)
    microphone = models.CharField(max_length=16, blank=True)
    """The kind of microphone, never its address."""
    latency_ms = models.PositiveIntegerField(null=True)
    stay_s = models.PositiveIntegerField()
    arrived_at = models.DateTimeField()
    admitted_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(db_index=True)
    ended_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=8, choices=Outcome.choices, blank=True)


class Box(models.Model):
    """The one row of a demo box: what its operator tells the visitors, and its figures. Also the lock of the queue."""

    message = models.CharField(max_length=500, blank=True)
    visits = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    counting_since = models.DateTimeField(default=timezone.now)
