"""The JSON shapes of the HTTP contract (salesmind-api, section 2)."""

from __future__ import annotations

import uuid
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from backend.spin.models import Company, Message, Report, Session, User

LONGEST_TEXT = 10_000
"""Characters of what describes a session: about ten pages. It stands in every list, and goes to the model."""
LONGEST_PASSWORD = 1000
LARGEST_PAGE = 200
"""Sessions in one answer."""


class CanonicalUUIDField(serializers.UUIDField):
    """A uuid written as text; numbers, which ``uuid.UUID`` would take too, are refused."""

    def to_internal_value(self, data: Any) -> uuid.UUID:
        """Raises ``ValidationError`` for anything but a uuid in text."""
        if not isinstance(data, str | uuid.UUID):
            self.fail("invalid", value=data)
        value: uuid.UUID = super().to_internal_value(data)
        return value


class LoginSerializer(serializers.Serializer[Any]):
    """What a login must hold."""

    username = serializers.CharField(max_length=User._meta.get_field("username").max_length)
    password = serializers.CharField(max_length=LONGEST_PASSWORD, trim_whitespace=False)


class FinishSerializer(serializers.Serializer[Any]):
    """Which session to finish."""

    session_id = CanonicalUUIDField()


class PageSerializer(serializers.Serializer[Any]):
    """The paging of a list. ``page_size`` 0 asks for the count alone."""

    page = serializers.IntegerField(min_value=1, default=1)
    page_size = serializers.IntegerField(min_value=0, max_value=LARGEST_PAGE, default=20)


class CompanySerializer(serializers.ModelSerializer[Company]):
    """The company of a detailed session."""

    class Meta:
        model = Company
        exclude = ("user",)


class SessionSerializer(serializers.ModelSerializer[Session]):
    """A session, from ``SessionQuerySet.described``.

    ``message_count`` and ``total_score`` are this server's own, for lists: others do not give them.
    """

    realtime_mode = serializers.BooleanField(read_only=True)
    message_count = serializers.IntegerField(read_only=True)
    total_score = serializers.IntegerField(read_only=True, allow_null=True)
    company = CompanySerializer(read_only=True)

    class Meta:
        model = Session
        fields = (
            "id",
            "user",
            "mode",
            "realtime_mode",
            "industry",
            "value_proposition",
            "customer_persona",
            "customer_pain",
            "status",
            "started_at",
            "created_at",
            "finished_at",
            "company",
            "company_analysis",
            "success_probability",
            "last_analysis_reason",
            "current_spin_stage",
            "message_count",
            "total_score",
        )


class SessionStartSerializer(serializers.Serializer[Any]):
    """A session to start. Unknown and read-only fields are ignored."""

    value_proposition = serializers.CharField(min_length=5, max_length=LONGEST_TEXT)
    industry = serializers.CharField(max_length=100, required=False, allow_blank=True, default="")
    customer_persona = serializers.CharField(
        max_length=LONGEST_TEXT, required=False, allow_blank=True, allow_null=True, default=None
    )
    customer_pain = serializers.CharField(
        max_length=LONGEST_TEXT, required=False, allow_blank=True, allow_null=True, default=None
    )
    mode = serializers.ChoiceField(choices=Session.Mode.choices, required=False)
    company_id = CanonicalUUIDField(required=False, allow_null=True, default=None)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Settle the mode and check what depends on it."""
        has_company = attrs["company_id"] is not None
        attrs.setdefault("mode", Session.Mode.DETAILED if has_company else Session.Mode.SIMPLE)
        if attrs["mode"] == Session.Mode.DETAILED and not has_company:
            raise serializers.ValidationError({"company_id": [_("A detailed session needs a company.")]})
        if attrs["mode"] == Session.Mode.SIMPLE:
            if has_company:
                raise serializers.ValidationError({"company_id": [_("A simple session has no company.")]})
            if not attrs["industry"]:
                raise serializers.ValidationError({"industry": [_("A simple session needs an industry.")]})
        return attrs


class MessageSerializer(serializers.ModelSerializer[Message]):
    """One utterance."""

    class Meta:
        model = Message
        exclude = ("session",)


class ReportSerializer(serializers.ModelSerializer[Report]):
    """The scoring of a finished session."""

    session_id = serializers.UUIDField(read_only=True)

    class Meta:
        model = Report
        fields = (
            "id",
            "session_id",
            "spin_scores",
            "feedback",
            "next_actions",
            "scoring_details",
            "created_at",
        )


class SessionDetailSerializer(SessionSerializer):
    """A session with its messages and report."""

    messages = MessageSerializer(many=True, read_only=True)
    report = serializers.SerializerMethodField()

    class Meta(SessionSerializer.Meta):
        fields = (*SessionSerializer.Meta.fields, "messages", "report")  # type: ignore[assignment]

    def get_report(self, session: Session) -> dict[str, Any] | None:
        """The report, or null while there is none."""
        report = Report.objects.filter(session=session).first()
        return dict(ReportSerializer(report).data) if report else None
