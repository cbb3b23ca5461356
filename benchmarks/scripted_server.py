"""A SalesMind server that costs next to nothing and always says the same: the other side of the benchmarks.

    python benchmarks/scripted_server.py [--deltas-per-second 200 | --silent]    prints {"url": ...}

It answers what the console asks over HTTP, and on the WebSocket speaks without pause: audio at real-time pace
(200 ms in each delta), and transcript deltas at the rate asked for, in items of ten seconds. Or it says nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import math
import socket
import struct
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import uvicorn

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

SESSION = {
    "id": "00000000-0000-4000-8000-000000000001", "user": 1, "mode": "simple", "realtime_mode": False,
    "industry": "製造業", "value_proposition": "ベンチマーク用のセッション", "status": "active",
    "success_probability": 50, "current_spin_stage": "S",
}  # fmt: skip
AUDIO_MS = 200
ITEM_SECONDS = 10
TONE = b"".join(
    struct.pack("<h", int(6000 * math.sin(2 * math.pi * 440 * n / 24_000))) for n in range(24 * AUDIO_MS)
)


class ScriptedServer:
    """The ASGI application."""

    def __init__(self, deltas_per_second: float, *, silent: bool = False) -> None:
        self.deltas_per_second = deltas_per_second
        self.silent = silent
        self.open_sockets = 0

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """One HTTP request or one WebSocket."""
        if scope["type"] == "websocket":
            await self._converse(receive, send)
        elif scope["type"] == "http":
            await _answer(send, self._body(scope["path"]))

    def _body(self, path: str) -> dict[str, Any]:
        session = {**SESSION, "realtime_mode": self.open_sockets > 0}
        match path:
            case "/api/health/":
                return {"status": "ok"}
            case "/api/auth/login/":
                return {"message": "", "token": "0" * 40, "user": {"id": 1, "username": "admin", "email": ""}}
            case "/api/session/list/":
                return {"count": 1, "page": 1, "page_size": 20, "results": [session]}
            case _:
                return {**session, "messages": [], "report": None}

    async def _converse(self, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        self.open_sockets += 1
        speaking: asyncio.Task[None] | None = None
        try:
            await _event(
                send, type="session.created", event_id="e", session={"type": "realtime", "model": "scripted"}
            )
            while (message := await receive())["type"] != "websocket.disconnect":
                if message.get("text") and json.loads(message["text"])["type"] == "session.update":
                    session = {"type": "realtime", "id": "sess_1", "model": "scripted"}
                    await _event(send, type="session.updated", event_id="e", session=session)
                    speaking = None if self.silent else asyncio.create_task(self._speak(send))
        finally:
            self.open_sockets -= 1
            if speaking:
                speaking.cancel()

    async def _speak(self, send: Send) -> None:
        loop = asyncio.get_running_loop()
        audio = base64.b64encode(TONE).decode()
        pause = min(AUDIO_MS / 1000, 1 / self.deltas_per_second if self.deltas_per_second else 1)
        started, sent_audio, sent_deltas, item = loop.time(), 0, 0, 0
        while True:
            now = loop.time() - started
            if now >= item * ITEM_SECONDS:
                item += 1
                await _begin_item(send, item)
            ids = {
                "response_id": f"resp_{item}",
                "item_id": f"item_{item}",
                "output_index": 0,
                "content_index": 0,
            }
            while sent_audio * AUDIO_MS / 1000 <= now:
                await _event(send, type="response.output_audio.delta", event_id="e", delta=audio, **ids)
                sent_audio += 1
            while sent_deltas < now * self.deltas_per_second:
                await _event(
                    send, type="response.output_audio_transcript.delta", event_id="e", delta="はい", **ids
                )
                sent_deltas += 1
            await asyncio.sleep(pause)


async def _begin_item(send: Send, number: int) -> None:
    response = {"id": f"resp_{number}", "object": "realtime.response", "status": "in_progress", "output": []}
    await _event(send, type="response.created", event_id="e", response=response)
    item = {
        "id": f"item_{number}",
        "type": "message",
        "role": "assistant",
        "status": "in_progress",
        "content": [],
    }
    before = f"item_{number - 1}" if number > 1 else None
    await _event(send, type="conversation.item.added", event_id="e", previous_item_id=before, item=item)


async def _event(send: Send, **event: Any) -> None:
    await send({"type": "websocket.send", "text": json.dumps(event)})


async def _answer(send: Send, body: dict[str, Any]) -> None:
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(body).encode()})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deltas-per-second", type=float, default=0)
    parser.add_argument("--silent", action="store_true")
    arguments = parser.parse_args()
    application = ScriptedServer(arguments.deltas_per_second, silent=arguments.silent)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(json.dumps({"url": f"http://127.0.0.1:{listener.getsockname()[1]}"}), flush=True)
        config = uvicorn.Config(
            application,
            log_level="warning",
            lifespan="off",
            ws="websockets-sansio",
            ws_per_message_deflate=False,
        )
        uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
