"""The least a client can do in a conversation: websockets, 40 ms frames out, every event decoded.

python benchmarks/bare_client.py URL SECONDS     (started by conversation.py)
"""

from __future__ import annotations

import asyncio
import base64
import json
import sys

from websockets.asyncio.client import ClientConnection, connect

CHUNK_MS = 40


async def send(socket: ClientConnection) -> None:
    loop = asyncio.get_running_loop()
    chunk = bytes(range(256)) * 7 + bytes(128)
    due = loop.time()
    while True:
        due += CHUNK_MS / 1000
        await asyncio.sleep(max(0, due - loop.time()))
        await socket.send(chunk)


async def main(url: str, seconds: float) -> None:
    address = url.replace("http://", "ws://") + "/ws/realtime/?token=" + "0" * 40
    async with connect(address, compression=None, max_size=None) as socket:
        await socket.recv()
        await socket.send(json.dumps({"type": "session.update", "session": {"type": "realtime"}}))
        sender = asyncio.create_task(send(socket))
        received = 0
        try:
            async with asyncio.timeout(seconds):
                async for message in socket:
                    event = json.loads(message)
                    if event["type"] == "response.output_audio.delta":
                        received += len(base64.b64decode(event["delta"]))
        except TimeoutError:
            sender.cancel()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], float(sys.argv[2])))
