"""A SalesMind server that behaves unless it is given a defect.

Loaded by ``conftest.py``; what each defect is called stands in ``docs/acceptance.md``.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import socket
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import uvicorn
from uvicorn.protocols.utils import ClientDisconnected

from acceptance.request import Credentials

TESTER = Credentials("tester", "5f3a" * 10)
SECOND = Credentials("second", "b1c2" * 10)
_USERS = {account.token: account.username for account in (TESTER, SECOND)}
LOUD = b"\x00\x10\x00\xf0"
Scope = dict[str, Any]
Message = dict[str, Any]


@dataclass
class Line:
    """One WebSocket as the fake server sees it."""

    session_id: str
    receive: Callable[[], Awaitable[Message]]
    tell: Callable[[Message], Awaitable[None]]
    user: str = ""
    since: float = field(default_factory=time.monotonic)
    warned: bool = False
    audio_bytes: int = 0
    speaking_since: int | None = None
    quiet_bytes: int = 0
    turns: int = 0
    ids: int = 0
    answering: set[asyncio.Task[None]] = field(default_factory=set)

    async def refuse(self, close_code: int, code: str, message: str) -> None:
        """An error that says why, and the close."""
        await self.send("error", error={"type": "invalid_request_error", "code": code, "message": message})
        await self.tell({"type": "websocket.close", "code": close_code, "reason": code})

    async def send(self, kind: str, **fields: Any) -> None:
        self.ids += 1
        text = json.dumps({"type": kind, "event_id": f"event_{self.ids}", **fields})
        await self.tell({"type": "websocket.send", "text": text})


class FakeSalesMind:
    """An ASGI application with one defect, or none."""

    def __init__(self, *defects: str) -> None:
        self.defects = frozenset(defects)
        self.sessions: dict[str, str] = {}
        """Owner by session id."""
        self.open: dict[str, list[Line]] = {}
        self.flags: dict[str, bool] = {}
        self.stuck: set[str] = set()
        self.broken: set[str] = set()
        """Sessions of which a connection ended without a close frame."""
        self.connected_once: set[str] = set()
        self.sockets = 0
        """WebSockets that were accepted."""
        self.finished: list[str] = []
        self.messages: dict[str, list[dict[str, Any]]] = {}
        self.revoked: set[str] = set()
        self.wrong_logins = 0
        self._fewer = asyncio.Condition()

    async def restart(self, *, forgets: bool) -> None:
        """In place of a kill: every connection is over. ``forgets``: no flag survives, else all do."""
        for lines in self.open.values():
            for line in lines:
                await line.tell({"type": "websocket.close", "code": 1012})
        async with asyncio.timeout(5), self._fewer:
            await self._fewer.wait_for(lambda: not any(self.open.values()))
        self.stuck = set() if forgets else set(self.sessions)

    async def revoke(self, username: str) -> None:
        """In place of an administrator who deactivates the account."""
        self.revoked.add(username)
        if "revoked_left_open" not in self.defects:
            for line in [line for lines in self.open.values() for line in lines if line.user == username]:
                await line.tell({"type": "websocket.close", "code": 4401, "reason": "token_revoked"})

    async def cut_upstream(self) -> None:
        """In place of a speech service that ends its connections."""
        if "upstream_lost_silently" not in self.defects:
            for line in [line for lines in self.open.values() for line in lines]:
                await line.refuse(4002, "connection_error", "upstream closed")

    def mode(self, session_id: str) -> bool:
        """``realtime_mode`` as this server reports it."""
        if "mode_never_true" in self.defects:
            return False
        if "mode_true_before" in self.defects and session_id not in self.connected_once:
            return True
        if session_id in self.stuck:
            return True
        if "plain_flag" in self.defects:
            return self.flags.get(session_id, False)
        return bool(self.open.get(session_id))

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)

    # --- REST ----------------------------------------------------------------------------------

    async def _http(self, scope: Scope, receive: Any, send: Any) -> None:
        headers = dict(scope["headers"])
        user = _USERS.get(headers.get(b"authorization", b"").decode().removeprefix("Token "))
        message = await receive()
        body = json.loads(message.get("body") or b"{}")
        query = scope["query_string"].decode()
        status, answer = self._answer(scope["method"], scope["path"], query, user, body)
        page = answer is None
        data = b"<h1>Server Error (500)</h1>" if page else json.dumps(answer).encode()
        start = {"type": "http.response.start", "status": status}
        kind = b"text/html" if page else b"application/json"
        await send({**start, "headers": [(b"content-type", kind)]})
        await send({"type": "http.response.body", "body": data})

    def _answer(
        self, method: str, path: str, query: str, user: str | None, body: Any
    ) -> tuple[int, dict[str, Any] | None]:
        if path == "/api/auth/login/":
            self.wrong_logins += 1
            limited = self.wrong_logins > 10 and "logins_unlimited" not in self.defects
            return (429, {"detail": "Too many."}) if limited else (401, {"error": "x", "message": "wrong"})
        if user is None or user in self.revoked:
            return 401, {"detail": "Invalid token."}
        if (method, path) == ("POST", "/api/session/start/"):
            session_id = str(uuid.uuid4())
            self.sessions[session_id] = user
            return 201, self._session(session_id)
        if (method, path) == ("POST", "/api/session/finish/"):
            self.finished.append(body["session_id"])
            return 200, {"session_id": body["session_id"], "report_id": len(self.finished)}
        if (path, query) == ("/api/session/list/", "page=0"):
            return (500, None) if "html_errors" in self.defects else (400, {"page": ["Wrong."]})
        session_id = path.removeprefix("/api/session/").strip("/")
        owner = self.sessions.get(session_id)
        if owner is None or (owner != user and "foreign_readable" not in self.defects):
            return 404, {"detail": "Not found."}
        return 200, self._session(session_id)

    def _session(self, session_id: str) -> dict[str, Any]:
        return {
            "id": session_id,
            "industry": "物流",
            "realtime_mode": self.mode(session_id),
            "messages": self.messages.get(session_id, []),
        }

    def _store(self, line: Line, role: str, text: str) -> None:
        if role == "customer" and "customer_not_stored" in self.defects:
            return
        foreign = line.user != self.sessions.get(line.session_id)
        if foreign and "foreign_writes" not in self.defects:
            return
        kept = self.messages.setdefault(line.session_id, [])
        n = len(kept) + 1
        kept.append({"id": n, "sequence": n, "role": role, "message": text})

    # --- WebSocket -----------------------------------------------------------------------------

    async def _websocket(self, scope: Scope, receive: Any, send: Any) -> None:
        query = parse_qs(scope["query_string"].decode())
        session_id = query.get("session_id", ["new"])[0]
        refusal = self._refusal(query.get("token", [None])[0], session_id)
        await receive()
        if refusal == (4401, "token_invalid") and "bare_403" in self.defects:
            await send({"type": "websocket.close"})
            return
        if "handshake_refused" in self.defects or (
            "refuses_reconnect" in self.defects and session_id in self.broken
        ):
            await send({"type": "websocket.close"})
            return
        await send({"type": "websocket.accept"})
        line = Line(session_id, receive, send, user=_USERS.get(query.get("token", [""])[0], ""))
        if refusal is not None:
            await line.refuse(*refusal, "no")
            return
        await self._hold(line)

    def _refusal(self, token: str | None, session_id: str) -> tuple[int, str] | None:
        user = _USERS.get(token or "")
        if token is None and "missing_token_accepted" in self.defects:
            return None
        if token is not None and user is None and "wrong_token_accepted" in self.defects:
            return None
        if user is None or (user in self.revoked and "revoked_accepted" not in self.defects):
            return 4401, "token_invalid"
        if not _is_uuid(session_id):
            return None if "malformed_accepted" in self.defects else (4400, "session_id_malformed")
        if session_id in self.finished and "finished_accepted" not in self.defects:
            return 4409, "session_finished"
        owner = self.sessions.get(session_id)
        if owner is None:
            return None if "unknown_accepted" in self.defects else (4404, "session_not_found")
        if owner != user and not self.defects & {"foreign_accepted", "foreign_writes"}:
            return 4404, "session_not_found"
        return None

    async def _hold(self, line: Line) -> None:
        session_id = line.session_id
        self.sockets += 1
        self.open.setdefault(session_id, []).append(line)
        self.flags[session_id] = True
        self.connected_once.add(session_id)
        clean = False
        try:
            await self._greet(line)
            clean = await self._serve(line)
        except (OSError, ClientDisconnected):
            pass
        finally:
            for task in line.answering:
                task.cancel()
            self.open[session_id].remove(line)
            self.flags[session_id] = False
            if not clean:
                self.broken.add(session_id)
            async with self._fewer:
                self._fewer.notify_all()
            if "mode_not_reset" in self.defects or ("killed_stays" in self.defects and not clean):
                self.stuck.add(session_id)

    async def _greet(self, line: Line) -> None:
        if "no_created" in self.defects:
            return
        if "updated_unasked" in self.defects:
            await line.send("session.updated", session=_UPSTREAM)
        stub = {"type": "session.created", "session": {"id": line.session_id, "user": "tester"}}
        await line.tell({"type": "websocket.send", "text": json.dumps(stub)})
        await line.send("session.created", session=_UPSTREAM)

    async def _serve(self, line: Line) -> bool:
        """Until the client has gone; whether it said goodbye."""
        impatient = 0.5 if "impatient" in self.defects else None
        while True:
            try:
                async with asyncio.timeout(impatient):
                    message = await line.receive()
            except TimeoutError:
                await line.tell({"type": "websocket.close", "code": 1011, "reason": "too slow"})
                return True
            if message["type"] == "websocket.disconnect":
                return message.get("code") in (1000, 1001, 1009)
            if message.get("text") is not None:
                if await self._text(line, json.loads(message["text"])):
                    return True
            else:
                await self._audio(line, message["bytes"])

    async def _text(self, line: Line, text: dict[str, Any]) -> bool:
        """Answer one event; True when that was the last thing this server does."""
        match text["type"]:
            case "session.update" if "no_updated" not in self.defects:
                await line.send("session.updated", session=_UPSTREAM)
                if "close_after_updated" in self.defects:
                    await line.tell({"type": "websocket.close", "code": 1011, "reason": ""})
                    return True
            case "conversation.item.truncate" if "error_swallowed" not in self.defects:
                error = {"type": "invalid_request_error", "code": "item_truncate_invalid_item_id"}
                event_id = text.get("event_id")
                await line.send("error", error={**error, "message": "no such item", "event_id": event_id})
                if "closes_on_error" in self.defects:
                    await line.tell({"type": "websocket.close", "code": 1011, "reason": ""})
                    return True
            case "conversation.item.create":
                item = {"id": f"item_made_{line.ids}", **text["item"]}
                await line.send("conversation.item.added", item=item, previous_item_id=None)
            case "response.create":
                self._respond(line)
        return False

    async def _too_much(self, line: Line, pcm: bytes) -> bool:
        """Whether this message is refused: too long, or too far ahead of the time."""
        if len(pcm) > 1024 * 1024:
            if "oversized_dropped" in self.defects:
                await line.tell({"type": "websocket.close", "code": 1000})
            else:
                await line.refuse(1009, "message_too_big", "At most 1 MiB.")
            return True
        ahead_s = line.audio_bytes / 48_000 - (time.monotonic() - line.since)
        if ahead_s < 10 or "any_rate" in self.defects:
            return False
        if not line.warned:
            line.warned = True
            await line.send("error", error={"code": "audio_ahead_of_real_time", "message": "Too fast."})
        return True

    async def _audio(self, line: Line, pcm: bytes) -> None:
        if await self._too_much(line, pcm):
            return
        if "loses_audio" in self.defects:
            pcm = pcm[: len(pcm) // 2]
        before = line.audio_bytes
        line.audio_bytes += len(pcm)
        if any(pcm):
            line.quiet_bytes = 0
            if line.speaking_since is None:
                line.speaking_since = before
                await line.send(
                    "input_audio_buffer.speech_started",
                    audio_start_ms=before // 48,
                    item_id=f"user_{line.turns}",
                )
            return
        line.quiet_bytes += len(pcm)
        if line.speaking_since is not None and line.quiet_bytes >= 48 * 200:
            line.speaking_since = None
            await self._turn(line)

    async def _turn(self, line: Line) -> None:
        item_id = f"user_{line.turns}"
        line.turns += 1
        await line.send(
            "input_audio_buffer.speech_stopped", audio_end_ms=line.audio_bytes // 48, item_id=item_id
        )
        await line.send("input_audio_buffer.committed", item_id=item_id, previous_item_id=None)
        if "no_user_transcript" not in self.defects:
            kind = "conversation.item.input_audio_transcription.completed"
            await line.send(kind, item_id=item_id, content_index=0, transcript="お困りのことはありませんか。")
            self._store(line, "salesperson", "お困りのことはありませんか。")
        if "no_answer" not in self.defects:
            self._respond(line)

    def _respond(self, line: Line) -> None:
        task = asyncio.create_task(self._response(line))
        line.answering.add(task)
        task.add_done_callback(line.answering.discard)

    async def _response(self, line: Line) -> None:
        line.ids += 1
        response, item_id = f"resp_{line.ids}", f"item_{line.ids}"
        ids = {"response_id": response, "item_id": item_id}
        if "late_answer" in self.defects:
            await asyncio.sleep(0.9)
        await line.send("response.created", response={"id": response, "status": "in_progress"})
        item = {"id": item_id, "type": "message", "role": "assistant", "content": []}
        await line.send("conversation.item.added", item=item, previous_item_id=None)
        if "no_answer_audio" not in self.defects:
            pcm = (bytes(4) if "silent_answer" in self.defects else LOUD) * (12 * 200)
            delta = base64.b64encode(pcm).decode()
            await line.send("response.output_audio.delta", delta=delta, output_index=0, **ids)
            await line.send("response.output_audio.done", **ids)
        if "no_customer_transcript" not in self.defects:
            await line.send(
                "response.output_audio_transcript.done", transcript="在庫が合わないのです。", **ids
            )
            self._store(line, "customer", "在庫が合わないのです。")
        await line.send("response.done", response={"id": response, "status": "completed", "output": []})


def _is_uuid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True


_UPSTREAM = {
    "id": "sess_1",
    "type": "realtime",
    "model": "gpt-realtime",
    "audio": {"input": {"turn_detection": {"type": "server_vad", "silence_duration_ms": 200}}},
}


@contextlib.asynccontextmanager
async def serving(app: FakeSalesMind, **options: Any) -> AsyncIterator[str]:
    """Serve ``app`` on a free port; gives the base URL."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        app, ws="websockets-sansio", http="h11", lifespan="off", log_config=None, timeout_graceful_shutdown=1,
        ws_per_message_deflate=False, ws_ping_timeout=1.0,
        ws_ping_interval=None if "vanished_stays" in app.defects else 1.0, **options,
    )  # fmt: skip
    server = uvicorn.Server(config)
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]  # pytest's
    task = asyncio.create_task(server.serve([listener]))
    scheme = "https" if "ssl_certfile" in options else "http"
    try:
        yield f"{scheme}://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task
        listener.close()
