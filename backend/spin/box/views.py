"""The endpoints of a demo box, below ``/api/box/``: for its kiosks and its operator, who know the box's secret.

Without a secret the server has no box, and every path answers 404.
"""

from __future__ import annotations

import secrets
import uuid
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from rest_framework import serializers, status
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed, NotFound
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from backend.spin.box import visits
from backend.spin.box.visits import Full, Over, Standing, Unknown
from backend.spin.models import Visit


@dataclass(frozen=True, slots=True)
class BoxItself:
    """Who asks: whoever knows the secret. No account."""

    is_authenticated: bool = True


class BoxSecret(BaseAuthentication):
    """``Authorization: Box <secret>``."""

    def authenticate(self, request: Request) -> tuple[Any, None] | None:
        """The box, or None without credentials (401). Raises ``AuthenticationFailed`` (401) for a wrong secret."""
        scheme, _space, given = get_authorization_header(request).partition(b" ")
        if scheme.lower() != b"box":
            return None
        secret: str = settings.SALESMIND_BOX_SECRET or ""  # there is one, or the view would have answered
        if not secret or not secrets.compare_digest(given.strip(), secret.encode()):
            raise AuthenticationFailed(_("The secret of the box is wrong."))
        return BoxItself(), None

    def authenticate_header(self, request: Request) -> str:
        """For ``WWW-Authenticate``, which makes the answer a 401."""
        return "Box"


class BoxView(APIView):
    """What only the box may do."""

    authentication_classes = (BoxSecret,)
    permission_classes = (IsAuthenticated,)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Raises ``NotFound`` (404) where there is no box."""
        if settings.SALESMIND_BOX_SECRET is None:
            raise NotFound(_("There is nothing here."))
        super().initial(request, *args, **kwargs)


class ArrivalSerializer(serializers.Serializer[Any]):
    """Who arrives."""

    language = serializers.ChoiceField(choices=("ja", "en"), default="", allow_blank=True)
    stay_seconds = serializers.FloatField(required=False, min_value=1, max_value=31_536_000)


class ReportSerializer(serializers.Serializer[Any]):
    """What a kiosk reports of its visit."""

    language = serializers.ChoiceField(choices=("ja", "en"), required=False)
    # "source" is an attribute of DRF's own fields.
    microphone = serializers.RegexField(r"^[a-z]{0,16}$", required=False, allow_blank=True)
    latency_ms = serializers.IntegerField(required=False, allow_null=True, min_value=0, max_value=3_600_000)


class MessageSerializer(serializers.Serializer[Any]):
    """A message to all visitors."""

    text = serializers.CharField(max_length=500, allow_blank=True)


class Visitors(BoxView):
    """All visits."""

    def get(self, request: Request) -> Response:
        """200 with the overview for the operator."""
        return Response(visits.overview())

    def post(self, request: Request) -> Response:
        """Somebody arrives: 201 with the visit, or 429 if nobody more can wait."""
        arrival = ArrivalSerializer(data=request.data)
        arrival.is_valid(raise_exception=True)
        given = arrival.validated_data
        try:
            standing = visits.arrive(given["language"], given.get("stay_seconds"))
        except Full:
            answer = {"detail": _("All places are taken, and so is the queue."), "code": "box_full"}
            return Response(answer, status=status.HTTP_429_TOO_MANY_REQUESTS)
        return Response(_body(standing), status=status.HTTP_201_CREATED)


class Visitor(BoxView):
    """One visit."""

    def post(self, request: Request, visit_id: uuid.UUID) -> Response:
        """The kiosk is still there: 200 with how the visit stands, 410 if it is over, 404 if it is unknown."""
        news = ReportSerializer(data=request.data)
        news.is_valid(raise_exception=True)
        try:
            return Response(_body(visits.report(visit_id, **news.validated_data)))
        except (Over, Unknown) as gone:
            return _gone(gone)

    def delete(self, request: Request, visit_id: uuid.UUID) -> Response:
        """End it: 204. ``?outcome=`` says why (``left``, ``idle``, ``kicked``)."""
        outcome = request.query_params.get("outcome", Visit.Outcome.LEFT)
        if outcome not in Visit.Outcome.values:
            raise serializers.ValidationError({"outcome": [_("There is no such outcome.")]})
        try:
            visits.leave(visit_id, Visit.Outcome(outcome))
        except (Over, Unknown) as gone:
            return _gone(gone)
        return Response(status=status.HTTP_204_NO_CONTENT)


class Message(BoxView):
    """The operator's message to the visitors."""

    def post(self, request: Request) -> Response:
        """200; an empty text takes the last one back."""
        message = MessageSerializer(data=request.data)
        message.is_valid(raise_exception=True)
        visits.tell_everyone(message.validated_data["text"])
        return Response({"message": message.validated_data["text"]})


def _body(standing: Standing) -> dict[str, Any]:
    return {
        "id": str(standing.id),
        "place": standing.place,
        "visitors": standing.visitors,
        "limit": standing.limit,
        "message": standing.message,
        "username": standing.username,
        "token": standing.token,
        "left_seconds": standing.left_s,
    }


def _gone(gone: Over | Unknown) -> Response:
    if isinstance(gone, Over):
        answer = {"detail": _("The visit is over."), "code": "visit_over", "outcome": gone.outcome}
        return Response(answer, status=status.HTTP_410_GONE)
    answer = {"detail": _("There is no such visit."), "code": "visit_unknown"}
    return Response(answer, status=status.HTTP_404_NOT_FOUND)
