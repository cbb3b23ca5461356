"""The SalesMind server over HTTP (salesmind-api.md, section 2)."""

from __future__ import annotations

import re
from types import TracebackType
from typing import Self, TypeVar

import msgspec

from api_client.answers import Endpoint, read_answer
from api_client.client_events import encode_json
from api_client.errors import NotFound
from api_client.http_transport import HttpTransport
from api_client.models import (
    FinishedSession,
    Health,
    Login,
    NewSession,
    Session,
    SessionDetail,
    SessionPage,
)
from api_client.server_url import normalise_server_url

Value = TypeVar("Value")

FINISH_TIMEOUT_S = 90.0
"""Finishing takes as long as the scoring model; the contract asks for 60 s or more."""

_PATH_ID = re.compile(r"[\w-]+", re.ASCII)


class _HealthBody(msgspec.Struct):
    status: str


class SalesMindClient:
    """One server and, after ``login``, one of its users.

    Every method raises ``ApiError`` or one of its subclasses and nothing else: ``ServerUnreachable``,
    ``ServerTimeout``, ``TlsError``, ``UnexpectedRedirect``, ``ServerFault``, ``UnexpectedAnswer`` and
    ``RateLimited`` from all of them, ``NotAuthenticated`` from those that need a login. ``timeout_s`` is for
    one whole request, in seconds. ``repr`` leaves the token out.
    """

    def __init__(
        self,
        server_url: str,
        *,
        token: str | None = None,
        insecure: bool = False,
        timeout_s: float = 10.0,
        language: str = "en",
    ) -> None:
        """Raises ``BadUrl``. ``insecure`` accepts certificates that cannot be verified."""
        self.server_url = normalise_server_url(server_url)
        self.insecure = insecure
        self.timeout_s = timeout_s
        self.language = language
        self._token = token
        self._transport: HttpTransport | None = None

    def __repr__(self) -> str:
        state = "logged in" if self._token else "not logged in"
        return f"<SalesMindClient {self.server_url} {state}>"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    @property
    def token(self) -> str | None:
        """The token from ``login``, or null."""
        return self._token

    async def aclose(self) -> None:
        """Close the connections. The next request would open new ones."""
        transport, self._transport = self._transport, None
        if transport is not None:
            await transport.aclose()

    async def health(self) -> Health:
        """Whether the server is there, and how quickly it answers."""
        # Without the token: a bad one is answered with 401 here too.
        body, round_trip_ms = await self._call("GET", "/api/health/", _HealthBody, authenticated=False)
        return Health(status=body.status, round_trip_ms=round_trip_ms)

    async def login(self, username: str, password: str) -> Login:
        """Log in, and use the token from now on.

        Raises ``BadCredentials``, ``AccountRefused``, ``NotText``, and ``ValidationFailed`` for an empty field.
        """
        json = encode_json({"username": username, "password": password})
        login, _ = await self._call(
            "POST", "/api/auth/login/", Login, json=json, authenticated=False, endpoint=Endpoint.LOGIN
        )
        self._token = login.token
        return login

    async def list_sessions(self, page: int = 1, page_size: int = 20) -> SessionPage:
        """One page of the user's sessions, newest first; past the end it is empty. Both numbers from 1."""
        path = f"/api/session/list/?page={max(page, 1)}&page_size={max(page_size, 1)}"
        return (await self._call("GET", path, SessionPage))[0]

    async def start_session(self, new: NewSession) -> Session:
        """Start a session. Raises ``NotText``, and ``ValidationFailed`` with the server's messages by field."""
        json = encode_json(new)
        return (await self._call("POST", "/api/session/start/", Session, json=json))[0]

    async def get_session(self, session_id: str) -> SessionDetail:
        """One session with its turns and report. Raises ``NotFound``, also for another user's."""
        if not _PATH_ID.fullmatch(session_id):
            raise NotFound("The server has no such session.")
        path = f"/api/session/{session_id}/"
        return (await self._call("GET", path, SessionDetail, endpoint=Endpoint.ONE_SESSION))[0]

    async def finish_session(self, session_id: str) -> FinishedSession:
        """Finish a session and wait for its scores, up to ``FINISH_TIMEOUT_S`` or ``timeout_s`` if longer.

        Raises ``NotFound``; ``ValidationFailed`` when it has no turns yet or is finished already;
        ``ServerFault`` if the scoring failed, after which the session is still active and finishing may be
        tried again.
        """
        if not _PATH_ID.fullmatch(session_id):
            raise NotFound("The server has no such session.")
        finished, _ = await self._call(
            "POST",
            "/api/session/finish/",
            FinishedSession,
            json=encode_json({"session_id": session_id}),
            endpoint=Endpoint.ONE_SESSION,
            timeout_s=max(FINISH_TIMEOUT_S, self.timeout_s),
        )
        return finished

    async def _call(
        self,
        method: str,
        path: str,
        shape: type[Value],
        *,
        json: bytes | None = None,
        authenticated: bool = True,
        endpoint: Endpoint = Endpoint.PLAIN,
        timeout_s: float | None = None,
    ) -> tuple[Value, float]:
        if self._transport is None:
            self._transport = HttpTransport(self.server_url, insecure=self.insecure, language=self.language)
        answer = await self._transport.request(
            method,
            path,
            token=self._token if authenticated else None,
            timeout_s=self.timeout_s if timeout_s is None else timeout_s,
            json=json,
        )
        value = read_answer(answer, shape, server_url=self.server_url, path=path, endpoint=endpoint)
        return value, answer.round_trip_ms
