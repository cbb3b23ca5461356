"""Authentication. HTTP and WebSocket check tokens with the same function, so neither admits what the other refuses."""

from __future__ import annotations

from collections.abc import Collection

from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.authentication import TokenAuthentication

from backend.spin.models import Token, User


def user_of_token(key: str) -> User | None:
    """The account that ``key`` belongs to; None if there is none or it is deactivated."""
    if "\0" in key:  # which PostgreSQL would not even look for
        return None
    token = Token.objects.select_related("user").filter(key=key, user__is_active=True).first()
    return token.user if token else None


def still_valid(keys: Collection[str]) -> set[str]:
    """The ``keys`` that are still valid, in one query."""
    return set(Token.objects.filter(key__in=keys, user__is_active=True).values_list("key", flat=True))


class HeaderToken(TokenAuthentication):
    """``Authorization: Token <40 hex>``; the scheme in any case, any other scheme is anonymous."""

    model = Token

    def authenticate_credentials(self, key: str) -> tuple[User, str]:
        """The account and its token. Raises ``AuthenticationFailed`` (401)."""
        user = user_of_token(key)
        if user is None:
            raise exceptions.AuthenticationFailed(_("The token is not valid, or its account is deactivated."))
        return user, key
