"""Who is let in: paths, the token, the beta header, and handshakes that a fault refuses."""

from __future__ import annotations

import hmac
import http
import ipaddress
import uuid
from collections.abc import Sequence
from urllib.parse import urlsplit

from websockets.asyncio.server import ServerConnection
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from backend.engine.misbehaviour import FaultPlan, refusal
from backend.engine.protocol import ProtocolError

PATH = "/v1/realtime"
CONTROL_PATH = "/control"
BETA_REFUSED = 4000
KEY_REFUSED = 3000
_SUBPROTOCOL = Subprotocol("realtime")
_KEY_SUBPROTOCOL = "openai-insecure-api-key."


class Admission:
    """Decides about each handshake. Numbers those for ``PATH``, for faults that are meant for one of them."""

    def __init__(self, plan: FaultPlan, token: str | None, control: bool) -> None:
        self._plan = plan
        self._token = token
        self._control = control
        self._numbers: dict[uuid.UUID, int] = {}

    def route(self, socket: ServerConnection, request: Request) -> Response | None:
        """None to go on with the handshake, else the response that refuses it."""
        path = path_of(request)
        if path == PATH:
            number, refused = self._plan.admit()
            if refused is None:
                self._numbers[socket.id] = number
                return None
            status, body = refusal(refused)
            response = socket.respond(status, body)
            response.headers["Content-Type"] = "application/json"
            return response
        if path == CONTROL_PATH and self._control:
            return self._control_refusal(socket, request)
        return socket.respond(http.HTTPStatus.NOT_FOUND, f"The engine serves {PATH} only.\n")

    def number_of(self, socket: ServerConnection) -> int:
        """Which connection to ``PATH`` this is, from 1; to be asked once."""
        return self._numbers.pop(socket.id)

    def objection(self, request: Request | None) -> tuple[ProtocolError, int] | None:
        """What is wrong with a client whose handshake has been accepted, and the code to close with.

        OpenAI refuses keys and the beta header with an ``error`` event, so that a browser gets to read why.
        """
        if request is None:
            return None
        if "realtime=v1" in request.headers.get("OpenAI-Beta", ""):
            message = "The Realtime Beta API is no longer supported. Please use /v1/realtime for the GA API."
            return ProtocolError("beta_api_shape_disabled", message), BETA_REFUSED
        if not self._knows_token(request):
            message = (
                "Incorrect API key provided. The engine was started with a token; send it as the API key."
            )
            return ProtocolError("invalid_api_key", message), KEY_REFUSED
        return None

    def _knows_token(self, request: Request) -> bool:
        if self._token is None:
            return True
        given = _key_of(request)
        return hmac.compare_digest(given.encode(), self._token.encode())

    def _control_refusal(self, socket: ServerConnection, request: Request) -> Response | None:
        """Only this machine, and no page in a browser on it, may say what goes wrong."""
        address = ipaddress.ip_address(str(socket.remote_address[0]).partition("%")[0])
        if not address.is_loopback or "Origin" in request.headers:
            return socket.respond(http.HTTPStatus.FORBIDDEN, "Only for programs on this machine.\n")
        if not self._knows_token(request):
            return socket.respond(
                http.HTTPStatus.UNAUTHORIZED, "Send the engine's token as a bearer token.\n"
            )
        return None


def path_of(request: Request) -> str:
    """The path of a request without its query and without a slash at its end."""
    return urlsplit(request.path).path.rstrip("/")


def subprotocol(socket: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    """``realtime`` for clients that ask for it, as browsers do, who have no other way to send a key."""
    return _SUBPROTOCOL if _SUBPROTOCOL in offered else None


def _key_of(request: Request) -> str:
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return key.strip()
    for offered in request.headers.get("Sec-WebSocket-Protocol", "").split(","):
        if offered.strip().startswith(_KEY_SUBPROTOCOL):
            return offered.strip().removeprefix(_KEY_SUBPROTOCOL)
    return ""
