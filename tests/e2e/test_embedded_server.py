"""The demo's own server, killed and started again as the acceptance procedure does it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from pathlib import Path

from api_client.errors import ApiError
from api_client.rest import SalesMindClient
from tui.cli.embedded_server import EmbeddedServer


async def log_in(url: str) -> str:
    async with SalesMindClient(url) as client:
        return (await client.login("admin", "admin123")).token


async def is_logged_in(url: str, token: str) -> bool:
    async with SalesMindClient(url, token=token) as client:
        return (await client.list_sessions()).count == 0


def test_restarted_server_has_its_address_and_its_data(tmp_path: Path) -> None:
    said: list[str] = []
    with EmbeddedServer(tmp_path, 0, said.append) as server:
        url = server.wait_until_ready()
        token = asyncio.run(log_in(url))
        before = list(said)
        assert server.restart() == url
        assert asyncio.run(is_logged_in(url, token))
        assert said == before  # the screen belongs to the console by now


KILLED = """
import os, signal, sys
from pathlib import Path
from tui.cli.embedded_server import EmbeddedServer
print(EmbeddedServer(Path(sys.argv[1]), 0, str).wait_until_ready(), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


async def is_up(url: str) -> bool:
    try:
        async with SalesMindClient(url) as client:
            await client.health()
    except ApiError:
        return False
    return True


def test_server_ends_with_a_console_that_could_not_say_so(tmp_path: Path) -> None:
    console = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path)], capture_output=True, text=True, check=False
    )
    url = console.stdout.strip()
    assert url.startswith("http://")
    deadline = time.monotonic() + 20
    while asyncio.run(is_up(url)):
        assert time.monotonic() < deadline, "the server is still there"
