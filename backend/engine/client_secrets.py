"""Ephemeral keys: what ``POST /v1/realtime/client_secrets`` gives a browser instead of the real one.

Fields, ranges and defaults after OpenAI's published schema, as in the ``openai`` package's
``client_secret_create_params``. A secret opens any number of sessions until it expires.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

PREFIX = "ek_"
DEFAULT_S, SHORTEST_S, LONGEST_S = 600, 10, 7_200
_LIMIT = 1_000
"""Most secrets remembered; beyond that, the one that expires first is dropped."""


@dataclass(frozen=True, slots=True)
class ClientSecret:
    """``settings``: the session's, as they were asked for. The value is in no repr and no log."""

    value: str = field(repr=False)
    expires_at: float
    settings: dict[str, Any]


class ClientSecrets:
    """The secrets of one engine, in memory: they end with it."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._known: dict[str, ClientSecret] = {}

    def issue(self, settings: dict[str, Any], lives_s: float = DEFAULT_S) -> ClientSecret:
        """A new secret that opens sessions with ``settings`` for ``lives_s`` seconds."""
        self._forget_expired()
        if len(self._known) >= _LIMIT:
            del self._known[min(self._known.values(), key=lambda secret: secret.expires_at).value]
        secret = ClientSecret(PREFIX + secrets.token_urlsafe(24), self._now() + lives_s, settings)
        self._known[secret.value] = secret
        return secret

    def get(self, value: str) -> ClientSecret | None:
        """The secret, if it was issued here and has not expired."""
        self._forget_expired()
        return self._known.get(value)

    def _forget_expired(self) -> None:
        now = self._now()
        self._known = {value: secret for value, secret in self._known.items() if secret.expires_at > now}
