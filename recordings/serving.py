"""A recording as a server: it sends any client what the real one sent, at the same times.

An ASGI application with as much of the SalesMind API as a client needs to get there: health, login (anybody),
one session, and the WebSocket. Each connection gets the messages of the recorded one with the same number (the last
one again when there are no more). Where the recorded client had spoken first (``session.update``, a typed turn, a
request for an answer), the replay waits for this client to do the same, at most ``PATIENCE_S``.

Only programs of this machine are served, no pages of others in its browser.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import secrets
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec

from audio.ports import BYTES_PER_SAMPLE
from relay.recording.reader import RecordingReader
from relay.recording.tracks import TrackReader
from relay.recording.wire import AudioReference, WireMessage
from relay.stream import Step

PATIENCE_S = 5.0
"""How long the replay waits for what the recorded client said at that place."""
DEFAULT_SESSION = "00000000-0000-4000-8000-000000000001"

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class NothingToServe(Exception):
    """The recording has no server messages (format 1 has none)."""


@dataclass(frozen=True, slots=True)
class RecordedConnection:
    """One socket of the recording."""

    messages: tuple[WireMessage, ...]
    close_code: int | None
    """The server's close code; None: the client closed it, or it was never closed."""


class RecordedServer:
    """The ASGI application. Raises ``NothingToServe`` and ``OSError``."""

    def __init__(self, reader: RecordingReader, *, speed: float = 1.0) -> None:
        self._reader = reader
        self._speed = speed
        self._connections = list(_connections(reader))
        if not any(m.direction == "in" for c in self._connections for m in c.messages):
            raise NothingToServe(str(reader.directory))
        manifest = reader.described()
        self._session_id = manifest.session_id or DEFAULT_SESSION
        self._started_at = manifest.started_at
        self._token = secrets.token_hex(20)
        self._open = 0
        self._served = 0

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """One request, one WebSocket, or the server's own start and end."""
        match scope["type"]:
            case "lifespan":
                await _lifespan(receive, send)
            case "http":
                await self._http(scope, receive, send)
            case "websocket":
                await self._websocket(scope, receive, send)

    # --- HTTP ----------------------------------------------------------------------------------

    async def _http(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        while (await receive()).get("more_body"):
            pass
        status, body = 403, {"detail": "Only programs of this machine are served."}
        if _is_from_here(scope):
            status, body = self._answer(scope["method"], scope["path"])
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": msgspec.json.encode(body)})

    def _answer(self, method: str, path: str) -> tuple[int, Any]:
        user = {"id": 1, "username": "replay", "email": ""}
        match method, path:
            case "GET", "/api/health/":
                return 200, {"status": "ok"}
            case "POST", "/api/auth/login/":
                return 200, {"message": "", "token": self._token, "user": user}
            case "GET", "/api/session/list/":
                return 200, {"count": 1, "page": 1, "page_size": 20, "results": [self._session()]}
            case "POST", "/api/session/start/":
                return 201, self._session()
            case "GET", session if session == f"/api/session/{self._session_id}/":
                return 200, {**self._session(), "messages": [], "report": None}
            case _:
                return 404, {"detail": "A replayed recording has no such page."}

    def _session(self) -> dict[str, Any]:
        return {
            "id": self._session_id,
            "user": 1,
            "mode": "simple",
            "status": "active",
            "realtime_mode": self._open > 0,
            "industry": f"Replay: {self._reader.directory.name}",
            "value_proposition": "A recording, served with its timing",
            "started_at": self._started_at or None,
        }

    # --- WebSocket -----------------------------------------------------------------------------

    async def _websocket(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        await receive()
        if scope["path"] != "/ws/realtime/" or not _token_of(scope) or not _is_from_here(scope):
            await send({"type": "websocket.close", "code": 4401})
            return
        await send({"type": "websocket.accept"})
        recorded = self._connections[min(self._served, len(self._connections) - 1)]
        self._served += 1
        self._open += 1
        said = _Said()
        playing = asyncio.create_task(self._play(recorded, said, send), name="replay")
        try:
            while (message := await receive())["type"] != "websocket.disconnect":
                said.take(message)
        finally:
            self._open -= 1
            playing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await playing

    async def _play(self, recorded: RecordedConnection, said: _Said, send: Send) -> None:
        loop = asyncio.get_running_loop()
        track = self._reader.track("received")
        due, before = loop.time(), recorded.messages[0].t if recorded.messages else 0.0
        try:
            for message in recorded.messages:
                due += (message.t - before) / self._speed
                before = message.t
                if message.direction == "out":
                    if (kind := _kind(message)) is not None:
                        await said.wait_for(kind)
                        due = max(due, loop.time())  # the answer comes as long after the question as it did
                    continue
                await asyncio.sleep(max(0.0, due - loop.time()))
                await send({"type": "websocket.send", **_restored(message, track)})
        finally:
            if track is not None:
                track.close()
        if recorded.close_code is not None:
            await send({"type": "websocket.close", "code": recorded.close_code})


class _Said:
    """What the client has said so far, by the kind of its messages, to be waited for once each."""

    def __init__(self) -> None:
        self._unmatched: list[str] = []
        self._news = asyncio.Event()

    def take(self, message: Mapping[str, Any]) -> None:
        text = message.get("text")
        if text is None:
            return
        try:
            event = msgspec.json.decode(text)
        except ValueError:
            return
        if isinstance(event, dict) and isinstance(event.get("type"), str):
            self._unmatched.append(event["type"])
            self._news.set()

    async def wait_for(self, kind: str) -> None:
        """Until such a message has come that nothing was waited for with, or ``PATIENCE_S`` have passed."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                while kind not in self._unmatched:
                    self._news.clear()
                    await self._news.wait()
                self._unmatched.remove(kind)


def _kind(message: WireMessage) -> str | None:
    kind = (message.event or {}).get("type")
    return kind if isinstance(kind, str) and kind != "input_audio_buffer.append" else None


def _restored(message: WireMessage, track: TrackReader | None) -> dict[str, Any]:
    """The original message: text or bytes, with its audio restored."""
    if message.audio is not None:
        return {"bytes": _sound(message.audio, track)}
    if message.event is None:
        return {"text": message.text or ""}
    event = dict(message.event)
    for key, value in message.event.items():
        if isinstance(value, dict) and "$audio" in value:
            with contextlib.suppress(msgspec.ValidationError):
                reference = msgspec.convert(value["$audio"], AudioReference)
                event[key] = base64.b64encode(_sound(reference, track)).decode()
    return {"text": msgspec.json.encode(event).decode()}


def _sound(reference: AudioReference, track: TrackReader | None) -> bytes:
    """The samples, with silence for what a kill lost."""
    pcm = b""
    if track is not None and reference.track == "received":
        track.seek(reference.offset)
        pcm = track.read(reference.samples)
    return pcm.ljust(reference.samples * BYTES_PER_SAMPLE, b"\0")


def _connections(reader: RecordingReader) -> Iterator[RecordedConnection]:
    closed = {
        event.connection: event.close_code
        for event in reader.events()
        if isinstance(event, Step) and event.step == "closed"
    }
    by_number: dict[int, list[WireMessage]] = {}
    for message in reader.wire():
        by_number.setdefault(message.connection, []).append(message)
    for number, messages in sorted(by_number.items()):
        code = closed.get(number)
        # 1000 was our own good-bye, 1005 and 1006 cannot be sent.
        yield RecordedConnection(tuple(messages), code if code not in (None, 1000, 1005, 1006) else None)


def _is_from_here(scope: Mapping[str, Any]) -> bool:
    """Whether the client calls this machine by its own name, and is no page from elsewhere: any login is good here,
    so a page that a browser shows could read what was said."""
    headers: dict[bytes, bytes] = dict(scope.get("headers", []))
    origin = headers.get(b"origin")
    return _is_loopback(b"//" + headers.get(b"host", b"")) and (origin is None or _is_loopback(origin))


def _is_loopback(url: bytes) -> bool:
    try:
        host = urlsplit(url.decode("latin-1")).hostname or ""
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _token_of(scope: Mapping[str, Any]) -> str:
    query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
    headers: dict[bytes, bytes] = dict(scope.get("headers", []))
    named = headers.get(b"authorization", b"").decode("latin-1")
    return (query.get("token") or [""])[0] or named.removeprefix("Token ").strip()


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
