"""The HTTP endpoints (salesmind-api, section 2)."""

from __future__ import annotations

import math
import uuid
from typing import Any, cast

from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.db import Error as DatabaseFailure
from django.utils.translation import gettext as _
from rest_framework import status
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.permissions import AllowAny, BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from backend.spin import addresses, finishing, schema
from backend.spin.box import visits
from backend.spin.keeper import keeper
from backend.spin.login_throttle import Throttled, login_throttle
from backend.spin.models import Company, Report, Session, Token, User
from backend.spin.serializers import (
    FinishSerializer,
    LoginSerializer,
    PageSerializer,
    ReportSerializer,
    SessionDetailSerializer,
    SessionSerializer,
    SessionStartSerializer,
)

LARGEST_ID = 2**63 - 1


def _account(request: Request) -> User:
    """The request's account, on an endpoint that requires one."""
    return cast(User, request.user)


def _validation_failed(serializer: Serializer[Any]) -> Response:
    """The error body of login and finish: every field is named, those that were fine with no sentence."""
    details: dict[str, Any] = {str(name): [] for name in serializer.fields}
    details.update(serializer.errors)
    return Response({"error": "Validation failed", "details": details}, status=status.HTTP_400_BAD_REQUEST)


class Health(APIView):
    """Health: ok only if the database and the keeper work."""

    permission_classes: tuple[type[BasePermission], ...] = (AllowAny,)

    def get(self, request: Request) -> Response:
        """200, or 503 with the reason in ``detail``."""
        try:
            User.objects.exists()
            newer = schema.from_newer_version()
        except DatabaseFailure:
            return self._unavailable(_("The database does not answer, or has not been migrated."))
        if newer:
            return self._unavailable(_("The database comes from a newer version of the server."))
        if keeper.overdue:
            return self._unavailable(
                _(
                    "The state of the open conversations cannot be kept up to date. The cause is in the server's log."
                )
            )
        if settings.SALESMIND_BOX_SECRET is None:
            return Response({"status": "ok"})
        return Response({"status": "ok", "visitors": visits.figures()})

    def _unavailable(self, detail: str) -> Response:
        return Response(
            {"status": "unavailable", "detail": detail}, status=status.HTTP_503_SERVICE_UNAVAILABLE
        )


class Login(APIView):
    """A token for a name and a password."""

    authentication_classes: tuple[type[BaseAuthentication], ...] = ()
    permission_classes: tuple[type[BasePermission], ...] = (AllowAny,)

    def post(self, request: Request) -> Response:
        """200 with the account's one token; 400, 401, 403 or, after many failures, 429 otherwise."""
        serializer = LoginSerializer(data=request.data)
        if not serializer.is_valid():
            return _validation_failed(serializer)
        username, password = serializer.validated_data["username"], serializer.validated_data["password"]
        try:
            with login_throttle.attempt(username, addresses.of_request(request)) as attempt:
                user = self._user(username, password)
                attempt.succeeded = user is not None
        except Throttled as throttled:
            return self._throttled(math.ceil(throttled.retry_after_s))
        if user is None:
            return self._refused(_("The user name or the password is wrong."), status.HTTP_401_UNAUTHORIZED)
        if not user.is_active:
            return self._refused(_("This account is deactivated."), status.HTTP_403_FORBIDDEN)
        token, _created = Token.objects.get_or_create(user=user)
        return Response(
            {
                "message": _("Logged in."),
                "token": token.key,
                "user": {"id": user.pk, "username": user.username, "email": user.email},
            }
        )

    def _user(self, username: str, password: str) -> User | None:
        user = User.objects.filter(username=username).first()
        if user is None:
            make_password(password)  # the same time as a wrong password, so that names cannot be found out
        return user if user and check_password(password, user.password) else None

    def _throttled(self, seconds: int) -> Response:
        sentence = _("Too many failed logins. Try again in %(seconds)d s.") % {"seconds": seconds}
        response = self._refused(sentence, status.HTTP_429_TOO_MANY_REQUESTS)
        response["Retry-After"] = str(seconds)
        return response

    def _refused(self, sentence: str, code: int) -> Response:
        return Response({"error": _("Login failed"), "message": sentence}, status=code)


class SessionStart(APIView):
    """A new role-play."""

    def post(self, request: Request) -> Response:
        """201 with the session, or 400 with a sentence for each field."""
        serializer = SessionStartSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        fields = dict(serializer.validated_data)
        company_id = fields.pop("company_id")
        company = self._company(request, company_id) if company_id else None
        if company and not fields["industry"]:
            fields["industry"] = company.industry
        created = Session.objects.create(user=_account(request), company=company, **fields)
        session = Session.objects.described().get(pk=created.pk)
        return Response(SessionSerializer(session).data, status=status.HTTP_201_CREATED)

    def _company(self, request: Request, company_id: uuid.UUID) -> Company:
        company = Company.objects.filter(pk=company_id, user=_account(request)).first()
        if company is None:
            # A bare sentence, not a list: the contract has it so.
            raise ValidationError(cast(Any, {"company_id": _("There is no such company.")}))
        return company


class SessionList(APIView):
    """The user's own sessions, newest first."""

    def get(self, request: Request) -> Response:
        """One page; past the end it is empty."""
        paging = PageSerializer(data=request.query_params.dict())
        paging.is_valid(raise_exception=True)
        page, size = paging.validated_data["page"], paging.validated_data["page_size"]
        sessions = Session.objects.filter(user=_account(request))
        count = sessions.count()
        start = (page - 1) * size
        results: list[Any] = []
        if start < count and size:
            ordered = sessions.described().order_by("-created_at", "-pk")
            results = list(SessionSerializer(ordered[start : min(start + size, count)], many=True).data)
        return Response({"count": count, "page": page, "page_size": size, "results": results})


class SessionDetail(APIView):
    """One session with its messages and report."""

    def get(self, request: Request, session_id: uuid.UUID) -> Response:
        """200, or 404 if it does not exist or belongs to another user."""
        sessions = Session.objects.described().prefetch_related("messages")
        session = sessions.filter(pk=session_id, user=_account(request)).first()
        if session is None:
            raise NotFound(_("There is no such session."))
        return Response(SessionDetailSerializer(session).data)


class SessionFinish(APIView):
    """The end of a role-play, with its scoring."""

    def post(self, request: Request) -> Response:
        """200 with the scores. Calls that run at the same time all get the one report."""
        serializer = FinishSerializer(data=request.data)
        if not serializer.is_valid():
            return _validation_failed(serializer)
        report = finishing.finish(serializer.validated_data["session_id"], _account(request))
        return Response(
            {
                "session_id": str(report.session_id),
                "report_id": report.pk,
                "status": report.session.status,
                "finished_at": report.session.finished_at and report.session.finished_at.isoformat(),
                "spin_scores": report.spin_scores,
                "feedback": report.feedback,
                "next_actions": report.next_actions,
            }
        )


class ReportDetail(APIView):
    """The report of one of the user's own sessions."""

    def get(self, request: Request, report_id: int) -> Response:
        """200; 403 if it belongs to another user, 404 if it does not exist."""
        report = (
            Report.objects.select_related("session").filter(pk=report_id).first()
            if report_id <= LARGEST_ID
            else None
        )
        if report is None:
            raise NotFound(_("There is no such report."))
        if report.session.user_id != _account(request).pk:
            return Response(
                {"error": _("This report belongs to another account.")}, status=status.HTTP_403_FORBIDDEN
            )
        return Response(ReportSerializer(report).data)
