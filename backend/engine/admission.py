"""Admission: paths, keys, browser pages, the beta API, and handshakes refused by a fault."""

from __future__ import annotations

import hmac
import http
import ipaddress
import uuid
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import ServerConnection
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from backend.engine.client_secrets import PREFIX, ClientSecret, ClientSecrets
from backend.engine.doorway import PlainAnswer, error_answer
from backend.engine.misbehaviour import FaultPlan, refusal
from backend.engine.options import EngineOptions
from backend.engine.protocol import ProtocolError

PATH = "/v1/realtime"
CONTROL_PATH = "/control"
REFUSED = 4000
KEY_REFUSED = 3000
MAX_SESSIONS = 128
"""Most sessions at once; further ones are refused with 503."""
_SUBPROTOCOL = Subprotocol("realtime")
_KEY_SUBPROTOCOL = "openai-insecure-api-key."
_BETA_SUBPROTOCOL = "openai-beta."
_KNOWN_SUBPROTOCOLS = (_KEY_SUBPROTOCOL, "openai-organization.", "openai-project.", "openai-agents-sdk.")
"""Subprotocols of the official clients besides ``realtime``: openai for Node.js and openai-agents for JavaScript."""


class Admission:
    """Decides about each handshake. Numbers those for ``PATH``, for faults that are meant for one of them."""

    def __init__(self, plan: FaultPlan, options: EngineOptions, secrets: ClientSecrets) -> None:
        self._plan = plan
        self._options = options
        self._secrets = secrets
        self._numbers: dict[uuid.UUID, int] = {}
        self.sessions = 0
        """How many are open."""

    def route(self, socket: ServerConnection, request: Request) -> Response | None:
        """None to continue the handshake, otherwise the response that refuses it."""
        path = path_of(request)
        if path == PATH:
            return self._session_refusal(socket, request)
        if path == CONTROL_PATH and self._options.control:
            return self._control_refusal(socket, request)
        message = f"Invalid URL (GET {path}). The engine serves {PATH}."
        return _respond(socket, error_answer(http.HTTPStatus.NOT_FOUND, message, "invalid_url"))

    def settle(self, socket: ServerConnection, request: Request, response: Response) -> Response | None:
        """After the handshake: one that the websockets package refused itself is refused in JSON, as all others are."""
        if response.status_code == http.HTTPStatus.SWITCHING_PROTOCOLS:
            return None
        self._numbers.pop(socket.id, None)
        if response.headers.get_all("Content-Type") == ["application/json"]:
            return None
        body = bytes(response.body or b"").decode("utf-8", "replace").strip()
        return _respond(socket, error_answer(http.HTTPStatus(response.status_code), body))

    def number_of(self, socket: ServerConnection) -> int:
        """The number of this connection to ``PATH``, from 1; call it once."""
        return self._numbers.pop(socket.id)

    def objection(self, request: Request | None) -> tuple[ProtocolError, int] | None:
        """What is wrong with a client after the handshake, and the close code.

        OpenAI refuses keys, the beta and the model with an ``error`` event, so that a browser gets to read why.
        """
        if request is None:
            return None
        offered = _offered(request)
        beta = any(name.startswith(_BETA_SUBPROTOCOL) for name in offered)
        if beta or "realtime=v1" in _header(request, "OpenAI-Beta"):
            message = "The Realtime Beta API is no longer supported. Please use /v1/realtime for the GA API."
            return ProtocolError("beta_api_shape_disabled", message), REFUSED
        if not self._knows_key(_key_of(request)):
            return key_refused(), KEY_REFUSED
        if self._options.lenient:
            return None
        problem = _unknown_subprotocol(offered) or self._model_problem(request)
        return (problem, REFUSED) if problem else None

    def secret_of(self, request: Request | None) -> ClientSecret | None:
        """The client secret that a client sent as its key, if it was one."""
        return self._secrets.get(_key_of(request)) if request else None

    def knows_owner(self, headers: Mapping[str, str]) -> bool:
        """Whether the key is the engine's token, which is required to create client secrets if there is one."""
        return self._is_token(_bearer(headers.get("authorization", "")))

    def page_refusal(self, origin: str | None, key: str = "") -> ProtocolError | None:
        """Why a browser page is refused: it is from another machine, and nothing else would keep it out.

        Without this any page on the web could talk with an engine on the reader's own machine. With a token the
        page needs that anyway. None as ``origin``: not from a page.
        """
        if origin is None or _is_loopback_origin(origin) or origin in self._options.origins:
            return None
        if self._options.token is not None or self._secrets.get(key):
            return None
        message = (
            "A page of another machine needs the engine's token or a client secret; "
            "or start the engine with --allow-origin and the page's origin."
        )
        return ProtocolError("origin_not_allowed", message)

    def _session_refusal(self, socket: ServerConnection, request: Request) -> Response | None:
        number, fault = self._plan.admit()
        if fault is not None:
            status, body = refusal(fault)
            return _json_response(socket, status, body)
        origin = _header(request, "Origin") if "Origin" in request.headers else None
        if refused := self.page_refusal(origin, _key_of(request)):
            return _respond(socket, error_answer(http.HTTPStatus.FORBIDDEN, refused.message, refused.code))
        if self.sessions >= MAX_SESSIONS:
            message = f"The engine has {MAX_SESSIONS} sessions open and takes no more; close one."
            status = http.HTTPStatus.SERVICE_UNAVAILABLE
            return _respond(socket, error_answer(status, message, "too_many_sessions", kind="server_error"))
        self._numbers[socket.id] = number
        return None

    def _knows_key(self, key: str) -> bool:
        if key.startswith(PREFIX) and self._secrets.get(key):
            return True
        if self._options.token is None and key.startswith(PREFIX):
            return self._options.lenient  # nobody's, or expired
        return self._is_token(key)

    def _is_token(self, key: str) -> bool:
        token = self._options.token
        return token is None or hmac.compare_digest(key.encode(), token.encode())

    def _model_problem(self, request: Request) -> ProtocolError | None:
        query = query_of(request)
        if query.get("intent") == ["transcription"]:
            if "model" not in query:
                return None
            return ProtocolError(
                "invalid_model", "You must not provide a model parameter for transcription sessions."
            )
        if "model" in query or self.secret_of(request):
            return None
        message = f"You must provide a model parameter, as in {PATH}?model=gpt-realtime-2.1."
        return ProtocolError("missing_model", message)

    def _control_refusal(self, socket: ServerConnection, request: Request) -> Response | None:
        """Only programs on this machine, but no browser pages, may control faults."""
        address = ipaddress.ip_address(str(socket.remote_address[0]).partition("%")[0])
        if not address.is_loopback or "Origin" in request.headers:
            answer = error_answer(http.HTTPStatus.FORBIDDEN, "Only for programs on this machine.")
            return _respond(socket, answer)
        if not self._is_token(_key_of(request)):
            message = "Send the engine's token as a bearer token."
            return _respond(socket, error_answer(http.HTTPStatus.UNAUTHORIZED, message))
        return None


def key_refused() -> ProtocolError:
    """The error for a wrong key."""
    message = (
        "Incorrect API key provided. Send the token that the engine was started with, or a client secret."
    )
    return ProtocolError("invalid_api_key", message)


def path_of(request: Request) -> str:
    """The path of a request without its query and without a slash at its end."""
    return request.path.partition("?")[0].rstrip("/")


def query_of(request: Request) -> dict[str, list[str]]:
    """The query of a request."""
    return parse_qs(request.path.partition("?")[2])


def subprotocol(socket: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    """``realtime`` for clients that ask for it, as browsers do, who have no other way to send a key."""
    return _SUBPROTOCOL if _SUBPROTOCOL in offered else None


def _respond(socket: ServerConnection, answer: PlainAnswer) -> Response:
    return _json_response(socket, answer.status, answer.body().decode())


def _json_response(socket: ServerConnection, status: http.HTTPStatus, body: str) -> Response:
    response = socket.respond(status, body)
    del response.headers["Content-Type"]  # to set one adds to what is there
    response.headers["Content-Type"] = "application/json"
    return response


def _offered(request: Request) -> list[str]:
    names = (part.strip() for part in _header(request, "Sec-WebSocket-Protocol").split(","))
    return [name for name in names if name]


def _unknown_subprotocol(offered: Sequence[str]) -> ProtocolError | None:
    for name in offered:
        if name != _SUBPROTOCOL and not name.startswith(_KNOWN_SUBPROTOCOLS):
            message = (
                f"Unknown subprotocol '{name[:64]}'. Offer 'realtime', with a key as '{_KEY_SUBPROTOCOL}KEY'."
            )
            return ProtocolError("invalid_value", message, "Sec-WebSocket-Protocol")
    return None


def _key_of(request: Request) -> str:
    given = _bearer(_header(request, "Authorization"))
    offered = [name for name in _offered(request) if name.startswith(_KEY_SUBPROTOCOL)]
    return given or next(iter(offered), "").removeprefix(_KEY_SUBPROTOCOL)


def _header(request: Request, name: str) -> str:
    """A header as one value, however often it was sent."""
    return ",".join(request.headers.get_all(name))


def _bearer(authorization: str) -> str:
    scheme, _, key = authorization.partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""


def _is_loopback_origin(origin: str) -> bool:
    """Whether a page was served by this machine, by name or loopback address."""
    host = _host_of(origin)
    if host is None:
        return False
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _host_of(origin: str) -> str | None:
    try:
        return urlsplit(origin).hostname
    except ValueError:  # half a bracket
        return None
