"""The relay that anybody would write first: Channels' consumer on uvicorn, as both come, between client and upstream.

    python benchmarks/plain_relay.py UPSTREAM [WS]     (started by server.py; prints {"url": ...})

No accounts, no database, no limits and no log; events are forwarded unread. WS is uvicorn's ``--ws``.
"""

from __future__ import annotations

import asyncio
import base64
import json
import socket
import sys
from typing import Any

import uvicorn
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.routing import URLRouter
from django.conf import settings
from django.urls import path
from websockets.asyncio.client import connect


class Relay(AsyncWebsocketConsumer):  # type: ignore[misc]
    """One conversation."""

    async def connect(self) -> None:
        await self.accept()
        self.upstream = await connect(sys.argv[1], compression=None, max_size=None)
        self.downlink = asyncio.create_task(self.forward())

    async def forward(self) -> None:
        async for message in self.upstream:
            await self.send(text_data=message)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if bytes_data is not None:
            audio = base64.b64encode(bytes_data).decode()
            text_data = json.dumps({"type": "input_audio_buffer.append", "audio": audio})
        await self.upstream.send(text_data or "")

    async def disconnect(self, code: int) -> None:
        self.downlink.cancel()
        await self.upstream.close()


def main() -> None:
    settings.configure(DATABASES={})
    application: Any = URLRouter([path("ws/realtime/", Relay.as_asgi())])
    implementation: Any = sys.argv[2] if len(sys.argv) > 2 else "auto"
    with socket.create_server(("127.0.0.1", 0), backlog=2048) as listener:
        print(json.dumps({"url": f"http://127.0.0.1:{listener.getsockname()[1]}"}), flush=True)
        config = uvicorn.Config(application, log_level="warning", ws=implementation)
        uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
