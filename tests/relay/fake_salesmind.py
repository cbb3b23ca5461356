"""A SalesMind server that behaves as a test tells it to."""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

TOKEN = "5f3a" * 10


SESSION_ID = "0b6f2f60-5a0e-4c53-9d3c-7f0c1a2b3c4d"


WITHIN_S = 10.0


class Socket:
    """One WebSocket as the server sees it: everything that came, and a way to say anything."""

    def __init__(self, ws: ServerConnection) -> None:
        self.ws = ws
        self.texts: list[dict[str, Any]] = []
        self.audio = bytearray()
        self.order: list[str] = []
        self.closed = asyncio.Event()
        self._news = asyncio.Condition()
        self._ids = 0

    async def send(self, kind: str, **fields: Any) -> None:
        self._ids += 1
        await self.ws.send(json.dumps({"type": kind, "event_id": f"event_{self._ids}", **fields}))

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [text for text in self.texts if text["type"] == kind]

    async def until(self, ready: Callable[[], bool]) -> None:
        async with asyncio.timeout(WITHIN_S), self._news:
            await self._news.wait_for(ready)

    async def until_text(self, kind: str, count: int = 1) -> dict[str, Any]:
        await self.until(lambda: len(self.of(kind)) >= count)
        return self.of(kind)[count - 1]

    async def note(self, message: str | bytes) -> dict[str, Any] | None:
        async with self._news:
            if isinstance(message, bytes):
                self.audio += message
                self.order.append("audio")
                text = None
            else:
                text = json.loads(message)
                self.texts.append(text)
                self.order.append(text["type"])
            self._news.notify_all()
        return text


class FakeSalesMind:
    """Behaves unless told otherwise by its attributes."""

    def __init__(self) -> None:
        self.sockets: list[Socket] = []
        self.session: dict[str, Any] = {
            "id": SESSION_ID,
            "industry": "物流",
            "value_proposition": "配車計画を自動化するクラウドサービス",
            "customer_persona": None,
            "customer_pain": None,
        }
        self.dialect = "ga"
        self.stub = True
        self.upstream_created = True
        self.refuse_status: int | None = None
        self.retry_after: str | None = None
        self.token = TOKEN
        self.ignore: set[str] = set()
        self.update_errors = 0
        self.interrupt_response = True
        self.mode_stuck = False
        self.mode_withheld = False
        """Our own server says true when the conversation can begin, not when the socket opens."""
        self.chains = False
        """Names the predecessor of each item that the client creates, as the Realtime API does."""
        self._newest: dict[Socket, str] = {}
        self.requests = 0
        self._server: Server | None = None
        self._scheme = "http"
        self._connected = asyncio.Condition()

    async def start(self, port: int = 0, *, tls: ssl.SSLContext | None = None) -> None:
        self._scheme = "http" if tls is None else "https"
        self._server = await serve(
            self._serve, "127.0.0.1", port, process_request=self._request, ping_interval=None, ssl=tls
        )

    @property
    def port(self) -> int:
        assert self._server is not None
        return int(next(iter(self._server.sockets)).getsockname()[1])

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self.port}"

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def socket(self, number: int = 1) -> Socket:
        async with asyncio.timeout(WITHIN_S), self._connected:
            await self._connected.wait_for(lambda: len(self.sockets) >= number)
        return self.sockets[number - 1]

    @property
    def realtime_mode(self) -> bool:
        connected = any(not socket.closed.is_set() for socket in self.sockets)
        return self.mode_stuck or (connected and not self.mode_withheld)

    def _request(self, connection: ServerConnection, request: Request) -> Response | None:
        target = urlsplit(request.path)
        if target.path == "/ws/realtime/":
            allowed = parse_qs(target.query).get("token") == [self.token]
            status = self.refuse_status or (None if allowed else 403)
            if status is None:
                return None
            refusal = connection.respond(HTTPStatus(status), "")
            if self.retry_after is not None:
                refusal.headers["Retry-After"] = self.retry_after
            return refusal
        self.requests += 1
        if request.headers.get("Authorization") != f"Token {self.token}":
            return json_response(401, {"detail": "Invalid token."})
        if target.path != f"/api/session/{SESSION_ID}/":
            return json_response(404, {"detail": "Not found."})
        return json_response(200, {**self.session, "realtime_mode": self.realtime_mode, "messages": []})

    async def _serve(self, ws: ServerConnection) -> None:
        socket = Socket(ws)
        self.sockets.append(socket)
        async with self._connected:
            self._connected.notify_all()
        try:
            await self._greet(socket)
            async for message in ws:
                text = await socket.note(message)
                if isinstance(message, bytes):
                    await self._listen(socket, message)
                elif text is not None and text["type"] not in self.ignore:
                    await self._answer(socket, text)
        except ConnectionClosed:
            pass
        finally:
            socket.closed.set()

    async def _greet(self, socket: Socket) -> None:
        if self.stub:
            await socket.ws.send(
                json.dumps({"type": "session.created", "session": {"id": SESSION_ID, "user": "admin"}})
            )
        if self.upstream_created:
            await socket.send("session.created", session=self._session())

    def _session(self) -> dict[str, Any]:
        detection = {
            "type": "server_vad",
            "silence_duration_ms": 400,
            "interrupt_response": self.interrupt_response,
        }
        if self.dialect == "beta":
            return {"id": "sess_1", "model": "gpt-realtime", "modalities": ["audio", "text"]}
        audio = {"input": {"turn_detection": detection}}
        return {"id": "sess_1", "type": "realtime", "model": "gpt-realtime", "audio": audio}

    async def _listen(self, socket: Socket, pcm: bytes) -> None:
        """Takes no notice of what is said; a test says what was heard with ``hear``."""

    async def _answer(self, socket: Socket, text: dict[str, Any]) -> None:
        match text["type"]:
            case "session.update" if self.update_errors:
                self.update_errors -= 1
                await socket.send("error", error=_error("invalid_value", "no", text.get("event_id")))
            case "session.update":
                await socket.send("session.updated", session=self._session())
            case "conversation.item.create":
                item = {"id": f"item_made_{len(socket.texts)}", **text["item"]}
                previous = self.newest(socket) if self.chains else None
                self._newest[socket] = item["id"]
                await socket.send(self.item_event, item=item, previous_item_id=previous)
            case "conversation.item.retrieve":
                error = _error("item_retrieve_invalid_item_id", "no such item", text.get("event_id"))
                await socket.send("error", error=error)
            case "response.create":
                await self.respond(socket, "resp_typed", "item_typed", "はい、承知しました。")
            case _:
                pass

    def newest(self, socket: Socket) -> str | None:
        """The item that the client created last."""
        return self._newest.get(socket)

    @property
    def item_event(self) -> str:
        return "conversation.item.added" if self.dialect == "ga" else "conversation.item.created"

    async def hear(self, socket: Socket, item_id: str, text: str, *, end_ms: int = 1_000) -> None:
        """What the server says of one spoken turn, without an answer."""
        await socket.send("input_audio_buffer.speech_started", audio_start_ms=100, item_id=item_id)
        await socket.send("input_audio_buffer.speech_stopped", audio_end_ms=end_ms, item_id=item_id)
        await socket.send("input_audio_buffer.committed", item_id=item_id, previous_item_id=None)
        item = {"id": item_id, "type": "message", "role": "user", "content": [{"type": "input_audio"}]}
        await socket.send(self.item_event, item=item, previous_item_id=None)
        kind = "conversation.item.input_audio_transcription.completed"
        await socket.send(kind, item_id=item_id, content_index=0, transcript=text)

    async def begin_answer(
        self, socket: Socket, response: str, item_id: str, *, after: str | None = None, ms: int = 0
    ) -> None:
        """A response begins, with ``ms`` of audio (a quiet square wave)."""
        await socket.send("response.created", response={"id": response, "status": "in_progress"})
        item = {"id": item_id, "type": "message", "role": "assistant", "content": []}
        await socket.send(self.item_event, item=item, previous_item_id=after)
        if ms:
            await self.audio(socket, response, item_id, ms)

    async def audio(self, socket: Socket, response: str, item_id: str, ms: int) -> None:
        name = "response.output_audio.delta" if self.dialect == "ga" else "response.audio.delta"
        delta = base64.b64encode(b"\x00\x10" * (24 * ms)).decode()
        await socket.send(name, response_id=response, item_id=item_id, output_index=0, delta=delta)

    async def end_answer(
        self, socket: Socket, response: str, item_id: str, text: str, *, status: str = "completed"
    ) -> None:
        stem = "response.output_audio" if self.dialect == "ga" else "response.audio"
        ids = {"response_id": response, "item_id": item_id}
        await socket.send(f"{stem}_transcript.delta", delta=text[:2], **ids)
        await socket.send(f"{stem}.done", **ids)
        await socket.send(f"{stem}_transcript.done", transcript=text, **ids)
        await socket.send("response.done", response={"id": response, "status": status, "output": []})

    async def respond(
        self,
        socket: Socket,
        response: str,
        item_id: str,
        text: str,
        *,
        ms: int = 60,
        after: str | None = None,
    ) -> None:
        await self.begin_answer(socket, response, item_id, after=after, ms=ms)
        await self.end_answer(socket, response, item_id, text)


def json_response(status: int, body: dict[str, Any]) -> Response:
    headers = Headers({"Content-Type": "application/json", "Connection": "close"})
    data = json.dumps(body).encode()
    headers["Content-Length"] = str(len(data))
    return Response(status, HTTPStatus(status).phrase, headers, data)


def _error(code: str, message: str, event_id: str | None) -> dict[str, Any]:
    return {"type": "invalid_request_error", "code": code, "message": message, "event_id": event_id}
