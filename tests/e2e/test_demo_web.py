"""``salesmind demo --web``: one command, and a visitor in a browser is welcomed by the kiosk."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys

import httpx
import pyte
from websockets.asyncio.client import connect
from websockets.typing import Origin


async def test_a_visitor_is_welcomed_and_nothing_is_left(environment: dict[str, str]) -> None:
    demo = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tui.cli", "demo", "--web", "--lang", "en",
        env={**os.environ, **environment}, stdin=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert demo.stderr is not None
    said = ""
    async with asyncio.timeout(90):
        while not (found := re.search(r"Open this page in a browser: (http://localhost:\d+)/", said)):
            line = await demo.stderr.readline()
            assert line, said
            said += line.decode()
    origin = found[1]
    async with httpx.AsyncClient(base_url=origin, headers={"Origin": origin}, trust_env=False) as http:
        key = (await http.post("/visits", json={"language": "ja", "microphone": False})).json()["key"]
    screen = pyte.Screen(100, 30)
    stream = pyte.ByteStream(screen)
    url = f"{origin.replace('http', 'ws')}/visits/{key}/terminal?width=100&height=30"
    async with asyncio.timeout(60), connect(url, origin=Origin(origin), proxy=None) as browser:
        while "体験" not in "".join(screen.display).replace(" ", ""):
            drawn = await browser.recv()
            assert isinstance(drawn, bytes)
            stream.feed(drawn)
        demo.send_signal(signal.SIGINT)
        await browser.wait_closed()
    rest = await demo.stderr.read()
    assert await demo.wait() == 0, said + rest.decode()
    assert b"Traceback" not in rest
    assert key not in said + rest.decode()
