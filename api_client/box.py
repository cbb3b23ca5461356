"""A demo box's server, as its kiosks and its operator use it: who visits, who waits (docs/server.md, "Demo box")."""

from __future__ import annotations

import re
from datetime import datetime
from types import TracebackType
from typing import Self, TypeVar

import msgspec

from api_client.answers import Endpoint, error_for, read_answer
from api_client.client_events import encode_json
from api_client.errors import ApiError, BoxFull, BoxSecretWrong, BoxUnknown, VisitOver
from api_client.harmless import one_line
from api_client.harmless_json import decode_json
from api_client.http_transport import Answer, HttpTransport
from api_client.server_url import normalise_server_url

Value = TypeVar("Value")

VISITORS = "/api/box/visitors/"
_ID = re.compile(r"[0-9a-f-]{36}")


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """How a visit stands. ``repr`` leaves the token out."""

    id: str
    place: int | None = None
    """In the queue, from 1; null once admitted."""
    visitors: int = 0
    limit: int = 0
    message: str = ""
    """The operator's, to all visitors."""
    username: str = ""
    token: str = ""
    left_seconds: float | None = None
    """Until the longest stay is over; null while waiting."""

    def __repr__(self) -> str:
        return f"Visit(id={self.id!r}, place={self.place!r})"


class Visitor(msgspec.Struct, frozen=True, kw_only=True):
    """One visit, for the operator."""

    id: str
    name: str = ""
    """The account; empty while waiting."""
    arrived_at: datetime | None = None
    admitted_at: datetime | None = None
    left_seconds: float | None = None
    language: str = ""
    microphone: str = ""
    """``mic``, ``tcp`` ...: the kind of source."""
    latency_ms: int | None = None
    talking: bool = False


class BoxOverview(msgspec.Struct, frozen=True, kw_only=True):
    """The whole box."""

    now: int
    waiting: int
    limit: int
    visits: int = 0
    """Since ``counting_since``, like ``refused``."""
    refused: int = 0
    counting_since: datetime | None = None
    message: str = ""
    visitors: tuple[Visitor, ...] = ()


class _Ended(msgspec.Struct):
    code: str = ""
    outcome: str = ""


class BoxClient:
    """The box behind ``server_url``, for whoever knows its ``secret``.

    Every method raises ``ApiError`` and nothing else: ``BoxUnknown`` if the server has no box, ``BoxSecretWrong``, and
    what any request may fail with. ``repr`` leaves the secret out.
    """

    def __init__(
        self,
        server_url: str,
        secret: str,
        *,
        insecure: bool = False,
        timeout_s: float = 3.0,
        language: str = "en",
    ) -> None:
        """Raises ``BadUrl``."""
        self.server_url = normalise_server_url(server_url)
        self._secret = secret
        self._timeout_s = timeout_s
        self._transport = HttpTransport(self.server_url, insecure=insecure, language=language)

    def __repr__(self) -> str:
        return f"<BoxClient {self.server_url}>"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._transport.aclose()

    async def arrive(self, language: str, stay_s: float | None = None) -> Visit:
        """Somebody arrives. Raises ``BoxFull`` if nobody more can wait."""
        asked: dict[str, object] = {"language": language}
        if stay_s is not None:
            asked["stay_seconds"] = stay_s
        return await self._call("POST", VISITORS, Visit, asked)

    async def report(self, visit_id: str, *, language: str, microphone: str, latency_ms: int | None) -> Visit:
        """The kiosk is still there; how the visit stands. Raises ``VisitOver``."""
        news = {"language": language, "microphone": microphone, "latency_ms": latency_ms}
        return await self._call("POST", _path(visit_id), Visit, news)

    async def leave(self, visit_id: str, outcome: str = "left") -> None:
        """End a visit. Raises ``VisitOver`` if it has ended already."""
        await self._request("DELETE", f"{_path(visit_id)}?outcome={outcome}", None)

    async def overview(self) -> BoxOverview:
        """Who visits and who waits."""
        return await self._call("GET", VISITORS, BoxOverview, None)

    async def tell_everyone(self, text: str) -> None:
        """Show ``text`` to all visitors; empty: take the last one back. Raises ``ValidationFailed``, ``NotText``."""
        await self._request("POST", "/api/box/message/", {"text": text})

    async def _call(self, method: str, path: str, shape: type[Value], body: object) -> Value:
        answer = await self._request(method, path, body)
        return read_answer(answer, shape, server_url=self.server_url, path=path, endpoint=Endpoint.PLAIN)

    async def _request(self, method: str, path: str, body: object) -> Answer:
        answer = await self._transport.request(
            method,
            path,
            token=self._secret,
            scheme="Box",
            timeout_s=self._timeout_s,
            json=None if body is None else encode_json(body),
        )
        if answer.status != 204 and not 200 <= answer.status < 300:
            raise _error(answer) or error_for(
                answer, server_url=self.server_url, path=path, endpoint=Endpoint.PLAIN
            )
        return answer


def _path(visit_id: str) -> str:
    if not _ID.fullmatch(visit_id):
        raise VisitOver("There is no such visit.", outcome="lost")
    return f"{VISITORS}{visit_id}/"


def _error(answer: Answer) -> ApiError | None:
    """The error that only a box's answer stands for."""
    try:
        ended = decode_json(answer.body, _Ended)
    except (msgspec.DecodeError, ValueError, RecursionError):
        ended = _Ended()
    match answer.status:
        case 401:
            return BoxSecretWrong(
                "The server does not accept the secret of the box: give both the same file.", status=401
            )
        case 410:
            return VisitOver("The visit is over.", outcome=one_line(ended.outcome) or "lost", status=410)
        case 404 if ended.code == "visit_unknown":
            return VisitOver("There is no such visit.", outcome="lost", status=404)
        case 404:
            return BoxUnknown("The server lets no visitors in: start it with --box-secret-file.", status=404)
        case 429 if ended.code == "box_full":
            return BoxFull("All places are taken, and so is the queue.", status=429)
    return None
