"""The demo's own server, killed and started again as the acceptance procedure does it."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from api_client.errors import ApiError
from api_client.rest import SalesMindClient
from tui.cli import embedded_server
from tui.cli.embedded_server import EmbeddedServer
from tui.cli.server_process import ServerDidNotStart, ServerProcess


async def log_in(url: str) -> str:
    async with SalesMindClient(url) as client:
        return (await client.login("admin", "admin123")).token


async def is_logged_in(url: str, token: str) -> bool:
    async with SalesMindClient(url, token=token) as client:
        return (await client.list_sessions()).count == 0


def test_restarted_server_has_its_address_and_its_data(tmp_path: Path) -> None:
    said: list[str] = []
    with EmbeddedServer(tmp_path, 0, said.append) as server:
        url = server.start()
        token = asyncio.run(log_in(url))
        before = list(said)
        assert server.restart() == url
        assert asyncio.run(is_logged_in(url, token))
        assert said == before  # the screen belongs to the console by now


KILLED = """
import os, signal, sys
from pathlib import Path
from tui.cli.embedded_server import EmbeddedServer
server = EmbeddedServer(Path(sys.argv[1]), 0, str)
print(server.start(), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def until_up(url: str) -> None:
    deadline = time.monotonic() + 30
    while not asyncio.run(is_up(url)):
        assert time.monotonic() < deadline, "the server did not come back"


def test_a_server_that_dies_is_started_again_with_its_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told_fault: Any
) -> None:
    monkeypatch.setattr(embedded_server, "MIN_LIFE_S", 0.0)
    with EmbeddedServer(tmp_path, 0, str) as server:
        url = server.start()
        server.keep_running()
        token = asyncio.run(log_in(url))
        process = server._process
        assert process is not None
        began = time.monotonic()
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        until_up(url)
        told_fault(
            "`kill -9` of the server and engine that `salesmind demo` has started",
            seen="it is started again, with its address and its data",
            noticed_s=None,
            again_s=time.monotonic() - began,
            lost="nothing that was stored",
        )
        assert (
            server.restart() == url
        )  # the acceptance procedure's own restart is none of the watch's business
        assert asyncio.run(is_logged_in(url, token))
    assert not asyncio.run(is_up(url))


def test_a_server_that_dies_at_once_is_left_alone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with EmbeddedServer(tmp_path, 0, str) as server:
        url = server.start()
        server.keep_running()
        assert server._process is not None
        os.killpg(server._process.pid, signal.SIGKILL)
        deadline = time.monotonic() + 10
        while "not started again" not in caplog.text:
            assert time.monotonic() < deadline
        assert not asyncio.run(is_up(url))


def test_a_server_that_cannot_start_says_why() -> None:
    words = "import sys; print('Preparing', file=sys.stderr); print('The port is taken.', file=sys.stderr); sys.exit(2)"
    with ServerProcess([sys.executable, "-c", words]) as server, pytest.raises(ServerDidNotStart) as caught:
        server.start()
    assert caught.value.exit_code == 2
    assert caught.value.words == ["Preparing", "The port is taken."]
    assert str(caught.value) == "The port is taken."


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
