"""The engine's plain HTTP: client secrets, and an explanatory error for everything else.

Status codes and the form of errors are OpenAI's. WebRTC and SIP (``/v1/realtime/calls``) are not offered.
"""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any

from backend.engine.admission import PATH, Admission, key_refused
from backend.engine.client_secrets import DEFAULT_S, ClientSecrets
from backend.engine.doorway import PlainAnswer, PlainRequest, error_answer
from backend.engine.json_text import from_json
from backend.engine.options import EngineOptions
from backend.engine.protocol import ProtocolError
from backend.engine.session import session_of
from backend.engine.session_schema import CLIENT_SECRET

log = logging.getLogger(__name__)

SECRETS_PATH = f"{PATH}/client_secrets"
CALLS_PATH = f"{PATH}/calls"
_BETA_PATHS = (f"{PATH}/sessions", f"{PATH}/transcription_sessions")


class HttpApi:
    """Answers requests other than WebSocket handshakes."""

    def __init__(self, admission: Admission, secrets: ClientSecrets, options: EngineOptions) -> None:
        self._admission = admission
        self._secrets = secrets
        self._max_age_s = options.max_age_s
        self._strict = not options.lenient

    def answer(self, request: PlainRequest) -> PlainAnswer:
        """The answer to ``request``; never raises for anything that a client can send."""
        path = request.target.partition("?")[0].rstrip("/")
        if path == SECRETS_PATH:
            return self._client_secrets(request)
        if path == PATH:
            if request.method != "GET":
                return _only("GET", "a WebSocket handshake")
            message = f"{PATH} is a WebSocket: connect with ws:// (or wss://) in place of http://."
            upgrade = (("Upgrade", "websocket"),)
            return error_answer(HTTPStatus.UPGRADE_REQUIRED, message, "websocket_required", headers=upgrade)
        if path == CALLS_PATH or path.startswith(f"{CALLS_PATH}/"):
            message = f"The engine offers neither WebRTC nor SIP. Connect a WebSocket to {PATH}."
            return error_answer(HTTPStatus.NOT_FOUND, message, "webrtc_not_offered")
        if path in _BETA_PATHS:
            message = f"The Realtime Beta API is no longer supported. Use POST {SECRETS_PATH}."
            return error_answer(HTTPStatus.NOT_FOUND, message, "beta_api_shape_disabled")
        message = (
            f"Invalid URL ({request.method} {path or '/'}). The engine serves {PATH} and {SECRETS_PATH}."
        )
        return error_answer(HTTPStatus.NOT_FOUND, message, "invalid_url")

    def _client_secrets(self, request: PlainRequest) -> PlainAnswer:
        if request.method != "POST":
            return _only("POST", "a client secret to be made")
        if refused := self._admission.page_refusal(request.headers.get("origin")):
            return error_answer(HTTPStatus.FORBIDDEN, refused.message, refused.code)
        if not self._admission.knows_owner(request.headers):
            return error_answer(HTTPStatus.UNAUTHORIZED, key_refused().message, key_refused().code)
        try:
            wanted = _body(request.body)
            CLIENT_SECRET.check(wanted, "", self._strict)
            given = wanted.get("session")
            settings = {"type": "realtime"} if given is None else given
            session = session_of(settings, self._max_age_s, strict=self._strict)
        except ProtocolError as error:
            return error_answer(HTTPStatus.BAD_REQUEST, error.message, error.code, error.param)
        secret = self._secrets.issue(settings, (wanted.get("expires_after") or {}).get("seconds", DEFAULT_S))
        log.info("client secret made; it expires at %d", secret.expires_at)
        content = {"value": secret.value, "expires_at": int(secret.expires_at), "session": session}
        return PlainAnswer(HTTPStatus.OK, content, (("Cache-Control", "no-store"),))


def _body(body: bytes) -> dict[str, Any]:
    try:
        parsed = from_json(body or b"{}")
    except (ValueError, RecursionError) as error:
        message = "We could not parse the JSON body of your request."
        raise ProtocolError("invalid_json", message) from error
    if not isinstance(parsed, dict):
        raise ProtocolError("invalid_type", "The body of the request is to be a JSON object.")
    return parsed


def _only(method: str, purpose: str) -> PlainAnswer:
    message = f"Only {method} requests are accepted here, for {purpose}."
    return error_answer(
        HTTPStatus.METHOD_NOT_ALLOWED, message, "method_not_supported", headers=(("Allow", method),)
    )
